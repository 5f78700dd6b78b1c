// A workbench with all planes filled at random: what the parts of an engine are tested on.
import { momentumPlanes } from "../../src/engines/momentum.js";
import { probeChanged } from "../../src/engines/probe-modes.js";
import { layWorkbench, NUMBER, type Plan, type Workbench } from "../../src/engines/workbench.js";
import { pcg64Random } from "../../src/numeric/random-pcg64.js";
import type { Wave } from "../../src/numeric/wave-memory.js";
import { settingsFor } from "./known-scan.js";

export interface BenchOptions {
  readonly n?: number;
  readonly modes?: number;
  readonly batchSize?: number;
  readonly settings?: Partial<Plan["settings"]>;
  readonly seed?: number;
}

/** N = 16; positions between pixels; object near 1, probe and amplitudes of mean square near 1. */
export function smallBench({
  n = 11,
  modes = 2,
  batchSize = n,
  settings,
  seed = 1,
}: BenchOptions = {}): Workbench {
  const plan: Plan = {
    engine: "rpie",
    settings: settingsFor("rpie", { batchSize, ...settings }),
    ...{ n, N: 16, modes, width: 36, height: 32, originPx: [-3, 5], threads: 1 },
    ...{ framesResident: true, probesResident: false },
  };
  const { bench } = layWorkbench(plan, momentumPlanes(plan), 64 * 2 ** 20);
  const random = pcg64Random(seed);
  const fill = (values: Float32Array, mean: number, sigma: number) =>
    values.set(random.normal(mean, sigma, values.length));
  const { canvas, probe, frames, xPx, yPx, brightness, batch, numbers } = bench;
  for (const plane of [canvas.re, canvas.im]) fill(plane, plane === canvas.re ? 1 : 0, 0.3);
  for (const mode of probe) for (const plane of [mode.re, mode.im]) fill(plane, 0, 0.7);
  for (const frame of frames) {
    fill(frame, 1, 0.5);
    for (let i = 0; i < frame.length; i++) frame[i] = Math.abs(frame[i]);
  }
  xPx.set(random.uniform(-3 + 8 + 2, -3 + 36 - 8 - 3, n));
  yPx.set(random.uniform(5 + 8 + 2, 5 + 32 - 8 - 3, n));
  bench.xStartPx.set(xPx);
  bench.yStartPx.set(yPx);
  brightness.set(random.uniform(0.8, 1.2, n));
  batch.set(random.permutation(n).subarray(0, batchSize));
  numbers[NUMBER.count] = batchSize;
  probeChanged(bench);
  return bench;
}

/** A complex plane in float64. */
export interface Field {
  readonly re: Float64Array;
  readonly im: Float64Array;
}

export const toField = ({ re, im }: Wave): Field => ({
  re: Float64Array.from(re),
  im: Float64Array.from(im),
});

/** Largest distance of two fields, over the largest modulus of the second. */
export function fieldError(found: Wave | Field, expected: Wave | Field): number {
  let [worst, largest] = [0, 0];
  for (let i = 0; i < expected.re.length; i++) {
    worst = Math.max(worst, Math.hypot(found.re[i] - expected.re[i], found.im[i] - expected.im[i]));
    largest = Math.max(largest, Math.hypot(expected.re[i], expected.im[i]));
  }
  return worst / largest;
}
