// A simulated scan of which everything is known, reconstructed by an engine, and how far the result is from the truth.
import { type ComplexArray, complex64, type NdArray } from "../../src/core/ndarray.js";
import {
  type EpochReport,
  openReconstruction,
  type PlacedObject,
  type Reconstruction,
  type SavedState,
} from "../../src/engines/reconstruction.js";
import { engineNamed } from "../../src/engines/registry.js";
import type { EngineSettings } from "../../src/engines/settings.js";
import { makeFft2 } from "../../src/numeric/fft.js";

export interface KnownScan {
  readonly n: number;
  readonly N: number;
  /** [H, W]; its pixel [0, 0] is the origin of the scan positions. */
  readonly object: ComplexArray;
  /** [P, N, N]. */
  readonly probe: ComplexArray;
  readonly xPx: Float64Array;
  readonly yPx: Float64Array;
  /** [n, N, N], zero frequency at N/2. */
  readonly amplitudes: Float32Array;
}

/**
 * Noiseless amplitudes [n, N, N] by the definition of the forward model in float64: the object is cut out at the whole
 * pixels round(x) - N/2, the probe moved by the rest of the position as a band-limited function.
 */
export function exactAmplitudes({
  object,
  probe,
  xPx,
  yPx,
}: Pick<KnownScan, "object" | "probe" | "xPx" | "yPx">): Float32Array {
  const [modes, N] = probe.shape;
  const width = object.shape[1];
  const transform = makeFft2(N, N);
  const size = N * N;
  const out = new Float32Array(xPx.length * size);
  const frequency = (k: number) => (k < N / 2 ? k : k - N);
  for (let j = 0; j < xPx.length; j++) {
    const [left, top] = [Math.round(xPx[j]) - N / 2, Math.round(yPx[j]) - N / 2];
    const [dx, dy] = [xPx[j] - Math.round(xPx[j]), yPx[j] - Math.round(yPx[j])];
    const intensity = new Float64Array(size);
    for (let p = 0; p < modes; p++) {
      const wave = {
        re: Float64Array.from(probe.re.subarray(p * size, (p + 1) * size)),
        im: Float64Array.from(probe.im.subarray(p * size, (p + 1) * size)),
      };
      transform(wave, "forward");
      for (let i = 0; i < size; i++) {
        const angle = (-2 * Math.PI * (frequency(i % N) * dx + frequency(Math.floor(i / N)) * dy)) / N;
        turn(wave, i, Math.cos(angle), Math.sin(angle));
      }
      transform(wave, "inverse");
      for (let i = 0; i < size; i++) {
        const at = (top + Math.floor(i / N)) * width + left + (i % N);
        turn(wave, i, object.re[at], object.im[at]);
      }
      transform(wave, "forward");
      for (let i = 0; i < size; i++) intensity[i] += (wave.re[i] ** 2 + wave.im[i] ** 2) / size;
    }
    for (let i = 0; i < size; i++) {
      const [row, column] = [(Math.floor(i / N) + N / 2) % N, ((i % N) + N / 2) % N];
      out[j * size + row * N + column] = Math.sqrt(intensity[i]);
    }
  }
  return out;
}

function turn(wave: { re: Float64Array; im: Float64Array }, i: number, re: number, im: number): void {
  const [a, b] = [wave.re[i], wave.im[i]];
  wave.re[i] = a * re - b * im;
  wave.im[i] = a * im + b * re;
}

export interface Attempt {
  readonly engine: string;
  readonly epochs: number;
  readonly settings?: Partial<EngineSettings>;
  /** In place of what the scan was made with. */
  readonly probe?: ComplexArray;
  readonly xPx?: Float64Array;
  readonly yPx?: Float64Array;
  readonly amplitudes?: Float32Array;
  readonly threads?: number;
  readonly memoryBytes?: number;
}

/** Settings that change only the object, with the engine's defaults. */
export function settingsFor(engine: string, changed: Partial<EngineSettings> = {}): EngineSettings {
  const { epochs: _, ...defaults } = engineNamed(engine).defaults;
  const never = Number.POSITIVE_INFINITY;
  return {
    seed: 1,
    noise: "amplitude",
    decay: [never, never],
    probeStart: never,
    positionStart: never,
    positionLimitPx: 3,
    brightnessStart: never,
    ...defaults,
    ...changed,
  };
}

export function openScan(scan: KnownScan, attempt: Attempt, saved?: SavedState): Reconstruction {
  const amplitudes = attempt.amplitudes ?? scan.amplitudes;
  const size = scan.N ** 2;
  return openReconstruction(
    {
      frames: {
        n: scan.n,
        N: scan.N,
        read: (pattern, into) => into.set(amplitudes.subarray(pattern * size, (pattern + 1) * size)),
      },
      probe: attempt.probe ?? scan.probe,
      xPx: attempt.xPx ?? scan.xPx,
      yPx: attempt.yPx ?? scan.yPx,
    },
    {
      engine: attempt.engine,
      settings: settingsFor(attempt.engine, attempt.settings),
      threads: attempt.threads ?? 1,
      ...(attempt.memoryBytes === undefined ? {} : { memoryBytes: attempt.memoryBytes }),
    },
    saved,
  );
}

export async function runEpoch(reconstruction: Reconstruction): Promise<EpochReport> {
  const batches = reconstruction.epoch();
  for (;;) {
    const step = await batches.next();
    if (step.done === true) return step.value;
  }
}

export interface Outcome {
  readonly residuals: readonly number[];
  readonly picture: PlacedObject;
  readonly probe: ComplexArray;
  readonly xPx: Float64Array;
  readonly yPx: Float64Array;
  readonly saved: SavedState;
}

export async function reconstruct(scan: KnownScan, attempt: Attempt): Promise<Outcome> {
  const reconstruction = openScan(scan, attempt);
  const residuals: number[] = [];
  for (let epoch = 0; epoch < attempt.epochs; epoch++)
    residuals.push((await runEpoch(reconstruction)).residual);
  const outcome = {
    residuals,
    picture: reconstruction.picture(),
    probe: reconstruction.probe(),
    ...reconstruction.positions(),
    saved: reconstruction.save(),
  };
  await reconstruction.release();
  return outcome;
}

/** The true and the found object in the square of `sidePx` about (x, y). */
export function cutOut(
  scan: KnownScan,
  { object, originPx }: PlacedObject,
  centrePx: readonly [number, number],
  sidePx: number,
): { readonly truth: ComplexArray; readonly found: ComplexArray } {
  const [left, top] = centrePx.map((centre) => Math.round(centre) - sidePx / 2);
  const cut = (from: ComplexArray, x: number, y: number) => {
    const out = complex64([sidePx, sidePx]);
    for (let i = 0; i < out.re.length; i++) {
      const at = (y + Math.floor(i / sidePx)) * from.shape[1] + x + (i % sidePx);
      out.re[i] = from.re[at];
      out.im[i] = from.im[at];
    }
    return out;
  };
  return { truth: cut(scan.object, left, top), found: cut(object, left - originPx[0], top - originPx[1]) };
}

/**
 * Least |found - c truth| / |c truth| over complex c: what is left when scale and global phase, which the patterns do
 * not tell, are taken out.
 */
export function relativeError(found: ComplexArray, truth: ComplexArray): number {
  let [re, im, own, all] = [0, 0, 0, 0];
  for (let i = 0; i < truth.re.length; i++) {
    re += truth.re[i] * found.re[i] + truth.im[i] * found.im[i];
    im += truth.re[i] * found.im[i] - truth.im[i] * found.re[i];
    own += truth.re[i] ** 2 + truth.im[i] ** 2;
    all += found.re[i] ** 2 + found.im[i] ** 2;
  }
  const explained = (re * re + im * im) / own;
  return Math.sqrt(Math.max(0, all - explained) / explained);
}

/** r.m.s. distance of positions from the true ones, each axis less its mean: a common shift only moves the object. */
export function positionError(
  scan: Pick<KnownScan, "xPx" | "yPx">,
  found: Pick<KnownScan, "xPx" | "yPx">,
): number {
  const variance = (a: Float64Array, b: Float64Array) => {
    const difference = a.map((value, i) => value - b[i]);
    const mean = difference.reduce((sum, value) => sum + value, 0) / difference.length;
    return difference.reduce((sum, value) => sum + (value - mean) ** 2, 0) / difference.length;
  };
  return Math.sqrt(variance(scan.xPx, found.xPx) + variance(scan.yPx, found.yPx));
}

/** A scan whose patterns are stored ones, such as those of `simulateScan`. */
export function knownScan(
  parts: Pick<KnownScan, "object" | "probe" | "xPx" | "yPx"> & { readonly diffraction?: NdArray<"float32"> },
): KnownScan {
  const { object, xPx, yPx, diffraction } = parts;
  const N = parts.probe.shape[parts.probe.shape.length - 1];
  const modes = parts.probe.re.length / N ** 2;
  const probe = { ...parts.probe, shape: [modes, N, N] };
  const amplitudes = diffraction?.data ?? exactAmplitudes({ object, probe, xPx, yPx });
  return { n: xPx.length, N, object, probe, xPx, yPx, amplitudes };
}
