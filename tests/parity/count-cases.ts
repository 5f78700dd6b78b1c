// Parity of the seeded count simulator.
import { type ComplexArray, complex64, float64, type NdArray } from "../../src/core/ndarray.js";
import { pcg64Random } from "../../src/numeric/random-pcg64.js";
import { extractPatch } from "../../src/simulation/acquire.js";
import { measureCounts, roundToCounts } from "../../src/simulation/count-measurement.js";
import { compressPhase } from "../../src/simulation/object-phase.js";
import { makeJitteredGrid } from "../../src/simulation/scans.js";
import { complexOf } from "./case-arrays.js";
import type { CaseArrays, CaseCheck, CaseJson, CheckResult } from "./check.js";
import { compareNamed, compareToLargest, compareValues, numbers } from "./data-compare.js";

export const countChecks: Readonly<Record<string, CaseCheck>> = {
  sim_ci_counts: async ({ config }, arrays) => measuredCounts(config, arrays),
};

function measuredCounts(config: CaseJson, arrays: CaseArrays): CheckResult[] {
  const { N, obj_res: objectSizePx, n: positions, seed, jitter: jitterPx } = config;
  const { xPx, yPx } = makeJitteredGrid({ positions, N, objectSizePx, jitterPx, seed });
  const object = complexOf(arrays.object);
  const probe = complexOf(arrays.probe);
  const recorded = complexOf(arrays.patches);
  const count = recorded.shape[0];
  const found = Array.from({ length: count }, (_, i) => extractPatch(object, xPx[i], yPx[i], N));
  const measured = measureCounts(recorded, probe, config.target_mean_count, pcg64Random(config.poisson_seed));
  const rolled = withRolledMode(probe, 4, 0.3);
  const one = complex64([1, N, N], recorded.re.slice(0, N * N), recorded.im.slice(0, N * N));
  const two = measureCounts(one, rolled, config.target_mean_count, pcg64Random(config.poisson_seed));
  const corner = arrays.compress_phase.shape[0];
  const cut = (part: Float32Array) =>
    Float32Array.from(
      { length: corner * corner },
      (_, i) => part[Math.floor(i / corner) * objectSizePx + (i % corner)],
    );
  const firstExpected = numbers(arrays.expected).slice(0, N * N);
  return [
    ...compareNamed(arrays, 0, { x: xPx, y: yPx }),
    compareValues(
      "patches",
      [...found.flatMap((patch) => [...patch.re]), ...found.flatMap((patch) => [...patch.im])],
      numbers(recorded),
      1e-5,
    ),
    compareToLargest("expected", measured.expected.data, numbers(arrays.expected), 1e-6),
    compareToLargest("expected_2modes", two.expected.data, numbers(arrays.expected_2modes), 1e-6),
    compareToLargest("probe_physical", numbers(measured.probe), numbers(arrays.probe_physical), 1e-6),
    compareValues(
      "dose",
      [measured.doseIntensity, measured.doseAmplitude],
      numbers(arrays.dose),
      1e-6,
      "relative",
    ),
    compareCounts("counts", measured.counts, measured.expected, arrays.counts),
    compareCounts("counts_2modes", two.counts, two.expected, arrays.counts_2modes),
    compareValues(
      "compress_phase",
      numbers(compressPhase(complex64([corner, corner], cut(object.re), cut(object.im)), 0.5)),
      numbers(arrays.compress_phase),
      1e-5,
    ),
    compareValues(
      "legacy_counts",
      numbers(roundToCounts(float64([1, N, N], firstExpected.map(Math.sqrt)), 20)),
      numbers(arrays.legacy_counts),
      0,
    ),
  ];
}

/** [probe, share x probe moved down by `rows`], as the case makes its second mode. */
function withRolledMode(probe: ComplexArray, rows: number, share: number): ComplexArray {
  const N = probe.shape[0];
  const both = (part: Float32Array) =>
    Float32Array.from({ length: 2 * N * N }, (_, i) => {
      if (i < N * N) return part[i];
      const row = (Math.floor(i / N) - N - rows + N) % N;
      return Math.fround(share * part[row * N + (i % N)]);
    });
  return complex64([2, N, N], both(probe.re), both(probe.im));
}

/**
 * The expectations of the original come from a single precision transform, so a draw that hangs on the last digit goes
 * another way, and the stream with it: the counts are compared as samples of the expectation, both by their mean and by
 * their chi square.
 */
function compareCounts(
  name: string,
  actual: NdArray,
  expected: NdArray<"float64">,
  reference: CaseArrays[string],
): CheckResult {
  const deviation = (counts: readonly number[]) => {
    let [sum, square, used] = [0, 0, 0];
    counts.forEach((count, i) => {
      const rate = expected.data[i];
      sum += count - rate;
      if (rate < 1) return;
      square += (count - rate) ** 2 / rate;
      used++;
    });
    const total = expected.data.reduce((a, b) => a + b, 0);
    return [sum / Math.sqrt(total), (square - used) / Math.sqrt(2 * used)];
  };
  const [ours, theirs] = [numbers(actual), numbers(reference)];
  const equal = ours.filter((value, i) => value === theirs[i]).length;
  const sigmas = [...deviation(ours), ...deviation(theirs)];
  return {
    name,
    passed: ours.length === theirs.length && sigmas.every((sigma) => Math.abs(sigma) < 4),
    detail: `${equal} of ${ours.length} equal; mean and chi square off by ${sigmas.map((s) => s.toFixed(2)).join(", ")} sigma`,
  };
}
