// The losses of a run as an event file that TensorBoard reads while it grows: `tensorboard --logdir OUTPUT_DIR`.
import { appendFileSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { readRegularFile, writeFileAtomic } from "../formats/files.js";
import { type OpenTracker, scalarsOf } from "./contract.js";
import { scalarRecord, usablePart, versionRecord } from "./event-file.js";

/** TensorBoard knows an event file by "tfevents" in its name. */
const EVENT_FILE = "events.out.tfevents.ptychopinn";

/** One file per output folder: a new run begins it anew, a resumed one goes on after the epochs that count. */
export const openTensorboard: OpenTracker = ({ outputDir, resumedEpochs }) => {
  const folder = join(outputDir, "tensorboard");
  const file = join(folder, EVENT_FILE);
  const now = () => Date.now() / 1000;
  let logged: number | undefined;

  /** The file holds a header and the epochs before the first that is to be written; returns the number of that one. */
  const begin = (): number => {
    mkdirSync(folder, { recursive: true });
    const earlier = resumedEpochs > 0 && existsSync(file) ? readRegularFile(file) : Buffer.alloc(0);
    const { bytes, steps } = usablePart(earlier, resumedEpochs);
    writeFileAtomic(file, bytes === 0 ? versionRecord(now()) : earlier.subarray(0, bytes));
    return steps;
  };
  return {
    file,
    record: (rows) => {
      logged ??= begin();
      const fresh = rows.slice(logged);
      if (fresh.length === 0) return;
      const wallTimeS = now();
      const records = fresh.map((row) =>
        scalarRecord({ wallTimeS, step: row.epoch, scalars: scalarsOf(row) }),
      );
      appendFileSync(file, Buffer.concat(records));
      logged = rows.length;
    },
    close: async () => {},
  };
};
