// A reconstruction from start to end: planes laid out and filled, epochs run, the picture taken out in the units of the
// file.
import { availableParallelism } from "node:os";
import { check } from "../core/errors.js";
import { type ComplexArray, complex64, float32, type NdArray } from "../core/ndarray.js";
import type { FrameSource } from "../data/frame-source.js";
import { centrePositions } from "./positions.js";
import { orthogonalise, peakLight, probeChanged, settleProbe } from "./probe-modes.js";
import { moveAllProbes, settleBrightness } from "./project.js";
import { engineNamed } from "./registry.js";
import type { EngineSettings } from "./settings.js";
import { openThreads } from "./threads.js";
import { layWorkbench, NUMBER, type Plan, planBytes, type Workbench, windowStart } from "./workbench.js";

export interface ReconstructionInput {
  readonly frames: FrameSource;
  /** Start of the probe, [P, N, N]. */
  readonly probe: ComplexArray;
  /** Scan positions [n], pixels. */
  readonly xPx: Float64Array;
  readonly yPx: Float64Array;
  /** Start of the object, in the units of the file; flat where it has none. */
  readonly object?: PlacedObject;
}

/** A complex canvas and where it lies. */
export interface PlacedObject {
  readonly object: ComplexArray;
  /** Light that fell on every pixel against the brightest spot of the probe; 0: not seen. */
  readonly coverage: NdArray<"float32">;
  /** Coordinate (x, y) of canvas pixel [0, 0] in the frame of the scan positions. */
  readonly originPx: readonly [number, number];
}

export interface ReconstructionOptions {
  readonly engine: string;
  readonly settings: EngineSettings;
  /** Default: the cores that this process may use, 8 at most. */
  readonly threads?: number;
  /** Planes must fit into this; patterns that do not are read batch by batch. */
  readonly memoryBytes?: number;
}

export interface EpochReport {
  /** Epochs done. */
  readonly epochs: number;
  /** R = sqrt(sum (sqrt(model) - A)^2 / sum A^2) over all patterns, each as it was when it was visited. */
  readonly residual: number;
}

/** What a stopped reconstruction goes on from. */
export interface SavedState {
  readonly epochs: number;
  readonly planes: Readonly<Record<string, Float32Array | Float64Array>>;
}

export interface Reconstruction {
  readonly plan: Plan;
  readonly bytes: number;
  /** One pass over all patterns; yields the number of patterns done after every batch. */
  epoch(): AsyncGenerator<number, EpochReport, void>;
  /** The object and probe as they are now, in the units of the file. */
  picture(): PlacedObject;
  probe(): ComplexArray;
  positions(): { readonly xPx: Float64Array; readonly yPx: Float64Array };
  save(): SavedState;
  release(): Promise<void>;
}

const MIB = 2 ** 20;
const DEFAULT_MEMORY = 2048 * MIB;
/** Pixels around the windows: for differences across their edges. */
const MARGIN = 2;

/** @throws PtychoError DataError for patterns or a probe without energy, ResourceError for a canvas beyond the memory. */
export function openReconstruction(
  input: ReconstructionInput,
  options: ReconstructionOptions,
  saved?: SavedState,
): Reconstruction {
  const { frames, probe: startProbe } = input;
  const { N } = frames;
  const engine = engineNamed(options.engine);
  const limit = options.memoryBytes ?? DEFAULT_MEMORY;
  const plan = planOf(input, options, limit);
  const shared = layWorkbench(plan, engine.planes?.(plan) ?? {}, 4 * 1024 * MIB);
  const { bench } = shared;
  const scale = fillFrames(bench, frames);
  const staging = new Float32Array(N * N);
  const stage = (slot: number, pattern: number) => {
    frames.read(pattern, staging);
    storeFrame(bench.frames[slot], staging, N, scale);
  };
  const main: Workbench = plan.framesResident ? bench : { ...bench, stage };
  const probeScale = fillProbe(bench, startProbe);
  const objectScale = probeScale / scale;
  bench.xStartPx.set(input.xPx);
  bench.yStartPx.set(input.yPx);
  bench.xPx.set(input.xPx);
  bench.yPx.set(input.yPx);
  bench.brightness.fill(1);
  bench.canvas.re.fill(1);
  if (input.object !== undefined) placeObject(bench, input.object, objectScale);
  const kept = keptPlanes(bench);
  let epochs = 0;
  if (saved !== undefined) {
    epochs = saved.epochs;
    for (const [name, plane] of Object.entries(kept)) plane.set(saved.planes[name]);
  }
  probeChanged(bench);
  moveAllProbes(bench);
  const threads = openThreads(engine, shared);
  return {
    plan,
    bytes: shared.usedBytes,
    async *epoch() {
      await threads.ready();
      bench.numbers[NUMBER.epoch] = epochs;
      if (epochs === 0) engine.begin?.(main, threads.run);
      let done = 0;
      for await (const _ of engine.epoch(main, threads.run)) {
        done += bench.numbers[NUMBER.count];
        yield done;
      }
      if (epochs >= plan.settings.probeStart) settleProbe(bench);
      if (epochs >= plan.settings.brightnessStart) settleBrightness(bench);
      if (epochs >= plan.settings.positionStart) centrePositions(bench);
      epochs++;
      const misfit = bench.misfit.reduce((sum, value) => sum + value, 0);
      const energy = bench.energy.reduce((sum, value) => sum + value, 0);
      return { epochs, residual: Math.sqrt(misfit / energy) };
    },
    picture: () => pictureOf(bench, objectScale),
    probe: () => probeOf(bench, probeScale),
    positions: () => ({ xPx: bench.xPx.slice(), yPx: bench.yPx.slice() }),
    save: () => ({
      epochs,
      planes: Object.fromEntries(Object.entries(kept).map(([name, plane]) => [name, plane.slice()])),
    }),
    release: threads.release,
  };
}

function planOf(
  { frames, probe, xPx, yPx }: ReconstructionInput,
  { engine, settings, threads }: ReconstructionOptions,
  limit: number,
): Plan {
  const { n, N } = frames;
  const moves = Number.isFinite(settings.positionStart) ? Math.ceil(settings.positionLimitPx) : 0;
  const margin = MARGIN + moves;
  const edge = (values: Float64Array) => {
    const whole = Array.from(values, Math.round);
    const low = whole.reduce((a, b) => Math.min(a, b));
    const high = whole.reduce((a, b) => Math.max(a, b));
    return { origin: low - N / 2 - margin, size: high - low + N + 2 * margin };
  };
  const [x, y] = [edge(xPx), edge(yPx)];
  const batchSize = Math.min(settings.batchSize, n);
  const base: Plan = {
    engine,
    settings: { ...settings, batchSize },
    n,
    N,
    modes: probe.shape[0],
    width: x.size,
    height: y.size,
    originPx: [x.origin, y.origin],
    threads: Math.max(1, Math.min(threads ?? Math.min(8, availableParallelism()), batchSize)),
    framesResident: true,
    probesResident: true,
  };
  const fixed = [settings.probeStart, settings.positionStart, settings.brightnessStart].every(
    (start) => !Number.isFinite(start),
  );
  const own = engineNamed(engine).planes?.(base) ?? {};
  const choices: Plan[] = [
    ...(fixed ? [base] : []),
    { ...base, probesResident: false },
    { ...base, probesResident: false, framesResident: false },
  ];
  const fitting = choices.find((plan) => planBytes(plan, own) <= limit);
  const least = planBytes(choices[choices.length - 1], own);
  check(
    fitting !== undefined,
    "ResourceError",
    () =>
      `reconstruct: at least ${Math.ceil(least / MIB)} MiB of planes are needed, the limit is ${Math.ceil(limit / MIB)} MiB; ` +
      "take a smaller batch, fewer modes, or raise the memory limit",
  );
  return fitting;
}

/** Fills the resident patterns, scaled to the mean energy N^2, and notes every pattern's energy. Returns the scale. */
function fillFrames(bench: Workbench, frames: FrameSource): number {
  const { n, N } = frames;
  const frame = new Float32Array(N * N);
  let total = 0;
  for (let pattern = 0; pattern < n; pattern++) {
    frames.read(pattern, frame);
    if (bench.plan.framesResident) storeFrame(bench.frames[pattern], frame, N, 1);
    let energy = 0;
    for (const value of frame) if (value > 0) energy += value * value;
    bench.energy[pattern] = energy;
    total += energy;
  }
  check(total > 0, "DataError", () => "reconstruct: the patterns are zero everywhere; check the file");
  const scale = N / Math.sqrt(total / n);
  for (let pattern = 0; pattern < n; pattern++) bench.energy[pattern] *= scale * scale;
  if (bench.plan.framesResident)
    for (const plane of bench.frames) for (let i = 0; i < plane.length; i++) plane[i] *= scale;
  return scale;
}

/** Stores a pattern with its zero frequency moved from N/2 to 0. */
function storeFrame(into: Float32Array, frame: Float32Array, N: number, scale: number): void {
  const half = N / 2;
  for (let r = 0; r < N; r++) {
    const from = ((r + half) % N) * N;
    for (let c = 0; c < N; c++) into[r * N + c] = scale * frame[from + ((c + half) % N)];
  }
}

/** The starting probe with energy N^2 over all modes. Returns its scale. */
function fillProbe({ probe, plan }: Workbench, start: ComplexArray): number {
  const { N } = plan;
  let energy = 0;
  for (let i = 0; i < start.re.length; i++) energy += start.re[i] ** 2 + start.im[i] ** 2;
  check(energy > 0, "DataError", () => "reconstruct: the probe is zero everywhere; check the file");
  const scale = N / Math.sqrt(energy);
  probe.forEach(({ re, im }, mode) => {
    for (let i = 0; i < re.length; i++) {
      re[i] = scale * start.re[mode * N * N + i];
      im[i] = scale * start.im[mode * N * N + i];
    }
  });
  return scale;
}

/** Puts a known object where it was seen, by whole pixels. */
function placeObject({ canvas, plan }: Workbench, known: PlacedObject, objectScale: number): void {
  const [height, width] = known.object.shape;
  const dx = Math.round(plan.originPx[0] - known.originPx[0]);
  const dy = Math.round(plan.originPx[1] - known.originPx[1]);
  const least = 0.01 * known.coverage.data.reduce((most, value) => Math.max(most, value), 0);
  for (let r = 0; r < plan.height; r++)
    for (let c = 0; c < plan.width; c++) {
      const [row, column] = [r + dy, c + dx];
      if (row < 0 || column < 0 || row >= height || column >= width) continue;
      const from = row * width + column;
      if (!(known.coverage.data[from] > least)) continue;
      canvas.re[r * plan.width + c] = known.object.re[from] / objectScale;
      canvas.im[r * plan.width + c] = known.object.im[from] / objectScale;
    }
}

/** What changes from epoch to epoch. */
function keptPlanes({ canvas, probe, xPx, yPx, brightness, own }: Workbench) {
  const modes = probe.flatMap(({ re, im }, p) => [
    [`probe.${p}.re`, re] as const,
    [`probe.${p}.im`, im] as const,
  ]);
  const planes: Record<string, Float32Array | Float64Array> = {
    "canvas.re": canvas.re,
    "canvas.im": canvas.im,
    ...Object.fromEntries(modes),
    ...{ xPx, yPx, brightness },
    ...Object.fromEntries(Object.entries(own).map(([name, plane]) => [`own.${name}`, plane])),
  };
  return planes;
}

/** The object where light fell on it, without the margin. */
function pictureOf(bench: Workbench, objectScale: number): PlacedObject {
  const { plan, canvas, light } = bench;
  const { width, height, N } = plan;
  const seen = new Float64Array(width * height);
  const peak = peakLight(bench);
  for (let pattern = 0; pattern < plan.n; pattern++) {
    const start = windowStart(bench, pattern);
    for (let r = 0; r < N; r++)
      for (let c = 0; c < N; c++) seen[start + r * width + c] += light[r * N + c] / peak;
  }
  const object = complex64([height, width]);
  const coverage = float32([height, width]);
  for (let i = 0; i < seen.length; i++) {
    if (seen[i] < 1e-3) continue;
    coverage.data[i] = seen[i];
    object.re[i] = objectScale * canvas.re[i];
    object.im[i] = objectScale * canvas.im[i];
  }
  return { object, coverage, originPx: plan.originPx };
}

function probeOf({ plan, probe }: Workbench, probeScale: number): ComplexArray {
  const all = complex64([plan.modes, plan.N, plan.N]);
  const modes = probe.map(({ re, im }) => ({ re: re.slice(), im: im.slice() }));
  orthogonalise(modes);
  modes.forEach(({ re, im }, mode) => {
    const at = mode * plan.N * plan.N;
    for (let i = 0; i < re.length; i++) {
      all.re[at + i] = re[i] / probeScale;
      all.im[at + i] = im[i] / probeScale;
    }
  });
  return all;
}
