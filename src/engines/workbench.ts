// What every thread has before it: the same shared planes under the same names, and scratch of its own.
import { openWaveKernels, scratchBytes, type WaveKernels } from "../numeric/wave-kernels.js";
import { openWaveMemory, type Wave } from "../numeric/wave-memory.js";
import type { EngineSettings } from "./settings.js";

/** The sizes of a reconstruction. */
export interface Plan {
  /** Name of the engine in the registry. */
  readonly engine: string;
  readonly settings: EngineSettings;
  /** Patterns, pixels along an edge of one, incoherent probe modes. */
  readonly n: number;
  readonly N: number;
  readonly modes: number;
  readonly width: number;
  readonly height: number;
  /** Whole-pixel coordinate (x, y) of canvas pixel [0, 0] in the frame of the scan positions. */
  readonly originPx: readonly [number, number];
  readonly threads: number;
  /** All measured patterns lie in memory; otherwise those of a batch. */
  readonly framesResident: boolean;
  /** The moved probes of all patterns lie in memory and are made once: for a probe and positions that never change. */
  readonly probesResident: boolean;
}

/** A batch is summed in this many pieces, whatever the number of threads, so that every machine gets the same sums. */
export const CHUNKS = 8;

interface Piece {
  readonly byteOffset: number;
  readonly length: number;
}

/** Where every shared plane lies. */
export type Layout = Readonly<Record<string, Piece>>;

export interface Workbench {
  readonly plan: Plan;
  readonly kernels: WaveKernels;
  /** Object [height, width]; every window keeps a pixel of distance from the edge. */
  readonly canvas: Wave;
  /** Sums of proposed changes and of their weights on the canvas; zero between batches. */
  readonly sums: Wave;
  readonly weight: Float32Array;
  /** Probe modes, each [N, N]; their spectra; sum of |P|^2. */
  readonly probe: readonly Wave[];
  readonly spectrum: readonly Wave[];
  readonly light: Float32Array;
  /** Measured amplitudes [N, N], zero frequency at [0, 0], negative where not measured; by pattern or by slot. */
  readonly frames: readonly Float32Array[];
  /** Moved probes by pattern or by slot, and mode. */
  readonly moved: readonly (readonly Wave[])[];
  /** Change of the exit waves that the measurement asks for, by slot and mode. */
  readonly change: readonly (readonly Wave[])[];
  /** What a pattern proposes for its window of the object, by slot. */
  readonly proposal: readonly Wave[];
  /** sum |P|^2 over the modes of the moved probe, by slot. */
  readonly slotLight: readonly Float32Array[];
  /** Spectra of the proposed change of the probe, by chunk and mode, and the light of the object under it. */
  readonly chunkProbe: readonly (readonly Wave[])[];
  readonly chunkLight: readonly Float32Array[];
  /** Scan positions, pixels [n]; as recorded and as refined. */
  readonly xStartPx: Float64Array;
  readonly yStartPx: Float64Array;
  readonly xPx: Float64Array;
  readonly yPx: Float64Array;
  /** Factor on the amplitude of every pattern [n]. */
  readonly brightness: Float64Array;
  /** Sum of squared misfits of every pattern when it was last seen [n], and of its measured intensities. */
  readonly misfit: Float64Array;
  readonly energy: Float64Array;
  /** Patterns of the present batch. */
  readonly batch: Int32Array;
  /** Results of a phase by slot [batch, 4]. */
  readonly slotValues: Float64Array;
  /** Numbers that the main thread hands to the others. */
  readonly numbers: Float64Array;
  /** Planes of the engine. */
  readonly own: Readonly<Record<string, Float32Array>>;
  readonly scratch: Scratch;
  /** On the main thread, where patterns are not resident: fetches one into a slot. */
  readonly stage?: (slot: number, pattern: number) => void;
}

/** Of one thread alone. */
export interface Scratch {
  readonly wave: Wave;
  readonly plane: Float32Array;
  readonly rows: Wave;
  readonly columns: Wave;
}

/** Entries of `numbers`; from `parts` on one for every thread. */
export const NUMBER = { count: 0, epoch: 1, first: 2, second: 3, third: 4, parts: 8 } as const;

export interface SharedBench {
  readonly bench: Workbench;
  readonly memory: WebAssembly.Memory;
  readonly layout: Layout;
  readonly usedBytes: number;
}

/** Lays out all planes of a plan in new shared memory, and the main thread's view of them. */
export function layWorkbench(
  plan: Plan,
  own: Readonly<Record<string, number>>,
  limitBytes: number,
): SharedBench {
  const memory = openWaveMemory(limitBytes);
  const layout: Record<string, Piece> = {};
  for (const [name, count] of Object.entries(sizes(plan, own))) {
    const { byteOffset, length } = memory.floats(count);
    layout[name] = { byteOffset, length };
  }
  return {
    bench: openWorkbench(plan, layout, memory.memory, 0),
    memory: memory.memory,
    layout,
    usedBytes: memory.usedBytes,
  };
}

/** Bytes that the planes of a plan take. */
export function planBytes(plan: Plan, own: Readonly<Record<string, number>>): number {
  return 4 * Object.values(sizes(plan, own)).reduce((sum, count) => sum + count, 0);
}

const OWN = "own.";

/** Numbers of float32 values; float64 take two each. */
function sizes(plan: Plan, own: Readonly<Record<string, number>>): Record<string, number> {
  const { n, N, modes, width, height, threads, settings } = plan;
  const { batchSize } = settings;
  const [window, canvas] = [N * N, width * height];
  const waves = (name: string, count: number) => ({ [`${name}.re`]: count, [`${name}.im`]: count });
  const doubles = ["xStart", "yStart", "x", "y", "brightness", "misfit", "energy"];
  return {
    ...waves("canvas", canvas),
    ...waves("sums", canvas),
    weight: canvas,
    ...waves("probe", modes * window),
    ...waves("spectrum", modes * window),
    light: window,
    frames: (plan.framesResident ? n : batchSize) * window,
    ...waves("moved", (plan.probesResident ? n : batchSize) * modes * window),
    ...waves("change", batchSize * modes * window),
    ...waves("proposal", batchSize * window),
    ...waves("chunkProbe", CHUNKS * modes * window),
    slotLight: batchSize * window,
    chunkLight: CHUNKS * window,
    ...Object.fromEntries(doubles.map((name) => [name, 2 * n])),
    batch: batchSize,
    slotValues: 2 * 4 * batchSize,
    numbers: 2 * (NUMBER.parts + threads),
    ...waves("scratch.wave", threads * window),
    "scratch.plane": threads * window,
    ...waves("scratch.rows", threads * N),
    ...waves("scratch.columns", threads * N),
    "scratch.kernels": (threads * scratchBytes(N)) / 4,
    ...Object.fromEntries(Object.entries(own).map(([name, count]) => [OWN + name, count])),
  };
}

/** The planes of a layout as thread number `thread` sees them. */
export function openWorkbench(
  plan: Plan,
  layout: Layout,
  memory: WebAssembly.Memory,
  thread: number,
): Workbench {
  const { n, N, modes, settings } = plan;
  const window = N * N;
  const floats = (name: string) =>
    new Float32Array(memory.buffer, layout[name].byteOffset, layout[name].length);
  const doubles = (name: string) =>
    new Float64Array(memory.buffer, layout[name].byteOffset, layout[name].length / 2);
  const wave = (name: string): Wave => ({ re: floats(`${name}.re`), im: floats(`${name}.im`) });
  const planes = (all: Float32Array, count: number) =>
    Array.from({ length: count }, (_, i) => all.subarray(i * window, (i + 1) * window));
  const waves = (name: string, count: number): Wave[] => {
    const { re, im } = wave(name);
    const parts = { re: planes(re, count), im: planes(im, count) };
    return parts.re.map((part, i) => ({ re: part, im: parts.im[i] }));
  };
  const byMode = (all: readonly Wave[]): Wave[][] =>
    Array.from({ length: all.length / modes }, (_, i) => all.slice(i * modes, (i + 1) * modes));
  const mine = (all: Wave, size: number): Wave => ({
    re: all.re.subarray(thread * size, (thread + 1) * size),
    im: all.im.subarray(thread * size, (thread + 1) * size),
  });
  const movedCount = plan.probesResident ? n : settings.batchSize;
  const kernelScratch = layout["scratch.kernels"].byteOffset + thread * scratchBytes(N);
  return {
    plan,
    kernels: openWaveKernels(memory, kernelScratch, N),
    canvas: wave("canvas"),
    sums: wave("sums"),
    weight: floats("weight"),
    probe: waves("probe", modes),
    spectrum: waves("spectrum", modes),
    light: floats("light"),
    frames: planes(floats("frames"), plan.framesResident ? n : settings.batchSize),
    moved: byMode(waves("moved", movedCount * modes)),
    change: byMode(waves("change", settings.batchSize * modes)),
    proposal: waves("proposal", settings.batchSize),
    slotLight: planes(floats("slotLight"), settings.batchSize),
    chunkProbe: byMode(waves("chunkProbe", CHUNKS * modes)),
    chunkLight: planes(floats("chunkLight"), CHUNKS),
    xStartPx: doubles("xStart"),
    yStartPx: doubles("yStart"),
    xPx: doubles("x"),
    yPx: doubles("y"),
    brightness: doubles("brightness"),
    misfit: doubles("misfit"),
    energy: doubles("energy"),
    batch: new Int32Array(memory.buffer, layout.batch.byteOffset, layout.batch.length),
    slotValues: doubles("slotValues"),
    numbers: doubles("numbers"),
    own: Object.fromEntries(
      Object.keys(layout)
        .filter((name) => name.startsWith(OWN))
        .map((name) => [name.slice(OWN.length), floats(name)]),
    ),
    scratch: {
      wave: mine(wave("scratch.wave"), window),
      plane: floats("scratch.plane").subarray(thread * window, (thread + 1) * window),
      rows: mine(wave("scratch.rows"), N),
      columns: mine(wave("scratch.columns"), N),
    },
  };
}

/** Index of the canvas pixel under pixel [0, 0] of the window of a pattern. */
export function windowStart({ plan, xPx, yPx }: Workbench, pattern: number): number {
  const left = Math.round(xPx[pattern]) - plan.N / 2 - plan.originPx[0];
  const top = Math.round(yPx[pattern]) - plan.N / 2 - plan.originPx[1];
  return top * plan.width + left;
}
