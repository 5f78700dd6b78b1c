// What the probe of a scan file looks like, before anything is refused.
import type { StoredProbe } from "../scan-contents.js";

export interface ProbeFacts {
  readonly shape: readonly number[];
  /** Modes, where the shape is one that is read: [N, N], [N, N, 1], [P, N, N]; else undefined. */
  readonly modes: number | undefined;
  /** Edge of a mode, where all its sides are equal. */
  readonly N: number | undefined;
  readonly areFinite: boolean;
  readonly isZero: boolean;
  /** Diameter of the disc with the area in which the intensity reaches half its maximum; 0 for no usable probe. */
  readonly diameterPx: number;
  /** Share of the power of every mode. */
  readonly powerShares: readonly number[];
  /** Share of the power in the middle quarter of the window, and in its corners put together. */
  readonly centralShare: number;
  readonly cornerShare: number;
}

/** @param patternWidth decides whether [N, N, 1] or [P, N, N] is meant */
export function probeFacts({ shape, re, im }: StoredProbe, patternWidth: number | undefined): ProbeFacts {
  const { N, modes } = layoutOf(shape, patternWidth);
  const areFinite = re.every(Number.isFinite) && im.every(Number.isFinite);
  const isZero = !re.some((value) => value !== 0) && !im.some((value) => value !== 0);
  const unusable = { diameterPx: 0, powerShares: [], centralShare: 0, cornerShare: 0 };
  if (N === undefined || modes === undefined || !areFinite || isZero)
    return { ...{ shape, modes, N, areFinite, isZero }, ...unusable };
  const pixels = N * N;
  const intensity = new Float64Array(pixels);
  const powers = new Float64Array(modes);
  for (let i = 0; i < re.length; i++) {
    const value = re[i] ** 2 + im[i] ** 2;
    intensity[i % pixels] += value;
    powers[Math.floor(i / pixels)] += value;
  }
  const total = powers.reduce((sum, value) => sum + value, 0);
  const peak = intensity.reduce((most, value) => Math.max(most, value), 0);
  const half = intensity.reduce((count, value) => count + (value >= peak / 2 ? 1 : 0), 0);
  const inMiddle = (index: number) => index >= N / 4 && index < (3 * N) / 4;
  let [central, corner] = [0, 0];
  intensity.forEach((value, p) => {
    const [row, column] = [inMiddle(Math.floor(p / N)), inMiddle(p % N)];
    if (row && column) central += value;
    if (!row && !column) corner += value;
  });
  return {
    ...{ shape, modes, N, areFinite, isZero, diameterPx: 2 * Math.sqrt(half / Math.PI) },
    powerShares: Array.from(powers, (value) => value / total),
    ...{ centralShare: central / total, cornerShare: corner / total },
  };
}

function layoutOf(
  shape: readonly number[],
  width: number | undefined,
): { readonly N?: number; readonly modes?: number } {
  if (shape.length === 2 && shape[0] === shape[1]) return { N: shape[0], modes: 1 };
  if (shape.length !== 3) return {};
  const [a, b, c] = shape;
  if (c === 1 && a === b && (b !== 1 || width === a)) return { N: a, modes: 1 };
  return b === c && a > 0 ? { N: b, modes: a } : {};
}
