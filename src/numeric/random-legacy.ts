// NumPy's legacy RandomState: the Mersenne twister MT19937 and the draws that the original's sampling is made of.
// Index parity with saved experiments needs these sequences number for number.

import { check } from "../core/errors.js";
import { drawPoisson } from "./poisson.js";

/** A restorable position in a legacy stream. Plain data, safe to store as JSON. */
export interface LegacyState {
  /** The 624 words of the twister. */
  readonly key: readonly number[];
  readonly position: number;
  /** Second value of the last polar pair, if not yet handed out. */
  readonly cachedNormal: number | null;
}

/** A legacy stream. Every method advances it exactly as the NumPy function of the same name does. */
export interface LegacyRandom {
  seed(seed: number): void;
  /** The next raw word, 0 to 2^32-1. */
  nextUint32(): number;
  /** One double in [0, 1) from two words. */
  random(): number;
  randomSample(count: number): Float64Array;
  uniform(low: number, high: number, count: number): Float64Array;
  /** Integers in [low, high) by masked rejection; the range must fit in 32 bits. */
  randint(low: number, high: number, count: number): Int32Array;
  permutation(n: number): Int32Array;
  shuffle(values: Int32Array | Float64Array | number[]): void;
  /** Indices into 0..n-1. Without replacement a whole permutation of n is drawn, whatever the size. */
  choice(n: number, size: number, replace: boolean): Int32Array;
  standardNormal(count: number): Float64Array;
  normal(mean: number, sigma: number, count: number): Float64Array;
  poisson(rate: number): number;
  save(): LegacyState;
  restore(state: LegacyState): void;
}

const WORDS = 624;
const MIDDLE = 397;

/**
 * A new legacy stream, equal to `np.random.RandomState(seed)`.
 *
 * @throws PtychoError UsageError for a seed outside 0..2^32-1.
 */
export function legacyRandom(seed: number): LegacyRandom {
  const key = new Uint32Array(WORDS);
  let position = WORDS;
  let cachedNormal: number | null = null;

  function reseed(newSeed: number): void {
    check(
      Number.isInteger(newSeed) && newSeed >= 0 && newSeed <= 0xffffffff,
      "UsageError",
      () => `random seed: expected an integer from 0 to 4294967295, got ${newSeed}`,
    );
    key[0] = newSeed;
    for (let i = 1; i < WORDS; i++) {
      key[i] = Math.imul(1812433253, key[i - 1] ^ (key[i - 1] >>> 30)) + i;
    }
    position = WORDS;
    cachedNormal = null;
  }

  function nextUint32(): number {
    if (position === WORDS) {
      twist(key);
      position = 0;
    }
    let y = key[position++];
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    y ^= y >>> 18;
    return y >>> 0;
  }

  function random(): number {
    const a = nextUint32() >>> 5;
    const b = nextUint32() >>> 6;
    return (a * 67108864 + b) / 9007199254740992;
  }

  /** Uniform integer in 0..max, drawing nothing when max is 0. */
  function interval(max: number): number {
    if (max === 0) return 0;
    const mask = (2 ** (32 - Math.clz32(max)) - 1) >>> 0;
    for (;;) {
      const value = (nextUint32() & mask) >>> 0;
      if (value <= max) return value;
    }
  }

  function shuffle(values: Int32Array | Float64Array | number[]): void {
    for (let i = values.length - 1; i > 0; i--) {
      const j = interval(i);
      const moved = values[i];
      values[i] = values[j];
      values[j] = moved;
    }
  }

  function permutation(n: number): Int32Array {
    const values = Int32Array.from({ length: n }, (_, i) => i);
    shuffle(values);
    return values;
  }

  function randint(low: number, high: number, count: number): Int32Array {
    const range = high - 1 - low;
    check(
      Number.isInteger(low) && Number.isInteger(high) && range >= 0 && range < 0xffffffff,
      "UsageError",
      () => `randint: expected integers low < high less than 2^32 apart, got ${low} and ${high}`,
    );
    return Int32Array.from({ length: count }, () => low + interval(range));
  }

  function choice(n: number, size: number, replace: boolean): Int32Array {
    check(
      size === 0 || (n > 0 && (replace || size <= n)),
      "UsageError",
      () => `choice: cannot take ${size} of ${n} without replacement; ask for at most ${n}`,
    );
    if (size === 0 && replace) return new Int32Array(0);
    return replace ? randint(0, n, size) : permutation(n).slice(0, size);
  }

  // Marsaglia's polar method; the pair's second value is kept for the next call.
  function gauss(): number {
    if (cachedNormal !== null) {
      const value = cachedNormal;
      cachedNormal = null;
      return value;
    }
    for (;;) {
      const x1 = 2 * random() - 1;
      const x2 = 2 * random() - 1;
      const r2 = x1 * x1 + x2 * x2;
      if (r2 >= 1 || r2 === 0) continue;
      const factor = Math.sqrt((-2 * Math.log(r2)) / r2);
      cachedNormal = factor * x1;
      return factor * x2;
    }
  }

  reseed(seed);
  return {
    seed: reseed,
    nextUint32,
    random,
    randomSample: (count) => Float64Array.from({ length: count }, random),
    uniform: (low, high, count) => Float64Array.from({ length: count }, () => low + (high - low) * random()),
    randint,
    permutation,
    shuffle,
    choice,
    standardNormal: (count) => Float64Array.from({ length: count }, gauss),
    normal: (mean, sigma, count) => Float64Array.from({ length: count }, () => mean + sigma * gauss()),
    poisson: (rate) => drawPoisson(random, rate),
    save: () => ({ key: [...key], position, cachedNormal }),
    restore(state) {
      check(
        state.key.length === WORDS && state.position >= 0 && state.position <= WORDS,
        "ArtefactError",
        () =>
          `random state: expected 624 words and a position up to 624, got ${state.key.length} and ${state.position}`,
      );
      key.set(state.key);
      position = state.position;
      cachedNormal = state.cachedNormal;
    },
  };
}

// Matsumoto & Nishimura 1998: the recurrence over the whole state.
function twist(key: Uint32Array): void {
  for (let i = 0; i < WORDS; i++) {
    const y = (key[i] & 0x80000000) | (key[(i + 1) % WORDS] & 0x7fffffff);
    key[i] = key[(i + MIDDLE) % WORDS] ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
  }
}
