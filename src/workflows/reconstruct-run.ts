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
  try {
    while (residuals.length < epochs) {
      if (hasConverged(residuals, options.tolerance))
        return { reconstruction, residuals, ended: "converged" };
      yield* oneEpoch(reconstruction, input.frames.n, { epochs, residuals, ...options });
      options.afterEpoch?.(reconstruction, residuals);
    }
  } catch (error) {
    await reconstruction.release();
    throw error;
  }
  return { reconstruction, residuals, ended: "all epochs" };
}

interface EpochContext extends RunOptions {
  readonly epochs: number;
  readonly residuals: number[];
}

async function* oneEpoch(reconstruction: Reconstruction, n: number, context: EpochContext): Work<void> {
  const { epochs, residuals, signal, label } = context;
  const { batchSize } = reconstruction.plan.settings;
  const epoch = residuals.length;
  const startedMs = performance.now();
  let turnMs = startedMs;
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
    if (signal.aborted)
      throw new PtychoError(
        "Interrupted",
        epoch === 0
          ? "interrupted in the first epoch; nothing is saved yet"
          : `interrupted; the state after epoch ${epoch} is saved, go on with --resume`,
      );
    const patternsPerSecond = (1000 * value) / (nowMs - startedMs);
    yield {
      kind: "step",
      ...{ epoch, epochs, loss: residuals.at(-1) ?? Number.NaN, patternsPerSecond },
      ...{ batch: Math.ceil(value / batchSize), batches: Math.ceil(n / batchSize) },
      secondsLeft: ((epochs - epoch) * n - value) / patternsPerSecond,
    };
  }
}

function hasConverged(residuals: readonly number[], tolerance: number): boolean {
  if (tolerance === 0 || residuals.length < 2 * STRETCH) return false;
  const least = (values: readonly number[]) => values.reduce((a, b) => Math.min(a, b));
  const before = least(residuals.slice(0, -STRETCH));
  return before - least(residuals.slice(-STRETCH)) < tolerance * before;
}
