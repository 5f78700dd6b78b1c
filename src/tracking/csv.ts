// The losses of a run as a table, metrics.csv, written anew after every epoch.
import { join } from "node:path";
import { writeFileAtomic } from "../formats/files.js";
import type { EpochMetrics, OpenTracker } from "./contract.js";

export const openCsv: OpenTracker = ({ outputDir }) => {
  const file = join(outputDir, "metrics.csv");
  return {
    file,
    record: (rows) => writeFileAtomic(file, Buffer.from(metricsTable(rows))),
    close: async () => {},
  };
};

/** A header, then epoch (from 0), train_loss, val_loss (empty without validation data), learning_rate. */
function metricsTable(rows: readonly EpochMetrics[]): string {
  const lines = rows.map(({ epoch, trainLoss, validationLoss, learningRate }) =>
    [epoch, trainLoss, validationLoss ?? "", learningRate].join(","),
  );
  return `${["epoch,train_loss,val_loss,learning_rate", ...lines].join("\n")}\n`;
}
