// The losses of a run as a CSV table, one row per epoch.

export interface EpochMetrics {
  readonly epoch: number;
  readonly trainLoss: number;
  readonly validationLoss: number | undefined;
  readonly learningRate: number;
}

/** `metrics.csv`: a header, then epoch (from 0), train_loss, val_loss (empty without validation data), learning_rate. */
export function metricsTable(rows: readonly EpochMetrics[]): string {
  const lines = rows.map(({ epoch, trainLoss, validationLoss, learningRate }) =>
    [epoch, trainLoss, validationLoss ?? "", learningRate].join(","),
  );
  return `${["epoch,train_loss,val_loss,learning_rate", ...lines].join("\n")}\n`;
}
