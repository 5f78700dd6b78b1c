// NumPy's default_rng: SeedSequence, the PCG64 (XSL-RR 128/64) generator, and the Generator draws used here.
// 128-bit words are eight 16-bit limbs, least significant first, which is several times faster than BigInt.

import { check } from "../core/errors.js";
import { drawPoisson } from "./poisson.js";
import { generateSeedWords } from "./seed-sequence.js";
import { LAYER_EDGES, TAIL_START } from "./ziggurat.js";

/** A restorable position in a PCG64 stream. Plain data, safe to store as JSON. */
export interface Pcg64State {
  /** 16-bit limbs of the 128-bit state, least significant first. */
  readonly state: readonly number[];
  readonly increment: readonly number[];
  /** High half of the last 64-bit word, if a 32-bit draw left it over. */
  readonly bufferedUint32: number | null;
}

/** A PCG64 stream. Every method advances it exactly as the method of `np.random.default_rng(seed)` does. */
export interface Pcg64Random {
  nextUint64(): bigint;
  nextUint32(): number;
  /** One double in [0, 1). */
  random(): number;
  randoms(count: number): Float64Array;
  uniform(low: number, high: number, count: number): Float64Array;
  /** Integers in [low, high), Lemire's method. */
  integers(low: number, high: number, count: number): Float64Array;
  permutation(n: number): Int32Array;
  shuffle(values: Int32Array | Float64Array | number[]): void;
  choice(n: number, size: number, replace: boolean): Int32Array;
  standardNormal(count: number): Float64Array;
  normal(mean: number, sigma: number, count: number): Float64Array;
  poisson(rate: number): number;
  save(): Pcg64State;
  restore(state: Pcg64State): void;
}

const LIMBS = 8;
const MULTIPLIER = limbsOf(0x2360ed051fc65da44385df649fccf645n);
const TWO_32 = 4294967296;

/**
 * A new stream, equal to `np.random.default_rng(seed)`.
 *
 * @throws PtychoError UsageError for a negative or fractional seed.
 */
export function pcg64Random(seed: number | bigint): Pcg64Random {
  let state = new Array<number>(LIMBS).fill(0);
  let increment = new Array<number>(LIMBS).fill(0);
  let buffered: number | null = null;
  // Halves of the last 64-bit word.
  let high = 0;
  let low = 0;

  function step(): void {
    const next = new Array<number>(LIMBS);
    let carry = 0;
    for (let k = 0; k < LIMBS; k++) {
      let sum = carry + increment[k];
      for (let i = 0; i <= k; i++) sum += state[i] * MULTIPLIER[k - i];
      const limb = sum % 65536;
      next[k] = limb;
      carry = (sum - limb) / 65536;
    }
    state = next;
  }

  /** Steps, then sets `high` and `low` to the output: the folded halves rotated right by the top six bits. */
  function advance(): void {
    step();
    const foldedLow = ((state[1] ^ state[5]) << 16) | (state[0] ^ state[4]);
    const foldedHigh = ((state[3] ^ state[7]) << 16) | (state[2] ^ state[6]);
    const turn = state[7] >>> 10;
    const [a, b] = turn < 32 ? [foldedLow, foldedHigh] : [foldedHigh, foldedLow];
    const bits = turn & 31;
    low = (bits === 0 ? a : (a >>> bits) | (b << (32 - bits))) >>> 0;
    high = (bits === 0 ? b : (b >>> bits) | (a << (32 - bits))) >>> 0;
  }

  function nextUint64(): bigint {
    advance();
    return (BigInt(high) << 32n) | BigInt(low);
  }

  function nextUint32(): number {
    if (buffered !== null) {
      const value = buffered;
      buffered = null;
      return value;
    }
    advance();
    buffered = high;
    return low;
  }

  function random(): number {
    advance();
    return (high * 2097152 + (low >>> 11)) / 9007199254740992;
  }

  /** Uniform integer in 0..range without modulo bias (Lemire 2019), on 32-bit or 64-bit words. */
  function bounded(range: number): number {
    if (range === 0) return 0;
    if (range > 0xffffffff) return boundedWide(BigInt(range));
    if (range === 0xffffffff) return nextUint32();
    const span = range + 1;
    const threshold = (TWO_32 - span) % span;
    for (;;) {
      const [top, bottom] = multiplyWords(nextUint32(), span);
      if (bottom >= threshold) return top;
    }
  }

  function boundedWide(range: bigint): number {
    const span = range + 1n;
    const threshold = ((1n << 64n) - span) % span;
    for (;;) {
      const product = nextUint64() * span;
      if (BigInt.asUintN(64, product) >= threshold) return Number(product >> 64n);
    }
  }

  /** Uniform integer in 0..max by masked rejection, as NumPy's whole-array shuffle draws it. */
  function interval(max: number): number {
    const mask = (2 ** (32 - Math.clz32(max)) - 1) >>> 0;
    for (;;) {
      const value = (nextUint32() & mask) >>> 0;
      if (value <= max) return value;
    }
  }

  function shuffle(values: Int32Array | Float64Array | number[]): void {
    for (let i = values.length - 1; i > 0; i--) swap(values, i, interval(i));
  }

  /** The partial shuffle inside `choice`, whose indices NumPy draws by Lemire's method. */
  function shuffleDownTo(values: Int32Array, first: number): void {
    for (let i = values.length - 1; i >= first; i--) swap(values, i, bounded(i));
  }

  function permutation(n: number): Int32Array {
    const values = Int32Array.from({ length: n }, (_, i) => i);
    shuffle(values);
    return values;
  }

  function choice(n: number, size: number, replace: boolean): Int32Array {
    check(
      size === 0 || (n > 0 && (replace || size <= n)),
      "UsageError",
      () => `choice: cannot take ${size} of ${n} without replacement; ask for at most ${n}`,
    );
    if (replace) return Int32Array.from({ length: size }, () => bounded(n - 1));
    if (n > 10000 && size > Math.floor(n / 50)) {
      const values = Int32Array.from({ length: n }, (_, i) => i);
      shuffleDownTo(values, Math.max(n - size, 1));
      return values.slice(n - size);
    }
    // Floyd's set, then a shuffle of it.
    const taken = new Set<number>();
    for (let j = n - size; j < n; j++) {
      const candidate = bounded(j);
      taken.add(taken.has(candidate) ? j : candidate);
    }
    const values = Int32Array.from(taken);
    shuffleDownTo(values, 1);
    return values;
  }

  function normal(): number {
    for (;;) {
      advance();
      const layer = low & 255;
      const negative = (low >>> 8) & 1;
      const magnitude = ((high & 0x1fffffff) * 8388608 + (low >>> 9)) / 4503599627370496;
      const x = magnitude * LAYER_EDGES[layer];
      const signed = negative ? -x : x;
      if (x < innerEdge(layer)) return signed;
      if (layer === 0) return tail((low >>> 17) & 1);
      const upper = heightAt(layer - 1);
      const lower = heightAt(layer);
      if ((upper - lower) * random() + lower < Math.exp(-0.5 * x * x)) return signed;
    }
  }

  // Marsaglia's tail beyond R.
  function tail(negative: number): number {
    for (;;) {
      const x = -(1 / TAIL_START) * Math.log1p(-random());
      const y = -Math.log1p(-random());
      if (y + y > x * x) return negative ? -(TAIL_START + x) : TAIL_START + x;
    }
  }

  function seedFrom(words: Uint32Array): void {
    // Four 64-bit words, low half first: state high, state low, sequence high, sequence low.
    const wide = (i: number) => (BigInt(words[2 * i + 1]) << 32n) | BigInt(words[2 * i]);
    const start = (wide(0) << 64n) | wide(1);
    increment = limbsOf((((wide(2) << 64n) | wide(3)) << 1n) | 1n);
    state.fill(0);
    step();
    state = limbsOf(bigintOf(state) + start);
    step();
  }

  seedFrom(generateSeedWords(seed, [], 8));
  return {
    nextUint64,
    nextUint32,
    random,
    randoms: (count) => Float64Array.from({ length: count }, random),
    uniform: (from, to, count) => Float64Array.from({ length: count }, () => from + (to - from) * random()),
    integers(from, to, count) {
      check(
        Number.isSafeInteger(from) && Number.isSafeInteger(to) && to > from,
        "UsageError",
        () => `integers: expected safe integers low < high, got ${from} and ${to}`,
      );
      return Float64Array.from({ length: count }, () => from + bounded(to - 1 - from));
    },
    permutation,
    shuffle,
    choice,
    standardNormal: (count) => Float64Array.from({ length: count }, normal),
    normal: (mean, sigma, count) => Float64Array.from({ length: count }, () => mean + sigma * normal()),
    poisson: (rate) => drawPoisson(random, rate),
    save: () => ({ state: [...state], increment: [...increment], bufferedUint32: buffered }),
    restore(saved) {
      check(
        saved.state.length === LIMBS && saved.increment.length === LIMBS,
        "ArtefactError",
        () => "random state: expected 8 limbs of state and increment",
      );
      state = [...saved.state];
      increment = [...saved.increment];
      buffered = saved.bufferedUint32;
    },
  };
}

function swap(values: Int32Array | Float64Array | number[], i: number, j: number): void {
  const moved = values[i];
  values[i] = values[j];
  values[j] = moved;
}

/** Below this x a point of the layer is under the curve without looking. */
function innerEdge(layer: number): number {
  if (layer === 0) return TAIL_START;
  return layer === 1 ? 0 : LAYER_EDGES[layer - 1];
}

function heightAt(layer: number): number {
  return layer === 0 ? 1 : Math.exp(-0.5 * LAYER_EDGES[layer] * LAYER_EDGES[layer]);
}

/** High and low word of the product of two 32-bit words (b may be 2^32 - 1 at most). */
function multiplyWords(a: number, b: number): readonly [number, number] {
  const bottom = Math.imul(a, b) >>> 0;
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const middle = aHigh * bLow + Math.floor((aLow * bLow) / 65536);
  const cross = aLow * bHigh + (middle % 65536);
  const top = aHigh * bHigh + Math.floor(middle / 65536) + Math.floor(cross / 65536);
  return [top, bottom];
}

function limbsOf(value: bigint): number[] {
  return Array.from({ length: LIMBS }, (_, i) => Number((value >> BigInt(16 * i)) & 0xffffn));
}

function bigintOf(limbs: readonly number[]): bigint {
  return limbs.reduceRight((value, limb) => (value << 16n) | BigInt(limb), 0n);
}
