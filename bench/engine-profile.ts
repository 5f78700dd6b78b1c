// Where the time of an epoch goes: every call of every kernel timed, on one thread. The median of a kernel's calls stands
// for all of them: other work on the machine stretches only some.
import type { complex64 } from "../src/core/ndarray.js";
import type { FrameSource } from "../src/data/frame-source.js";
import { probeChanged } from "../src/engines/probe-modes.js";
import { moveAllProbes } from "../src/engines/project.js";
import { engineNamed } from "../src/engines/registry.js";
import type { Plan, Workbench } from "../src/engines/workbench.js";
import { layWorkbench, NUMBER } from "../src/engines/workbench.js";
import type { WaveKernels } from "../src/numeric/wave-kernels.js";

export interface KernelTime {
  readonly calls: number;
  /** Median of one call. */
  readonly us: number;
}

export interface EngineProfile {
  /** Wall time of the fastest epoch, one thread. */
  readonly epochMs: number;
  /** Calls of one epoch. */
  readonly kernels: Readonly<Record<string, KernelTime>>;
  /** The same epoch by the phases of the engine. */
  readonly phaseMs: Readonly<Record<string, number>>;
}

/** Runs `epochs` epochs of a plan and times each. */
export async function profileEngine(
  plan: Plan,
  frames: FrameSource,
  probe: ReturnType<typeof complex64>,
  xPx: Float64Array,
  yPx: Float64Array,
  epochs: number,
): Promise<EngineProfile> {
  const alone: Plan = { ...plan, threads: 1, framesResident: true };
  const engine = engineNamed(alone.engine);
  const { bench } = layWorkbench(alone, engine.planes?.(alone) ?? {}, 2 ** 32);
  fill(bench, frames, probe);
  for (const [target, values] of [
    [bench.xPx, xPx],
    [bench.yPx, yPx],
    [bench.xStartPx, xPx],
    [bench.yStartPx, yPx],
  ])
    target.set(values);
  bench.brightness.fill(1);
  bench.canvas.re.fill(1);
  probeChanged(bench);
  moveAllProbes(bench);
  const { kernels, calls } = timed(bench.kernels);
  const watched: Workbench = { ...bench, kernels };
  let epochMs = Number.POSITIVE_INFINITY;
  let phaseMs: Record<string, number> = {};
  for (let epoch = 0; epoch < epochs; epoch++) {
    const spentMs: Record<string, number> = {};
    const run = (name: string) => {
      const from = performance.now();
      engine.phases[name](watched, 0, 1);
      spentMs[name] = (spentMs[name] ?? 0) + performance.now() - from;
    };
    bench.numbers[NUMBER.epoch] = epoch;
    if (epoch === 0) engine.begin?.(watched, run);
    const from = performance.now();
    for await (const _ of engine.epoch(watched, run));
    const elapsedMs = performance.now() - from;
    if (elapsedMs < epochMs) [epochMs, phaseMs] = [elapsedMs, spentMs];
  }
  const times = [...calls].map(([name, us]) => [name, { calls: us.length / epochs, us: median(us) }]);
  return { epochMs, phaseMs, kernels: Object.fromEntries(times) };
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

/** Amplitudes with zero frequency at [0, 0] and mean energy N^2, and the probe with energy N^2, as engines have them. */
function fill({ plan, frames, probe }: Workbench, source: FrameSource, start: ReturnType<typeof complex64>) {
  const { n, N } = plan;
  const half = N / 2;
  const frame = new Float32Array(N * N);
  let energy = 0;
  for (let j = 0; j < n; j++) {
    source.read(j, frame);
    for (let i = 0; i < N * N; i++) {
      const [r, c] = [Math.floor(i / N), i % N];
      frames[j][i] = frame[((r + half) % N) * N + ((c + half) % N)];
      energy += frame[i] ** 2;
    }
  }
  const scale = N / Math.sqrt(energy / n);
  for (const plane of frames) for (let i = 0; i < plane.length; i++) plane[i] *= scale;
  const light = start.re.reduce((sum, value, i) => sum + value ** 2 + start.im[i] ** 2, 0);
  probe.forEach(({ re, im }, mode) => {
    for (let i = 0; i < N * N; i++) {
      re[i] = (N / Math.sqrt(light)) * start.re[mode * N * N + i];
      im[i] = (N / Math.sqrt(light)) * start.im[mode * N * N + i];
    }
  });
}

function timed(kernels: WaveKernels) {
  const calls = new Map<string, number[]>();
  const wrapped = Object.entries(kernels).map(([name, kernel]) => {
    const spentUs: number[] = [];
    calls.set(name, spentUs);
    const call = (...values: unknown[]) => {
      const from = performance.now();
      // biome-ignore lint/complexity/noBannedTypes: every kernel, whatever its arguments
      const result = (kernel as Function)(...values);
      spentUs.push(1000 * (performance.now() - from));
      return result;
    };
    return [name, call];
  });
  // Each entry is a kernel of the same name and arguments.
  return { kernels: Object.fromEntries(wrapped) as unknown as WaveKernels, calls };
}
