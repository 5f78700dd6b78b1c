// Parity of the simulation: objects, the default probe, scans, patterns and counts.
import { complex64, type NdArray } from "../../src/core/ndarray.js";
import { legacyRandom } from "../../src/numeric/random-legacy.js";
import { pcg64Random } from "../../src/numeric/random-pcg64.js";
import { mean } from "../../src/numeric/statistics.js";
import { extractPatch, simulateScan } from "../../src/simulation/acquire.js";
import { defaultProbe } from "../../src/simulation/default-probe.js";
import { detectorIntensity } from "../../src/simulation/detector-intensity.js";
import { cutPatches, nestedGrid, normaliseRegions } from "../../src/simulation/nested-grid.js";
import { followingPhase } from "../../src/simulation/object-phase.js";
import {
  centralLineImage,
  diagonalImage,
  diagonalMask,
  drawLineEnds,
  lineImage,
  lineMask,
  pointImage,
  randomField,
  randomFieldImage,
} from "../../src/simulation/original-images.js";
import { makeRandomScan } from "../../src/simulation/scans.js";
import { complexOf, realOf } from "./case-arrays.js";
import type { CaseArrays, CaseCheck, CaseJson, CheckResult } from "./check.js";
import { countChecks } from "./count-cases.js";
import { compareNamed, compareToLargest, compareValues, numbers } from "./data-compare.js";

export const simulationChecks: Readonly<Record<string, CaseCheck>> = {
  objects_lines: async ({ config }, arrays) => lineChecks(config, arrays),

  objects_points_diagonals: async ({ config }, arrays) =>
    config.seeds.flatMap((seed: number) =>
      compareNamed(arrays, 1e-11, {
        [`points_s${seed}`]: pointImage(config.N, legacyRandom(seed)),
        [`diagonals_s${seed}`]: diagonalImage(config.N, legacyRandom(seed)),
        [`diagonals_mask_s${seed}`]: diagonalMask(config.N, legacyRandom(seed)),
      }),
    ),

  objects_grf: async ({ config }, arrays) =>
    config.seeds.flatMap((seed: number) =>
      compareNamed(arrays, 1e-10, {
        [`normalized_s${seed}`]: randomField(config.N, legacyRandom(seed)),
        [`object_s${seed}`]: randomFieldImage(config.N, legacyRandom(seed)),
      }),
    ),

  default_probe: async (_json, arrays) =>
    Object.keys(arrays)
      .filter((name) => name.startsWith("probe_"))
      .flatMap((name) => probeChecks(name.replace("probe_", ""), arrays)),

  simulate_patterns: async ({ config }, arrays) => patternChecks(config, arrays),

  sim_grid_gridsize2: async ({ config }, arrays) => gridChecks(config, arrays),

  sim_nongrid_positions: async ({ config }, arrays) =>
    config.buffers.flatMap((marginPx: number, i: number) => {
      const { object_shape: objectShape, n: positions, seed } = config;
      const { xPx, yPx } = makeRandomScan({ positions, objectShape, marginPx, seed });
      return compareNamed(arrays, 0, { [`x_${i}`]: xPx, [`y_${i}`]: yPx });
    }),

  ...countChecks,
};

function lineChecks(config: CaseJson, arrays: CaseArrays): CheckResult[] {
  const { seeds, size, nlines } = config;
  const perSeed = seeds.flatMap((seed: number) => {
    const { randomSample } = legacyRandom(seed);
    const image = centralLineImage(size, nlines, randomSample);
    const ends = drawLineEnds(2 * size, nlines, legacyRandom(seed).randomSample);
    const level = mean(image);
    const spread = Math.sqrt(mean(image.map((value) => (value - level) ** 2)));
    const [least, most] = [image.reduce((a, b) => Math.min(a, b)), image.reduce((a, b) => Math.max(a, b))];
    return [
      ...compareNamed(arrays, 1e-11, {
        [`image_s${seed}`]: image,
        [`stats_s${seed}`]: [level, spread, least, most],
      }),
      ...compareNamed(arrays, 0, {
        [`line_ends_s${seed}`]: ends,
        [`mask_s${seed}`]: packedBits(lineMask(2 * size, ends)),
      }),
    ];
  });
  const last = numbers(arrays[`image_s${seeds.at(-1)}`]);
  const small = Object.keys(arrays).flatMap((name) => {
    const found = /^mk_lines_img_(\d+)_(\d+)$/.exec(name);
    if (found === null) return [];
    const [side, lines] = [Number(found[1]), Number(found[2])];
    return compareNamed(arrays, 1e-11, {
      [name]: lineImage(side, lines, legacyRandom(seeds[0]).randomSample),
      mk_lines_img_rng: lineImage(side, lines, pcg64Random(seeds[0]).randoms),
    });
  });
  return [
    ...perSeed,
    ...small,
    ...compareNamed(arrays, 1e-6, { dummy_phi_last: followingPhase(Float64Array.from(last), Math.PI) }),
  ];
}

/** Eight pixels a byte, the first in the highest bit. */
function packedBits(mask: Float64Array): number[] {
  return Array.from({ length: mask.length / 8 }, (_, byte) => {
    let bits = 0;
    for (let k = 0; k < 8; k++) bits = 2 * bits + mask[8 * byte + k];
    return bits;
  });
}

/** `key` is "<N>_s<scale, p for the point>"; a probe may be recorded as its upper left quadrant. */
function probeChecks(key: string, arrays: CaseArrays): CheckResult[] {
  const [side, scale] = key.split("_s");
  const N = Number(side);
  const { window, disk, probe } = defaultProbe(N, Number(scale.replace("p", ".")));
  const [rows, columns] = arrays[`probe_${key}`].shape;
  const part = Float64Array.from(
    { length: rows * columns },
    (_, i) => probe[Math.floor(i / columns) * N + (i % columns)],
  );
  const sum = (values: Float64Array) => values.reduce((total, value) => total + value, 0);
  return [
    ...compareNamed(arrays, 1e-12, { [`probe_${key}`]: part, [`filter_${key}`]: window }),
    compareToLargest(`sum_${key}`, [sum(probe)], numbers(arrays[`sum_${key}`]), 1e-11),
    ...compareNamed(arrays, 0, { [`disk_pixels_${key}`]: [sum(disk)] }),
  ];
}

function patternChecks(config: CaseJson, arrays: CaseArrays): CheckResult[] {
  const object = complexOf(arrays.object);
  const probe = complexOf(arrays.probe);
  const [xPx, yPx] = [arrays.xcoords, arrays.ycoords].map((array) => Float64Array.from(numbers(array)));
  const N = config.N;
  const patches = Array.from(xPx, (x, i) => extractPatch(object, x, yPx[i], N));
  const parts = (part: "re" | "im") => patches.flatMap((patch) => [...patch[part]]);
  const scan = simulateScan({ object, probe, xPx, yPx, photons: config.nphotons, noise: { kind: "none" } });
  const scale = scan.intensityScale;
  const amplitude = Float64Array.from(scan.diffraction.data, (value) => value / scale);
  const recorded = numbers(arrays.X_noise_free);
  const sums = (values: ArrayLike<number>) =>
    Array.from(xPx, (_, n) => {
      let sum = 0;
      for (let i = n * N * N; i < (n + 1) * N * N; i++) sum += values[i] ** 2;
      return sum;
    });
  const illuminated = Array.from(
    patches[0].re,
    (re, i) => Math.hypot(re, patches[0].im[i]) * Math.hypot(probe.re[i], probe.im[i]),
  );
  return [
    compareValues("patches", [...parts("re"), ...parts("im")], numbers(arrays.patches), 1e-5),
    ...Array.from(xPx, (_, n) =>
      compareToLargest(
        `X_noise_free ${n}`,
        amplitude.subarray(n * N * N, (n + 1) * N * N),
        recorded.slice(n * N * N, (n + 1) * N * N),
        2e-5,
      ),
    ),
    compareToLargest("Y_I", illuminated, numbers(arrays.Y_I), 2e-5),
    compareValues("intensity_scale", [scale], numbers(arrays.intensity_scale), 1e-5, "relative"),
    compareValues(
      "expected_counts_total",
      sums(scan.diffraction.data),
      numbers(arrays.expected_counts_total),
      2e-5,
      "relative",
    ),
    compareValues(
      "norm_Y_I_noise_free",
      [Math.sqrt(config.nphotons / mean(sums(amplitude)))],
      numbers(arrays.norm_Y_I_noise_free),
      1e-5,
      "relative",
    ),
  ];
}

function gridChecks(config: CaseJson, arrays: CaseArrays): CheckResult[] {
  const { N, gridsize, offset, outer_offset: outerOffsetPx, size, nphotons } = config;
  const grid = nestedGrid(size, { N, gridsize, offsetPx: offset, outerOffsetPx });
  const images = (name: string): NdArray => ({ ...realOf(arrays[name]), shape: [size, size] });
  const { amplitudes, norm } = normaliseRegions(cutPatches(images("YY_I"), grid, N));
  const phases = cutPatches(images("YY_phi"), grid, N);
  const [regions, members] = amplitudes.shape;
  const probe = complexOf(arrays.probe);
  const flat: NdArray<"float64"> = { ...amplitudes, shape: [regions * members, N, N] };
  const patches = complex64(
    flat.shape,
    Float32Array.from(flat.data, (value, i) => value * Math.cos(phases.data[i])),
    Float32Array.from(flat.data, (value, i) => value * Math.sin(phases.data[i])),
  );
  const square = { ...probe, shape: [N, N] };
  const intensity = detectorIntensity(patches, square);
  const energy = intensity.data.reduce((sum, value) => sum + value, 0) / (regions * members);
  const size2 = N * N;
  const channelLast = (values: ArrayLike<number>, count: number) =>
    Float64Array.from({ length: count * size2 * members }, (_, i) => {
      const [c, pixel, r] = [i % members, Math.floor(i / members) % size2, Math.floor(i / (members * size2))];
      return values[(r * members + c) * size2 + pixel];
    });
  const illuminated = flat.data.map(
    (value, i) => value * Math.hypot(probe.re[i % size2], probe.im[i % size2]),
  );
  const perAxis = ({ data }: NdArray<"float64">, axis: 0 | 1) =>
    Float64Array.from({ length: regions * members }, (_, k) => data[2 * k + axis]);
  const offsets = Float64Array.from({ length: 2 * regions * members }, (_, i) => {
    const [c, axis, r] = [i % members, Math.floor(i / members) % 2, Math.floor(i / (2 * members))];
    return grid.offsetsPx.data[2 * (r * members + c) + axis];
  });
  const first = (name: string) => arrays[name].shape[0];
  return compareNamed(arrays, 1e-5, {
    coords_offsets: offsets,
    coords_global_x: perAxis(grid.centresPx, 0),
    coords_global_y: perAxis(grid.centresPx, 1),
    Y_I_grid: flat.data,
    Y_phi_grid: phases.data,
    norm_Y_I: [norm],
    X_noise_free: channelLast(intensity.data.map(Math.sqrt), regions),
    Y_I_illuminated: channelLast(illuminated, first("Y_I_illuminated")),
    Y_phi: channelLast(phases.data, first("Y_phi")),
  }).concat([
    compareValues(
      "intensity_scale",
      [Math.sqrt(nphotons / energy)],
      numbers(arrays.intensity_scale),
      1e-5,
      "relative",
    ),
  ]);
}
