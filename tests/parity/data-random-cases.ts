// Parity of the random generators and of nearest neighbours with NumPy and SciPy.
import { nearestNeighbours } from "../../src/numeric/neighbours.js";
import { type LegacyRandom, legacyRandom } from "../../src/numeric/random-legacy.js";
import { type Pcg64Random, pcg64Random } from "../../src/numeric/random-pcg64.js";
import { generateSeedWords } from "../../src/numeric/seed-sequence.js";
import { realOf } from "./case-arrays.js";
import type { CaseArrays, CaseCheck, CaseJson, CheckResult } from "./check.js";
import { compareValues, numbers } from "./data-compare.js";

/** Part of the largest value by which draws may differ where log and sqrt enter; everything else is exact. */
const NORMAL_TOLERANCE = 4e-15;

type Draw<R> = (random: R, count: number, args: readonly number[], arrays: CaseArrays) => ArrayLike<number>;

/** The first row of an array of the same name is drawn from a fresh stream; `args` are the numbers of its call. */
const LEGACY_DRAWS: { readonly [prefix: string]: Draw<LegacyRandom> } = {
  raw_uint32: (r, count) => Array.from({ length: count }, () => r.nextUint32()),
  random_sample: (r, count) => r.randomSample(count),
  uniform: (r, count, [low, high]) => r.uniform(low, high, count),
  randint: (r, count, [low, high]) => r.randint(low, high, count),
  permutation: (r, count, [n]) => r.permutation(n).slice(0, count),
  shuffle: (r, _count, [n]) => {
    const values = Int32Array.from({ length: n }, (_, i) => i);
    r.shuffle(values);
    return values;
  },
  choice_noreplace: (r, count, [n]) => r.choice(n, count, false),
  choice_replace: (r, count, [n]) => r.choice(n, count, true),
  choice_list_7: (r, count, _args, arrays) =>
    successiveChoices(r, numbers(arrays.choice_list_population), count, false),
  choice_list_3: (r, count, _args, arrays) =>
    successiveChoices(r, numbers(arrays.choice_list_population).slice(0, 3), count, true),
  standard_normal: (r, count) => r.standardNormal(count),
  normal: (r, count, [mean, sigma]) => r.normal(mean, sigma, count),
  poisson_lam: (r, _count, _args, arrays) => numbers(arrays.poisson_lam_array).map((rate) => r.poisson(rate)),
  poisson: (r, count, [rate]) => Array.from({ length: count }, () => r.poisson(rate)),
};

const PCG64_DRAWS: { readonly [prefix: string]: Draw<Pcg64Random> } = {
  raw_uint64: (r, count) => Array.from({ length: count }, () => Number(r.nextUint64())),
  random: (r, count) => r.randoms(count),
  uniform: (r, count, [low, high]) => r.uniform(low, high, count),
  integers: (r, count, [low, high]) => r.integers(low, high, count),
  permutation: (r, _count, [n]) => r.permutation(n),
  shuffle: (r, _count, [n]) => {
    const values = Int32Array.from({ length: n }, (_, i) => i);
    r.shuffle(values);
    return values;
  },
  choice_replace: (r, _count, [n, size]) => r.choice(n, size, true),
  choice: (r, count, [n, size]) => r.choice(n, size, false).slice(0, count),
  standard_normal: (r, count) => r.standardNormal(count),
  normal: (r, count, [mean, sigma]) => r.normal(mean, sigma, count),
  poisson: (r, count, [rate]) => Array.from({ length: count }, () => r.poisson(rate)),
  mixed_choice_then_normal: (r, count) => {
    const rows = count / 3;
    const chosen = r.choice(25, rows, false);
    const normals = r.normal(0, 1.5, 2 * rows);
    return Array.from({ length: count }, (_, i) =>
      i % 3 === 0 ? chosen[i / 3] : normals[2 * Math.floor(i / 3) + (i % 3) - 1],
    );
  },
};

/** Steps of one stream, in alphabetical order of the arrays. */
const MIXED_STEPS: { readonly [step: string]: (random: LegacyRandom) => ArrayLike<number> } = {
  mixed_a_random3: (r) => r.randomSample(3),
  mixed_b_normal1: (r) => r.standardNormal(1),
  mixed_c_randint5: (r) => r.randint(0, 33, 5),
  mixed_d_normal2: (r) => r.standardNormal(2),
  mixed_e_perm6: (r) => r.permutation(6),
  mixed_f_poisson2: (r) => [r.poisson(4), r.poisson(4)],
  mixed_g_choice4: (r) => r.choice(9, 4, false),
  mixed_h_normal3: (r) => r.standardNormal(3),
  mixed_i_uniform2: (r) => r.uniform(-1, 1, 2),
};

export const dataRandomChecks: Readonly<Record<string, CaseCheck>> = {
  rng_mt19937: async (json, arrays) => [
    ...drawChecks(json, arrays, LEGACY_DRAWS, legacyRandom),
    ...mixedChecks(json, arrays),
  ],

  rng_pcg64: async (json, arrays) => [
    ...drawChecks(json, arrays, PCG64_DRAWS, pcg64Random),
    ...json.config.seeds.flatMap((seed: number, row: number) => [
      compareRow(`seedseq_state_u32[${row}]`, arrays.seedseq_state_u32, row, generateSeedWords(seed, [], 8)),
      compareRow(
        `seedseq_spawn2_u32[${row}]`,
        arrays.seedseq_spawn2_u32,
        row,
        [0, 1].flatMap((child) => [...generateSeedWords(seed, [child], 4)]),
      ),
    ]),
  ],

  neighbors: async (json, arrays) => {
    const found = tableOf(json, arrays);
    return [
      compareValues("nn_indices", numbers(found.indices), numbers(arrays.nn_indices), 0),
      compareValues("distances", numbers(found.distances), numbers(arrays.distances), 1e-12),
    ];
  },

  neighbors_ties: async (json, arrays) => {
    const { distances } = tableOf(json, arrays);
    return [compareValues("distances", numbers(distances), numbers(arrays.distances), 1e-12)];
  },
};

function tableOf(json: CaseJson, arrays: CaseArrays) {
  const [x, y] = [arrays.xcoords, arrays.ycoords].map((a) => Float64Array.from(numbers(a)));
  return nearestNeighbours(x, y, json.config.K + 1);
}

function drawChecks<R>(
  json: CaseJson,
  arrays: CaseArrays,
  draws: { readonly [prefix: string]: Draw<R> },
  make: (seed: number) => R,
): CheckResult[] {
  return Object.keys(arrays).flatMap((name) => {
    if (isInput(name) || (name.startsWith("mixed_") && draws[name] === undefined)) return [];
    const prefix = Object.keys(draws)
      .filter((key) => name.startsWith(key))
      .sort((a, b) => b.length - a.length)[0];
    if (prefix === undefined) return [{ name, passed: false, detail: "no draw of this name is known" }];
    const args = argumentsOf(json.arrays[name].meaning);
    const size = realOf(arrays[name]).data.length / json.config.seeds.length;
    return json.config.seeds.map((seed: number, row: number) =>
      compareRow(`${name}[${row}]`, arrays[name], row, draws[prefix](make(seed), size, args, arrays)),
    );
  });
}

function mixedChecks(json: CaseJson, arrays: CaseArrays): CheckResult[] {
  return json.config.seeds.flatMap((seed: number, row: number) => {
    const random = legacyRandom(seed);
    return Object.keys(MIXED_STEPS)
      .filter((step) => step in arrays)
      .map((step) => compareRow(`${step}[${row}]`, arrays[step], row, MIXED_STEPS[step](random)));
  });
}

function isInput(name: string): boolean {
  return name === "choice_list_population" || name === "poisson_lam_array" || name.startsWith("seedseq_");
}

/** The numbers in the first call of a description such as "integers(0,2**40,20)". */
function argumentsOf(meaning: string): number[] {
  const call = /\(([^()]*\([^()]*\)[^()]*|[^()]*)\)/.exec(meaning)?.[1] ?? "";
  return [...call.matchAll(/(\d+)\*\*(\d+)|-?\d+(?:\.\d+)?/g)].map(([text, base, power]) =>
    base === undefined ? Number(text) : Number(base) ** Number(power),
  );
}

function successiveChoices(
  random: LegacyRandom,
  population: readonly number[],
  count: number,
  replace: boolean,
): number[] {
  return Array.from({ length: count / 4 }, () =>
    [...random.choice(population.length, 4, replace)].map((i) => population[i]),
  ).flat();
}

function compareRow(
  name: string,
  array: CaseArrays[string],
  row: number,
  actual: ArrayLike<number>,
): CheckResult {
  const all = numbers(array);
  const size = all.length / array.shape[0];
  const expected = all.slice(row * size, (row + 1) * size);
  const largest = expected.reduce((a, value) => Math.max(a, Math.abs(value)), 0);
  return compareValues(name, actual, expected, name.includes("normal") ? NORMAL_TOLERANCE * largest : 0);
}
