// Epoch after epoch of one engine: progress, stopping, and what is handed out after every epoch.
import { setImmediate } from "node:timers/promises";
import { PtychoError } from "../core/errors.js";
import {
  openReconstruction,
  type Reconstruction,
  type ReconstructionInput,
  type SavedState,
} from "../engines/reconstruction.js";
import type { Work } from "./contract.js";
import type { Recipe } from "./reconstruct-settings.js";

export interface RunOptions {
  readonly threads: number | null;
  readonly memoryMiB: number;
  /** Stop when R has fallen by less than this share in five epochs; 0: never. */
  readonly tolerance: number;
  readonly signal: AbortSignal;
  /** Said in the progress lines, as "half 1"; empty for the main run. */
  readonly label: string;
  /** Called after every epoch with R of all epochs so far. */
  readonly afterEpoch?: (state: Reconstruction, residuals: readonly number[]) => void;
}

export interface EngineRun {
  readonly reconstruction: Reconstruction;
  readonly residuals: readonly number[];
  readonly ended: "all epochs" | "converged";
}

/** Label of the runs of `--halves`, which come after the main one. */
export const HALF = "half";

/** Epochs over which the tolerance looks. */
const STRETCH = 5;
/** The event loop gets its turn this often, so that a signal is heard. */
const TURN_MS = 50;

/**
 * Runs a recipe to its end. The caller releases the reconstruction.
 *
 * @throws PtychoError Interrupted between two batches, DivergenceError when R is no longer finite.
 */
export async function* runEngine(
  input: ReconstructionInput,
  { engine, settings, epochs }: Recipe,
  options: RunOptions,
  from?: { readonly state: SavedState; readonly residuals: readonly number[] },
): Work<EngineRun> {
  const reconstruction = openReconstruction(
    input,
    {
      ...{ engine, settings, memoryBytes: options.memoryMiB * 2 ** 20 },
      ...(options.threads === null ? {} : { threads: options.threads }),
    },
    from?.state,
  );
  const residuals = [...(from?.residuals ?? [])];
  let ended: EngineRun["ended"] | undefined;
  try {
    while (residuals.length < epochs && !hasConverged(residuals, options.tolerance)) {
      yield* oneEpoch(reconstruction, input.frames.n, { epochs, residuals, ...options });
      options.afterEpoch?.(reconstruction, residuals);
    }
    ended = residuals.length < epochs ? "converged" : "all epochs";
    return { reconstruction, residuals, ended };
  } finally {
    // After an error, or when nobody asks for more, the threads must not keep the process alive.
    if (ended === undefined) await reconstruction.release();
  }
}

interface EpochContext extends RunOptions {
  readonly epochs: number;
  readonly residuals: number[];
}

async function* oneEpoch(reconstruction: Reconstruction, n: number, context: EpochContext): Work<void> {
  const { epochs, residuals, label } = context;
  const { batchSize } = reconstruction.plan.settings;
  const epoch = residuals.length;
  const startedMs = performance.now();
  let turnMs = startedMs;
  await setImmediate();
  stopIfAborted(context);
  const pass = reconstruction.epoch();
  for (;;) {
    const { value, done } = await pass.next();
    const nowMs = performance.now();
    if (done) {
      residuals.push(value.residual);
      if (!Number.isFinite(value.residual))
        throw new PtychoError(
          "DivergenceError",
          `${reconstruction.plan.engine}: the object is no longer finite after epoch ${epoch + 1}; take a smaller ` +
            "--object_step or --probe_step, a larger --relaxation (rpie), or another engine",
        );
      yield {
        kind: "reconstructed",
        ...{ label, epoch, epochs, residual: value.residual, elapsedMs: nowMs - startedMs },
      };
      return;
    }
    if (nowMs - turnMs < TURN_MS) continue;
    turnMs = nowMs;
    await setImmediate();
    stopIfAborted(context);
    const patternsPerSecond = (1000 * value) / (nowMs - startedMs);
    yield {
      kind: "step",
      ...{ epoch, epochs, loss: residuals.at(-1) ?? Number.NaN, patternsPerSecond },
      ...{ batch: Math.ceil(value / batchSize), batches: Math.ceil(n / batchSize) },
      secondsLeft: ((epochs - epoch) * n - value) / patternsPerSecond,
    };
  }
}

/** @throws PtychoError Interrupted, saying what is saved. */
function stopIfAborted({ signal, residuals, label }: EpochContext): void {
  if (!signal.aborted) return;
  const epoch = residuals.length;
  const saved = label.startsWith(HALF)
    ? "the reconstruction itself is saved, go on with --resume"
    : "nothing is saved yet";
  const where = label === "" ? "in the first epoch" : `while running '${label}'`;
  throw new PtychoError(
    "Interrupted",
    label === "" && epoch > 0
      ? `interrupted; the state after epoch ${epoch} is saved, go on with --resume`
      : `interrupted ${where}; ${saved}`,
  );
}

function hasConverged(residuals: readonly number[], tolerance: number): boolean {
  if (tolerance === 0 || residuals.length < 2 * STRETCH) return false;
  const least = (values: readonly number[]) => values.reduce((a, b) => Math.min(a, b));
  const before = least(residuals.slice(0, -STRETCH));
  return before - least(residuals.slice(-STRETCH)) < tolerance * before;
}
