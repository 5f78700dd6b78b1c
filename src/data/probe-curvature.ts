// The defocus of the beam, told by how the shadow of the object moves over the detector when the scan moves.
import { check } from "../core/errors.js";
import type { NdArray } from "../core/ndarray.js";
import { type ComplexBuffer, makeFft2 } from "../numeric/fft.js";
import { nearestNeighbours } from "../numeric/neighbours.js";
import { type Pcg64Random, pcg64Random } from "../numeric/random-pcg64.js";
import { median } from "../numeric/statistics.js";

export interface ProbeCurvature {
  /**
   * a of the phase pi a |k|^2 / N of the probe's spectrum, k in detector pixels from the centre: frequency k lights the
   * object a k pixels from the centre of the probe, on the side of -k for positive a.
   */
  readonly curvature: number;
  /** Correlation of the contrast of two patterns where one is laid on the shadow of the other, 0 to 1. */
  readonly correlation: number;
  /** How far the correlation lies above that of the opposite curvature, in standard errors. */
  readonly significance: number;
}

/** Pairs of patterns that are compared; with fewer patterns than this nothing is said. */
const PAIRS = 400;
const LEAST_PATTERNS = 12;
/** Longer edges are binned to this one. */
const MOST_PIXELS = 128;
/** Curvatures that are tried: magnitudes from 0.05 in steps of 4 %. */
const LEAST_CURVATURE = 0.05;
const CURVATURE_STEP = 1.04;
/** A shift is judged where the shadows overlap by this part of the aperture, and for this part of the pairs. */
const LEAST_OVERLAP = 0.1;
const LEAST_SHARE = 0.2;
/** The move between the patterns of a pair, in parts of N, unless the scan's step is longer. */
const MOVE = 1 / 6;

/**
 * The curvature under which pairs of near patterns agree best. In geometrical optics detector pixel k of a defocused
 * beam shows the object at x - a k, so that a move of d shifts its shadow by d / a (the ronchigram of electron
 * microscopy, the in-line hologram of X-rays); the far field of a focused beam does not move.
 *
 * @param amplitudes [n, N, N], zero frequency at N/2, negative where not measured
 * @param mean mean intensity [N * N], see `meanPattern`
 * @returns undefined with fewer than 12 patterns, or none that lie apart
 */
export function measureCurvature(
  amplitudes: NdArray<"float32">,
  xPx: Float64Array,
  yPx: Float64Array,
  mean: Float64Array,
): ProbeCurvature | undefined {
  const [n, N] = amplitudes.shape;
  check(
    xPx.length === n && yPx.length === n && mean.length === N * N,
    "ShapeError",
    () => `measureCurvature: ${n} patterns need as many positions, got ${xPx.length} and ${yPx.length}`,
  );
  const pairs = n < LEAST_PATTERNS ? [] : choosePairs(xPx, yPx, N * MOVE, pcg64Random(1));
  if (pairs.length < LEAST_PATTERNS) return undefined;
  const bin = Math.max(1, Math.floor(N / MOST_PIXELS));
  const M = N / bin;
  const correlate = crossCorrelator(M);
  const aperture = binned(mean.map(Math.sqrt), N, bin);
  const overlap = correlate(aperture, aperture);
  const contrast = contrastReader(amplitudes.data, N, bin);
  const magnitudes = curvaturesToTry(mean, N);
  const trials = magnitudes.map(() => ({ ahead: 0, back: 0, light: 0, asymmetry: 0, asymmetrySquared: 0 }));
  let variance = 0;
  for (const [i, j] of pairs) {
    const [first, second] = [contrast(i), contrast(j)];
    const map = correlate(first, second);
    variance += energyOf(first) + energyOf(second);
    const [dx, dy] = [(xPx[j] - xPx[i]) / bin, (yPx[j] - yPx[i]) / bin];
    magnitudes.forEach((magnitude, t) => {
      const [x, y] = [dx / magnitude, dy / magnitude];
      if (Math.max(Math.abs(x), Math.abs(y)) > M / 2 - 2) return;
      const light = sample(overlap, M, x, y);
      if (light < LEAST_OVERLAP * overlap[0]) return;
      const [ahead, back] = [sample(map, M, x, y), sample(map, M, -x, -y)];
      const trial = trials[t];
      trial.ahead += ahead;
      trial.back += back;
      trial.light += light;
      trial.asymmetry += ahead - back;
      trial.asymmetrySquared += (ahead - back) ** 2;
    });
  }
  // Contrast times aperture on both sides: the pairs' energy over the aperture's makes 1 of a full agreement.
  const scale = variance / (2 * pairs.length) / overlap[0];
  const enough = LEAST_SHARE * trials.reduce((most, { light }) => Math.max(most, light), 0);
  const scores = trials.map(({ ahead, back, light }) =>
    light > 0 && light >= enough ? Math.max(ahead, back) / (light * scale) : Number.NEGATIVE_INFINITY,
  );
  const best = scores.indexOf(Math.max(...scores));
  const { ahead, back, asymmetry, asymmetrySquared } = trials[best];
  return {
    // A shift of d / a towards +k for a move of +d is a positive curvature.
    curvature: ahead >= back ? magnitudes[best] : -magnitudes[best],
    correlation: scores[best],
    significance: asymmetrySquared > 0 ? Math.abs(asymmetry) / Math.sqrt(asymmetrySquared) : 0,
  };
}

/** Pairs (i, j) of patterns that lie apart, by no more than `movePx` or 1.6 steps of the scan. */
function choosePairs(
  xPx: Float64Array,
  yPx: Float64Array,
  movePx: number,
  random: Pcg64Random,
): readonly (readonly [number, number])[] {
  const n = xPx.length;
  const limit = Math.max(movePx, 1.6 * typicalStep(xPx, yPx));
  const pairs: (readonly [number, number])[] = [];
  for (let t = 0; t < 2 * PAIRS && pairs.length < PAIRS; t++) {
    const i = Math.floor(n * random.random());
    const near: number[] = [];
    for (let j = 0; j < n; j++) {
      const distance = Math.hypot(xPx[j] - xPx[i], yPx[j] - yPx[i]);
      if (distance > limit / 8 && distance <= limit) near.push(j);
    }
    if (near.length > 0) pairs.push([i, near[Math.floor(near.length * random.random())]]);
  }
  return pairs;
}

/** Median distance to the nearest neighbour of a scan of two or more patterns, pixels. */
export function typicalStep(xPx: Float64Array, yPx: Float64Array): number {
  const { distances } = nearestNeighbours(xPx, yPx, 2);
  return median(distances.data.filter((_, i) => i % 2 === 1));
}

function curvaturesToTry(mean: Float64Array, N: number): readonly number[] {
  const most = Math.max(N / 2 / rmsRadius(mean, N), 2 * LEAST_CURVATURE);
  const count = Math.ceil(Math.log(most / LEAST_CURVATURE) / Math.log(CURVATURE_STEP));
  return Array.from({ length: count + 1 }, (_, t) => LEAST_CURVATURE * CURVATURE_STEP ** t);
}

/** Root mean squared distance from N/2 of what [N * N] holds. */
export function rmsRadius(values: Float64Array, N: number): number {
  let [sum, weight] = [0, 0];
  values.forEach((value, p) => {
    weight += value;
    sum += value * ((Math.floor(p / N) - N / 2) ** 2 + ((p % N) - N / 2) ** 2);
  });
  return Math.sqrt(sum / weight);
}

/** Sums over squares of `bin` pixels, [N * N] to [(N / bin)^2]; what does not fill a square is left out. */
function binned(values: Float64Array, N: number, bin: number): Float64Array {
  const M = Math.floor(N / bin);
  const sums = new Float64Array(M * M);
  for (let r = 0; r < M * bin; r++)
    for (let c = 0; c < M * bin; c++)
      sums[Math.floor(r / bin) * M + Math.floor(c / bin)] += values[r * N + c];
  return sums;
}

/** Reads a pattern as its deviation from the mean amplitude, 0 where it was not measured. */
function contrastReader(data: Float32Array, N: number, bin: number): (pattern: number) => Float64Array {
  const pixels = N * N;
  const sum = new Float64Array(pixels);
  const times = new Uint32Array(pixels);
  for (let i = 0; i < data.length; i++) {
    if (data[i] < 0) continue;
    sum[i % pixels] += data[i];
    times[i % pixels]++;
  }
  return (pattern) => {
    const values = Float64Array.from(data.subarray(pattern * pixels, (pattern + 1) * pixels), (value, p) =>
      value < 0 ? 0 : value - sum[p] / times[p],
    );
    return bin === 1 ? values : binned(values, N, bin);
  };
}

/** sum_k first(k) second(k + shift) of real [M, M], periodic, at every shift; zero shift at [0, 0]. */
function crossCorrelator(M: number): (first: Float64Array, second: Float64Array) => Float64Array {
  const transform = makeFft2(M, M);
  return (first, second) => {
    // Both real arrays in one transform: their spectra are the two Hermitian parts of it.
    const both: ComplexBuffer = { re: first.slice(), im: second.slice() };
    transform(both, "forward");
    const cross: ComplexBuffer = { re: new Float64Array(M * M), im: new Float64Array(M * M) };
    for (let p = 0; p < M * M; p++) {
      const opposite = ((M - Math.floor(p / M)) % M) * M + ((M - (p % M)) % M);
      const [firstRe, firstIm] = [(both.re[p] + both.re[opposite]) / 2, (both.im[p] - both.im[opposite]) / 2];
      const [secondRe, secondIm] = [
        (both.im[p] + both.im[opposite]) / 2,
        (both.re[opposite] - both.re[p]) / 2,
      ];
      cross.re[p] = firstRe * secondRe + firstIm * secondIm;
      cross.im[p] = firstRe * secondIm - firstIm * secondRe;
    }
    transform(cross, "inverse");
    return cross.re;
  };
}

/** Bilinear value of periodic [M, M] at column x, row y. */
function sample(map: Float64Array, M: number, x: number, y: number): number {
  const [left, top] = [Math.floor(x), Math.floor(y)];
  const [fx, fy] = [x - left, y - top];
  const at = (row: number, column: number) => map[(((row % M) + M) % M) * M + (((column % M) + M) % M)];
  return (
    (1 - fy) * ((1 - fx) * at(top, left) + fx * at(top, left + 1)) +
    fy * ((1 - fx) * at(top + 1, left) + fx * at(top + 1, left + 1))
  );
}

function energyOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value * value, 0);
}
