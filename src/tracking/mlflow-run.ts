// What server and folder of MLflow share: the experiment, the tags, and which run a resumed training goes on with.
import { basename, join, resolve } from "node:path";
import { readRegularFile, writeFileAtomic } from "../formats/files.js";
import type { TrackedRun } from "./contract.js";

/** The experiment of the original. */
export const EXPERIMENT = "PtychoPINN";

export interface MlflowRun {
  /** Address or folder of the store. */
  readonly store: string;
  readonly experimentId: string;
  readonly runId: string;
}

export function runNameOf({ outputDir }: TrackedRun): string {
  return basename(resolve(outputDir));
}

export function tagsOf(run: TrackedRun): Record<string, string> {
  return {
    "mlflow.runName": runNameOf(run),
    "mlflow.source.name": "ptychopinn",
    "mlflow.source.type": "LOCAL",
  };
}

const noteOf = (outputDir: string): string => join(outputDir, "mlflow-run.json");

/** Notes in the output folder which run this is. */
export function noteRun(outputDir: string, run: MlflowRun): void {
  writeFileAtomic(noteOf(outputDir), Buffer.from(`${JSON.stringify(run, null, 2)}\n`));
}

/** The run that a resumed training goes on with; undefined for a new training, another store, or where none is noted. */
export function notedRun({ outputDir, resumedEpochs }: TrackedRun, store: string): MlflowRun | undefined {
  if (resumedEpochs === 0) return undefined;
  try {
    const noted = JSON.parse(readRegularFile(noteOf(outputDir), { maxBytes: 65_536 }).toString("utf8"));
    const { experimentId, runId } = noted as Partial<MlflowRun>;
    if (noted.store !== store || !isId(experimentId) || !isId(runId)) return undefined;
    return { store, experimentId, runId };
  } catch {
    return undefined; // a new run is begun, with all epochs
  }
}

/** Ids become parts of paths and addresses. */
export function isId(value: unknown): value is string {
  return typeof value === "string" && /^[A-Za-z0-9_-]{1,64}$/.test(value);
}
