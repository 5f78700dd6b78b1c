// The object of a whole scan by an unrolled network: all patterns refine one canvas, step after step.
import { constant, input } from "../compute/build-elementwise.js";
import type { Placement } from "../compute/device.js";
import type { Expr } from "../compute/expr.js";
import { compile, type Executable } from "../compute/runtime.js";
import { check, PtychoError } from "../core/errors.js";
import { type ComplexArray, complex64, float32, type NdArray } from "../core/ndarray.js";
import type { ProgressEvent } from "../core/progress.js";
import { type RefinementScan, refinementBatch } from "../data/refinement-scan.js";
import type { Network } from "../model/network.js";
import { learnedStep } from "../model/refiner.js";
import { centre, INERTIA, illumination, refinementInputs, refineWindows } from "../physics/refinement.js";
import { expectCanvasSize } from "./stitch-canvas.js";
import type { StitchedObject } from "./stitch-patches.js";

export interface RefineSettings {
  readonly steps: number;
  /** Edge of the refined central window, pixels. */
  readonly cropPx: number;
  /** Patterns at a time. */
  readonly batchSize: number;
  /** Where the network runs; default: the processor. */
  readonly placement?: Placement;
  readonly signal: AbortSignal;
}

/** Shape of a batch: B patterns, P probe modes, N x N pixels. */
export interface RefineShape {
  readonly batch: number;
  readonly modes: number;
  readonly N: number;
}

/**
 * The graph of one step: inputs of `refinementInputs` and `object_re`, `object_im` [B, 1, N, N]; outputs `refined_re`,
 * `refined_im` and their `weight`, each [B, 1, c, c].
 */
export function refinementOutputs(
  network: Network,
  weights: Readonly<Record<string, NdArray>>,
  { batch, modes, N }: RefineShape,
  cropPx: number,
): Record<string, Expr> {
  const parameters = Object.fromEntries(
    network.parameters.map(({ name }) => [name, constant(weights[name] as NdArray<"float32">)]),
  );
  const data = refinementInputs(batch, modes, N);
  const window = {
    re: input("object_re", [batch, 1, N, N]),
    im: input("object_im", [batch, 1, N, N]),
  };
  const { windows } = refineWindows(window, data, learnedStep(network, parameters), cropPx);
  return {
    refined_re: windows.re,
    refined_im: windows.im,
    weight: centre(illumination(data.probe), cropPx),
  };
}

/** Refines a flat object `steps` times with all patterns of the scan. The object is in the units of the file. */
export async function* refineScan(
  network: Network,
  weights: Readonly<Record<string, NdArray>>,
  scan: RefinementScan,
  settings: RefineSettings,
): AsyncGenerator<ProgressEvent, StitchedObject, void> {
  const { steps, cropPx, batchSize, signal } = settings;
  const [n, N] = scan.amplitude.shape;
  const [modes] = scan.probe.shape;
  const frame = planFrame(scan, N);
  let canvas = flatCanvas(frame);
  let coverage = new Float64Array(canvas.re.length);
  const compiled = new Map<number, Executable>();
  const startedMs = performance.now();
  try {
    for (let step = 0; step < steps; step++) {
      const sums = { re: new Float64Array(canvas.re.length), im: new Float64Array(canvas.re.length) };
      coverage = new Float64Array(canvas.re.length);
      for (let from = 0; from < n; from += batchSize) {
        if (signal.aborted)
          throw new PtychoError("Interrupted", "inference was interrupted; no picture was written");
        const patterns = Int32Array.from({ length: Math.min(batchSize, n - from) }, (_, i) => from + i);
        const batch = patterns.length;
        const executable =
          compiled.get(batch) ??
          (await compile(
            { outputs: refinementOutputs(network, weights, { batch, modes, N }, cropPx) },
            settings.placement,
          ));
        compiled.set(batch, executable);
        const windows = cutWindows(canvas, frame, scan, patterns, N);
        const refined = await executable.run({
          ...refinementBatch(scan, patterns),
          object_re: float32([batch, 1, N, N], windows.re),
          object_im: float32([batch, 1, N, N], windows.im),
        });
        addWindows(sums, coverage, frame, scan, patterns, cropPx, refined);
        const done = step * n + from + batch;
        yield {
          kind: "predicted",
          done,
          total: steps * n,
          patternsPerSecond: (1000 * done) / (performance.now() - startedMs),
        };
      }
      canvas = mergedCanvas(canvas, sums, coverage, INERTIA * scan.probePeak);
    }
  } finally {
    for (const executable of compiled.values()) await executable.release();
  }
  return finished(canvas, coverage, frame, scan);
}

interface Frame {
  readonly width: number;
  readonly height: number;
  /** Whole-pixel coordinate (x, y) of canvas pixel [0, 0]. */
  readonly originPx: readonly [number, number];
}

interface Canvas {
  readonly re: Float64Array;
  readonly im: Float64Array;
}

function planFrame({ xWholePx, yWholePx }: RefinementScan, N: number): Frame {
  const low = (values: Int32Array) => values.reduce((a, b) => Math.min(a, b));
  const high = (values: Int32Array) => values.reduce((a, b) => Math.max(a, b));
  const [x, y] = [low(xWholePx), low(yWholePx)];
  const [width, height] = [high(xWholePx) - x + N, high(yWholePx) - y + N];
  expectCanvasSize(height, width);
  return { width, height, originPx: [x - N / 2, y - N / 2] };
}

function flatCanvas({ width, height }: Frame): Canvas {
  return { re: new Float64Array(width * height).fill(1), im: new Float64Array(width * height) };
}

function cutWindows(
  canvas: Canvas,
  frame: Frame,
  { xWholePx, yWholePx }: RefinementScan,
  patterns: Int32Array,
  N: number,
): { re: Float32Array; im: Float32Array } {
  const windows = {
    re: new Float32Array(patterns.length * N * N),
    im: new Float32Array(patterns.length * N * N),
  };
  patterns.forEach((pattern, b) => {
    const left = xWholePx[pattern] - N / 2 - frame.originPx[0];
    const top = yWholePx[pattern] - N / 2 - frame.originPx[1];
    for (let r = 0; r < N; r++) {
      const row = (top + r) * frame.width + left;
      windows.re.set(canvas.re.subarray(row, row + N), (b * N + r) * N);
      windows.im.set(canvas.im.subarray(row, row + N), (b * N + r) * N);
    }
  });
  return windows;
}

function addWindows(
  sums: Canvas,
  coverage: Float64Array,
  frame: Frame,
  { xWholePx, yWholePx }: RefinementScan,
  patterns: Int32Array,
  cropPx: number,
  refined: Readonly<Record<string, NdArray>>,
): void {
  const [re, im, weight] = ["refined_re", "refined_im", "weight"].map(
    (name) => refined[name].data as Float32Array,
  );
  patterns.forEach((pattern, b) => {
    const left = xWholePx[pattern] - cropPx / 2 - frame.originPx[0];
    const top = yWholePx[pattern] - cropPx / 2 - frame.originPx[1];
    for (let r = 0; r < cropPx; r++)
      for (let c = 0; c < cropPx; c++) {
        const from = (b * cropPx + r) * cropPx + c;
        const to = (top + r) * frame.width + left + c;
        sums.re[to] += weight[from] * re[from];
        sums.im[to] += weight[from] * im[from];
        coverage[to] += weight[from];
      }
  });
}

/** (sum w O + inertia * old) / (sum w + inertia), as the objective of training merges a cluster. */
function mergedCanvas(old: Canvas, sums: Canvas, coverage: Float64Array, inertia: number): Canvas {
  const merge = (part: "re" | "im") =>
    sums[part].map((sum, i) => (sum + inertia * old[part][i]) / (coverage[i] + inertia));
  return { re: merge("re"), im: merge("im") };
}

/** Only pixels that some light fell on are part of the object; the rest is 0 with coverage 0. */
function finished(
  canvas: Canvas,
  coverage: Float64Array,
  frame: Frame,
  scan: RefinementScan,
): StitchedObject {
  const shape = [frame.height, frame.width];
  const object: ComplexArray = complex64(shape);
  const seen = float32(shape);
  const least = INERTIA * scan.probePeak;
  for (let i = 0; i < coverage.length; i++) {
    if (coverage[i] <= least) continue;
    seen.data[i] = coverage[i] / scan.probePeak;
    object.re[i] = scan.objectScale * canvas.re[i];
    object.im[i] = scan.objectScale * canvas.im[i];
    check(
      Number.isFinite(object.re[i]) && Number.isFinite(object.im[i]),
      "DataError",
      () => "refinement: the object is not finite; the model does not fit this scan, train one on it",
    );
  }
  return { object, coverage: seen, originPx: frame.originPx };
}
