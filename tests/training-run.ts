// A small training run in this process, stopped where a test wants it.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { loadBundle } from "../src/bundle/load-bundle.js";
import { resolveConfig } from "../src/config/resolve.js";
import type { ProgressEvent } from "../src/core/progress.js";
import { writeNpy } from "../src/formats/npy.js";
import type { TrainResult } from "../src/workflows/contract.js";
import { trainWorkflow } from "../src/workflows/train.js";

export type Values = Readonly<Record<string, string | number | boolean | null>>;

/** Stops the run after this step of an epoch, both from 0. */
export interface StopAt {
  readonly epoch: number;
  readonly batch: number;
}

/** Trains with these fields (and the preset named by `preset`); `events` takes what the run tells. */
export async function trainHere(
  { preset, ...values }: Values,
  { stop, events = [] }: { readonly stop?: StopAt; readonly events?: ProgressEvent[] } = {},
): Promise<TrainResult> {
  const layers = [{ source: "test", values }];
  const config = resolveConfig("train", {
    layers,
    ...(preset === undefined ? {} : { preset: String(preset) }),
  });
  const controller = new AbortController();
  const work = trainWorkflow({ config, signal: controller.signal });
  for (;;) {
    const next = await work.next();
    if (next.done) return next.value;
    const event = next.value;
    events.push(event);
    if (event.kind === "step" && event.epoch === stop?.epoch && event.batch === stop.batch + 1)
      controller.abort();
  }
}

/** What two equal runs share to the bit: weights, table of losses, history. */
export function outcomeOf({ archivePath, outputDir, history, ended }: TrainResult) {
  const weights = [...loadBundle(archivePath).weights].map(
    ([name, array]) => [name, writeNpy(array).toString("base64")] as const,
  );
  const metrics = readFileSync(join(outputDir, "metrics.csv"), "utf8");
  return { weights: new Map(weights), metrics, history, ended };
}
