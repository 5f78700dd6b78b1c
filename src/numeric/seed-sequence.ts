// NumPy's SeedSequence: turns a seed of any size into well mixed words (O'Neill's seed_seq_fe with pool of four).

import { check } from "../core/errors.js";

const POOL = 4;

/**
 * Words of `SeedSequence(entropy, spawn_key=spawnKey).generate_state(count)`. The i-th spawned child has spawn key [i].
 *
 * @throws PtychoError UsageError for a negative or fractional entropy.
 */
export function generateSeedWords(
  entropy: number | bigint,
  spawnKey: readonly number[],
  count: number,
): Uint32Array {
  const pool = mixEntropy(assembleEntropy(entropy, spawnKey));
  const words = new Uint32Array(count);
  let hash = 0x8b51f9dd;
  for (let i = 0; i < count; i++) {
    let value = pool[i % POOL] ^ hash;
    hash = Math.imul(hash, 0x58f38ded);
    value = Math.imul(value, hash);
    words[i] = value ^ (value >>> 16);
  }
  return words;
}

function assembleEntropy(entropy: number | bigint, spawnKey: readonly number[]): number[] {
  check(
    typeof entropy === "bigint" ? entropy >= 0n : Number.isSafeInteger(entropy) && entropy >= 0,
    "UsageError",
    () => `random seed: expected an integer of 0 or more, got ${entropy}`,
  );
  const words = wordsOf(BigInt(entropy));
  if (spawnKey.length === 0) return words;
  while (words.length < POOL) words.push(0);
  return [...words, ...spawnKey.flatMap((key) => wordsOf(BigInt(key)))];
}

function wordsOf(value: bigint): number[] {
  const words = [Number(value & 0xffffffffn)];
  for (let rest = value >> 32n; rest > 0n; rest >>= 32n) words.push(Number(rest & 0xffffffffn));
  return words;
}

function mixEntropy(entropy: readonly number[]): Uint32Array {
  const pool = new Uint32Array(POOL);
  let hash = 0x43b0d7e5;
  const hashed = (word: number): number => {
    let value = word ^ hash;
    hash = Math.imul(hash, 0x931e8875);
    value = Math.imul(value, hash);
    return value ^ (value >>> 16);
  };
  const mixed = (x: number, y: number): number => {
    const value = Math.imul(0xca01f9dd, x) - Math.imul(0x4973f715, y);
    return value ^ (value >>> 16);
  };
  for (let i = 0; i < POOL; i++) pool[i] = hashed(entropy[i] ?? 0);
  for (let from = 0; from < POOL; from++) {
    for (let to = 0; to < POOL; to++) if (from !== to) pool[to] = mixed(pool[to], hashed(pool[from]));
  }
  for (let from = POOL; from < entropy.length; from++) {
    for (let to = 0; to < POOL; to++) pool[to] = mixed(pool[to], hashed(entropy[from]));
  }
  return pool;
}
