// Events of long work. A workflow is an async generator of these; terminal, server and page draw the same ones.

export type ProgressEvent =
  | { readonly kind: "message"; readonly text: string }
  | { readonly kind: "warning"; readonly text: string }
  | {
      readonly kind: "step";
      /** Epoch in progress, from 0. */
      readonly epoch: number;
      readonly epochs: number;
      /** Batch just finished within the epoch, from 1. */
      readonly batch: number;
      readonly batches: number;
      readonly loss: number;
      readonly patternsPerSecond: number;
      readonly secondsLeft: number;
    }
  | {
      readonly kind: "epoch";
      readonly epoch: number;
      readonly epochs: number;
      readonly trainLoss: number;
      readonly validationLoss: number | undefined;
      readonly learningRate: number;
      readonly elapsedMs: number;
    }
  | {
      readonly kind: "reconstructed";
      /** Which run of several, as "half 1"; empty for the main one. */
      readonly label: string;
      /** Epoch just done, from 0. */
      readonly epoch: number;
      readonly epochs: number;
      /** R = sqrt(sum (sqrt(model) - A)^2 / sum A^2). */
      readonly residual: number;
      readonly elapsedMs: number;
    }
  | {
      readonly kind: "predicted";
      readonly done: number;
      readonly total: number;
      readonly patternsPerSecond: number;
    }
  | { readonly kind: "wrote"; readonly path: string; readonly what: string };
