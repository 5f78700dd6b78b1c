// The arithmetic of one butterfly of a Fourier transform as WebAssembly SIMD code, on vectors held in variables.

import { type Code, f32x4, type Local, type Operand, set, v128 } from "./wasm-module.js";

/** Bytes of a vector. */
export const VECTOR = 16;

export const PARTS = ["re", "im"] as const;

export interface Complex {
  readonly re: Local;
  readonly im: Local;
}

/** Twiddle factor k of a butterfly, or null where it is 1. */
export type Twiddle = ((k: number) => { readonly re: Code; readonly im: Code }) | null;

/** x[k] = twiddle(k) * sum_j x[j] exp(-2 pi i j k / radix), times `scale` where the twiddle does not hold it. */
export function butterfly(
  x: readonly Complex[],
  t: readonly Local[],
  radix: number,
  twiddle: Twiddle,
  scale: Local | null,
): Code {
  return [
    radix === 4 ? dft4(x, t) : dft2(x, t),
    x.slice(0, radix).map((y, k) => {
      if (k > 0 && twiddle !== null) return turn(y, twiddle(k), t);
      return scale === null ? [] : PARTS.map((part) => set(y[part], f32x4.mul(y[part], scale)));
    }),
  ];
}

function turn({ re, im }: Complex, by: { readonly re: Code; readonly im: Code }, t: readonly Local[]): Code {
  const { add, sub, mul } = f32x4;
  return [
    set(t[0], by.re),
    set(t[1], by.im),
    set(t[2], sub(mul(re, t[0]), mul(im, t[1]))),
    set(im, add(mul(re, t[1]), mul(im, t[0]))),
    set(re, t[2]),
  ];
}

function dft2([x0, x1]: readonly Complex[], t: readonly Local[]): Code {
  return PARTS.map((part) => [
    set(t[0], f32x4.sub(x0[part], x1[part])),
    set(x0[part], f32x4.add(x0[part], x1[part])),
    set(x1[part], t[0]),
  ]);
}

function dft4([x0, x1, x2, x3]: readonly Complex[], t: readonly Local[]): Code {
  const { add, sub } = f32x4;
  return [
    PARTS.map((part, index) => [
      set(t[4 * index], add(x0[part], x2[part])),
      set(t[4 * index + 1], sub(x0[part], x2[part])),
      set(t[4 * index + 2], add(x1[part], x3[part])),
      set(t[4 * index + 3], sub(x1[part], x3[part])),
    ]),
    set(x0.re, add(t[0], t[2])),
    set(x0.im, add(t[4], t[6])),
    set(x2.re, sub(t[0], t[2])),
    set(x2.im, sub(t[4], t[6])),
    set(x1.re, add(t[1], t[7])),
    set(x1.im, sub(t[5], t[3])),
    set(x3.re, sub(t[1], t[7])),
    set(x3.im, add(t[5], t[3])),
  ];
}

/** Stores column i of four vectors as vector i. */
export function storeTransposed(
  [a, b, c, d]: readonly Local[],
  t: readonly Local[],
  to: Local,
  at: number,
): Code {
  const { shuffle } = f32x4;
  const put = (row: number, content: Operand): Code => v128.store(to, content, at + row * VECTOR);
  return [
    set(t[0], shuffle(a, b, [0, 4, 1, 5])),
    set(t[1], shuffle(c, d, [0, 4, 1, 5])),
    set(t[2], shuffle(a, b, [2, 6, 3, 7])),
    set(t[3], shuffle(c, d, [2, 6, 3, 7])),
    put(0, shuffle(t[0], t[1], [0, 1, 4, 5])),
    put(1, shuffle(t[0], t[1], [2, 3, 6, 7])),
    put(2, shuffle(t[2], t[3], [0, 1, 4, 5])),
    put(3, shuffle(t[2], t[3], [2, 3, 6, 7])),
  ];
}
