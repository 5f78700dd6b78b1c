// How a DFT of length N is cut into passes, and where its twiddle factors and work planes lie in the scratch.
// Stockham's self-sorting transform (Van Loan 1992, section 1.7); one pass with radix R turns x into
//   y[q + s (R p + k)] = w^(p k) sum_j x[q + s (p + m j)] exp(-2 pi i j k / R),  w = exp(-2 pi i / (R m)), q < s, p < m.

/** One pass: s is the distance of its outputs k, m the number of its twiddle factors p; R s m = N. */
export interface Pass {
  readonly radix: 2 | 4;
  readonly s: number;
  readonly m: number;
}

export interface Schedule {
  readonly passes: readonly Pass[];
  /** Columns of one strip; whole cache lines, both work planes near the core. */
  readonly stripWidth: number;
  /** Twiddle factors, to lie at the start of the scratch. */
  readonly table: Float32Array;
  /** Byte offset in the table of the first pass of a row: per 4 p, per k >= 1, cosines of 4 p then sines of 4 p. */
  readonly firstRowTable: number;
  /** Byte offset of the first pass of a column: per p, per k >= 1, cosine and sine, divided by N. */
  readonly firstColumnTable: number;
  /** Byte offsets of all later passes, the same in rows and columns: per p, per k >= 1, cosine and sine. */
  readonly laterTables: readonly number[];
  /** Byte offsets in the scratch of two complex work planes of N elements of stripWidth columns. */
  readonly work: readonly { readonly re: number; readonly im: number }[];
  readonly scratchBytes: number;
}

const ALIGNMENT = 64;
/** Past a multiple of the page, so that the work planes do not compete for the same cache sets. */
const SKEW = 320;

export function scheduleOf(N: number): Schedule {
  const passes = passesOf(N);
  const values: number[] = [];
  const append = (more: readonly number[]): number => {
    const at = values.length * 4;
    for (const one of more) values.push(one);
    return at;
  };
  const firstRowTable = append(fourAtATime(passes[0]));
  const firstColumnTable = append(oneAtATime(passes[0]).map((factor) => factor / N));
  const laterTables = passes.map((pass, index) => (index === 0 ? firstRowTable : append(oneAtATime(pass))));
  const stripWidth = N <= 64 ? 8 : 16;
  const tableBytes = Math.ceil((values.length * 4) / ALIGNMENT) * ALIGNMENT;
  const planeBytes = N * stripWidth * 4 + SKEW;
  const plane = (index: number): number => tableBytes + index * planeBytes;
  return {
    passes,
    stripWidth,
    table: Float32Array.from(values),
    firstRowTable,
    firstColumnTable,
    laterTables,
    work: [0, 2].map((index) => ({ re: plane(index), im: plane(index + 1) })),
    scratchBytes: plane(4),
  };
}

function passesOf(N: number): Pass[] {
  const passes: Pass[] = [];
  for (let s = 1; s < N; ) {
    const radix = N / s >= 4 ? 4 : 2;
    passes.push({ radix, s, m: N / s / radix });
    s *= radix;
  }
  return passes;
}

function angle({ radix, m }: Pass, p: number, k: number): number {
  return (-2 * Math.PI * p * k) / (radix * m);
}

function oneAtATime(pass: Pass): number[] {
  const factors: number[] = [];
  for (let p = 0; p < pass.m; p++)
    for (let k = 1; k < pass.radix; k++)
      factors.push(Math.cos(angle(pass, p, k)), Math.sin(angle(pass, p, k)));
  return factors;
}

function fourAtATime(pass: Pass): number[] {
  const factors: number[] = [];
  for (let p = 0; p < pass.m; p += 4)
    for (let k = 1; k < pass.radix; k++)
      for (const part of [Math.cos, Math.sin])
        for (let lane = 0; lane < 4; lane++) factors.push(part(angle(pass, p + lane, k)));
  return factors;
}
