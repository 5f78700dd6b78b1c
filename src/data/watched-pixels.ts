// What the patterns of a scan say of every pixel of the detector: how often it is lit, and how often it stands out.
import type { PixelMask } from "./pixel-mask.js";

/** Static faults are looked for in at most this many patterns, spread evenly. */
const MOST_PATTERNS = 1000;
/** Intensity of a hot pixel over that of its third brightest neighbour; in the beam's centre no chance is taken. */
const HOT_RATIO = { outside: 6, beam: 50 } as const;
/** Half the edge of the square about N/2 that holds the direct beam. */
const BEAM_PX = 2;

/** What the patterns say of every pixel. */
export interface Watched {
  /** [N * N] patterns in which the pixel was measured, was above 0, and was more intense than its neighbours by the ratio. */
  readonly times: Uint32Array;
  readonly lit: Uint32Array;
  readonly outstanding: Uint32Array;
  readonly least: Float32Array;
  readonly most: Float32Array;
}

/** Watches amplitudes [n, N, N]; negative values, and known bad ones, are not measured. */
export function watchPixels(data: Float32Array, N: number, known: PixelMask | undefined): Watched {
  const pixels = N * N;
  const n = data.length / pixels;
  const stride = Math.ceil(n / MOST_PATTERNS);
  const seen: Watched = {
    times: new Uint32Array(pixels),
    lit: new Uint32Array(pixels),
    outstanding: new Uint32Array(pixels),
    least: new Float32Array(pixels).fill(Number.POSITIVE_INFINITY),
    most: new Float32Array(pixels),
  };
  const around = Array.from({ length: pixels }, (_, p) => neighboursOf(p, N));
  const frame = new Float32Array(pixels);
  for (let pattern = 0; pattern < n; pattern += stride) {
    const from = pattern * pixels;
    for (let p = 0; p < pixels; p++)
      frame[p] =
        known !== undefined && known.data[(from + p) % known.data.length] === 1 ? -1 : data[from + p];
    for (let p = 0; p < pixels; p++) {
      const value = frame[p];
      if (value < 0) continue;
      seen.times[p]++;
      if (value < seen.least[p]) seen.least[p] = value;
      if (value > seen.most[p]) seen.most[p] = value;
      if (value === 0) continue;
      seen.lit[p]++;
      // Third brightest of 8, brightest of 5 or 3: it stands out if fewer neighbours than that reach value / ratio.
      const limit = value / Math.sqrt(isBeam(p, N) ? HOT_RATIO.beam : HOT_RATIO.outside);
      let reaching = around[p].length === 8 ? 3 : 1;
      for (const q of around[p]) if (frame[q] >= limit && --reaching === 0) break;
      if (reaching > 0) seen.outstanding[p]++;
    }
  }
  return seen;
}

/** The pixels around one of [N, N]: 8, or 5 or 3 at the border. */
export function neighboursOf(pixel: number, N: number): readonly number[] {
  const [row, column] = [Math.floor(pixel / N), pixel % N];
  const found: number[] = [];
  for (let r = Math.max(0, row - 1); r <= Math.min(N - 1, row + 1); r++)
    for (let c = Math.max(0, column - 1); c <= Math.min(N - 1, column + 1); c++)
      if (r !== row || c !== column) found.push(r * N + c);
  return found;
}

function isBeam(pixel: number, N: number): boolean {
  const off = (index: number) => Math.abs(index - N / 2) <= BEAM_PX;
  return off(Math.floor(pixel / N)) && off(pixel % N);
}
