// The checkpoints of a run in one folder: the last one, and the best by a metric. Never fewer good ones than before.
import { mkdirSync, readdirSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { check, isPtychoError, PtychoError } from "../core/errors.js";
import { reapPartials, type WriteFs } from "../formats/files.js";
import { type Checkpoint, loadCheckpoint, saveCheckpoint } from "./checkpoint.js";

export const LAST_NAME = "last.ckpt.zip";

export interface CheckpointPolicy {
  /** Name of the metric that ranks checkpoints. */
  readonly metric: string;
  readonly mode: "min" | "max";
  /** How many of the best are kept: -1 all, 0 none (only the last). */
  readonly topK: number;
}

/**
 * Writes `last.ckpt.zip` and, if it is among the best, `epoch=NNN-<metric>=<value>.ckpt.zip`; only then the ones it
 * displaces are removed. Returns the names written.
 *
 * @throws PtychoError ResourceError when the disk fails (everything that stood before still stands), DivergenceError for
 * a state that is not finite, UsageError for a policy that cannot work.
 */
export function keepCheckpoint(
  folder: string,
  checkpoint: Checkpoint,
  policy: CheckpointPolicy,
  fs?: WriteFs,
): string[] {
  const { metric, topK } = policy;
  check(
    Number.isInteger(topK) && topK >= -1,
    "UsageError",
    () => `checkpoint_save_top_k: got ${topK}, expected -1 (all), 0 (none) or a number to keep`,
  );
  const written = saveLast(folder, checkpoint, fs);
  const value = checkpoint.metrics[metric];
  if (topK === 0 || value === undefined || value === null || !Number.isFinite(value)) return written;
  const rank = (name: string): number =>
    (policy.mode === "min" ? 1 : -1) * (metricValue(name, metric) as number);
  const name = rankedName(checkpoint, metric, value);
  const others = rankedNames(folder, metric).filter((other) => other !== name);
  const worse = [...others].sort((a, b) => rank(b) - rank(a));
  if (topK > 0 && others.length >= topK && rank(worse[others.length - topK]) <= rank(name)) return written;
  saveCheckpoint(join(folder, name), checkpoint, fs);
  if (topK > 0)
    for (const displaced of worse.slice(0, Math.max(0, others.length + 1 - topK))) remove(folder, displaced);
  return [...written, name];
}

/** Writes `last.ckpt.zip` alone, as at an interruption in the middle of an epoch. */
export function saveLast(folder: string, checkpoint: Checkpoint, fs?: WriteFs): string[] {
  prepare(folder);
  saveCheckpoint(join(folder, LAST_NAME), checkpoint, fs);
  return [LAST_NAME];
}

/** Removes the ranked checkpoints, of whatever metric; the last one stays. */
export function removeRanked(folder: string): void {
  for (const name of listNames(folder)) if (RANKED.test(name)) remove(folder, name);
}

/** Name and metric of the best kept checkpoint; undefined when none is ranked. */
export function bestCheckpoint(
  folder: string,
  policy: Pick<CheckpointPolicy, "metric" | "mode">,
): { readonly name: string; readonly value: number } | undefined {
  const sign = policy.mode === "min" ? 1 : -1;
  return rankedNames(folder, policy.metric)
    .map((name) => ({ name, value: metricValue(name, policy.metric) as number }))
    .sort((a, b) => sign * (a.value - b.value))[0];
}

/**
 * The checkpoint to go on from: the last one, or, when that is damaged, the one of the most steps that verifies.
 * `skipped` says why others were passed over.
 *
 * @throws PtychoError ArtefactError when the folder holds checkpoints and none of them is whole; undefined when it is
 * empty.
 */
export function latestCheckpoint(
  folder: string,
):
  | { readonly name: string; readonly checkpoint: Checkpoint; readonly skipped: readonly string[] }
  | undefined {
  const names = listNames(folder).filter((name) => name.endsWith(".ckpt.zip"));
  const skipped: string[] = [];
  const whole: { name: string; checkpoint: Checkpoint }[] = [];
  for (const name of names.sort((a, b) => Number(b === LAST_NAME) - Number(a === LAST_NAME))) {
    try {
      const checkpoint = loadCheckpoint(join(folder, name));
      if (name === LAST_NAME) return { name, checkpoint, skipped };
      whole.push({ name, checkpoint });
    } catch (error) {
      if (!isPtychoError(error, "ArtefactError")) throw error;
      skipped.push(error.message);
    }
  }
  whole.sort((a, b) => b.checkpoint.position.step - a.checkpoint.position.step);
  if (whole.length > 0) return { ...whole[0], skipped };
  if (skipped.length === 0) return undefined;
  throw new PtychoError(
    "ArtefactError",
    `${folder}: no checkpoint is whole; start the training anew. ${skipped.join(" | ")}`,
  );
}

/** Makes the folder and clears what interrupted writes left in it. */
function prepare(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw new PtychoError(
      "ResourceError",
      `${folder}: the checkpoint folder cannot be made; check permissions and space`,
      error,
    );
  }
  reapPartials(folder);
}

/** `epoch=007-val_loss=0.12345678.ckpt.zip`: the value in full, so that the names alone rank the files. */
function rankedName({ position }: Checkpoint, metric: string, value: number): string {
  const epoch = String(position.epoch).padStart(3, "0");
  return `epoch=${epoch}-step=${position.step}-${safe(metric)}=${value}.ckpt.zip`;
}

const RANKED = /^epoch=\d+-step=\d+-(.+)=([-+.e\d]+)\.ckpt\.zip$/;

function rankedNames(folder: string, metric: string): string[] {
  return listNames(folder).filter((name) => metricValue(name, metric) !== undefined);
}

function metricValue(name: string, metric: string): number | undefined {
  const match = RANKED.exec(name);
  if (match === null || match[1] !== safe(metric)) return undefined;
  const value = Number(match[2]);
  return Number.isFinite(value) ? value : undefined;
}

const safe = (metric: string): string => metric.replace(/[^A-Za-z0-9_.]/g, "_");

function listNames(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw new PtychoError("ResourceError", `${folder}: the checkpoint folder cannot be listed`, error);
  }
}

function remove(folder: string, name: string): void {
  try {
    unlinkSync(join(folder, name));
  } catch {
    // One checkpoint too many is left, which is no harm.
  }
}
