// Parity of two small files: the groups cache and the fixture of the integration tests.
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { drawFromPool, poolGroups } from "../../src/data/group-pool.js";
import { groupsCachePaths, placesChecksum, readGroupsCache } from "../../src/data/groups-cache.js";
import type { NpyArray } from "../../src/formats/npy.js";
import { openNpz, writeNpz } from "../../src/formats/npz.js";
import { legacyRandom } from "../../src/numeric/random-legacy.js";
import { fixtureWorkflow } from "../../src/workflows/fixture.js";
import type { CaseArrays, CaseCheck, CaseJson, CheckResult } from "./check.js";
import { compareValues, numbers } from "./data-compare.js";

export const cacheAndFixtureChecks: Readonly<Record<string, CaseCheck>> = {
  groups_cache: async ({ config, expected }, arrays, folder) => {
    const places = {
      xPx: Float64Array.from(numbers(arrays.in_xcoords)),
      yPx: Float64Array.from(numbers(arrays.in_ycoords)),
    };
    const kind = { gridsize: config.gridsize, neighbourCount: config.K };
    const random = legacyRandom(config.preseed);
    const pool = poolGroups(places.xPx, places.yPx, kind, random);
    const file = join(folder, expected.file);
    const checksum = placesChecksum(places);
    const cached = readGroupsCache(file, places, kind);
    const hit = drawFromPool(cached, config.nsamples, legacyRandom(config.preseed));
    const scan = file.replace(/\.g\d+k\d+\.groups_cache/, "");
    const named = groupsCachePaths(scan, kind, checksum).original;
    return [
      compareValues("all_groups", pool.data, numbers(arrays.all_groups), 0),
      compareValues(
        "miss_nn_indices",
        drawFromPool(pool, config.nsamples, random).data,
        numbers(arrays.miss_nn_indices),
        0,
      ),
      compareValues("all_groups of the file", cached.data, numbers(arrays.all_groups), 0),
      compareValues("hit_nn_indices", hit.data, numbers(arrays.hit_nn_indices), 0),
      equal("dataset_checksum", checksum, expected.dataset_checksum),
      equal("checksum_bytes", checksum, Buffer.from(numbers(arrays.checksum_bytes)).toString("hex")),
      equal("file name", basename(named), config.file_name),
      equal("sha256_file", sha256(file), expected.sha256_file),
    ];
  },

  npz_fixture_generator: async ({ config, expected }, arrays) => {
    const folder = mkdtempSync(join(tmpdir(), "ptychopinn-fixture-"));
    try {
      const runs: CheckResult[] = [];
      for (const run of expected.runs) runs.push(...(await runChecks(run, config, arrays, folder)));
      for (const { name } of expected.errors) runs.push(await refusal(name, config, arrays, folder));
      return runs;
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
};

function equal(name: string, actual: unknown, reference: unknown): CheckResult {
  const [a, b] = [JSON.stringify(actual), JSON.stringify(reference)];
  return { name, passed: a === b, detail: a === b ? a : `${a}, expected ${b}` };
}

function sha256(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex");
}

/** The patterns of the case are known by their sums alone: source patterns are flat, with those sums. */
function writeSource(path: string, legacyOrder: boolean, config: CaseJson, arrays: CaseArrays): string {
  const { N, n } = config;
  const sums = numbers(arrays.in_diffraction_sum);
  const x = Float64Array.from(numbers(arrays.in_xcoords));
  const shape = legacyOrder ? [N, N, n] : [n, N, N];
  const data = Float64Array.from({ length: n * N * N }, (_, i) => {
    const pattern = legacyOrder ? i % n : Math.floor(i / (N * N));
    return sums[pattern] / (N * N);
  });
  const complex = (side: number): NpyArray => ({
    dtype: "complex128",
    shape: [side, side],
    re: new Float64Array(side * side).fill(1),
    im: new Float64Array(side * side),
  });
  const positions: NpyArray = { dtype: "float64", shape: [n], data: x };
  writeNpz(path, [
    ["diffraction", { dtype: "float64", shape, data }],
    ["objectGuess", complex(30)],
    ["probeGuess", complex(N)],
    ...["xcoords", "ycoords", "xcoords_start", "ycoords_start"].map((key) => [key, positions] as const),
    ["scan_index", { dtype: "int64", shape: [n], data: new BigInt64Array(n) }],
  ]);
  return path;
}

async function generate(source: string, output: string, subsetSize: number): Promise<string> {
  const request = { source, output, subsetSize, signal: new AbortController().signal };
  for await (const _ of fixtureWorkflow(request));
  return output;
}

async function runChecks(
  run: CaseJson,
  config: CaseJson,
  arrays: CaseArrays,
  folder: string,
): Promise<CheckResult[]> {
  const legacyOrder = /^diffraction: transpose/.test(run.metadata.transformations[0]);
  const source = writeSource(join(folder, run.source), legacyOrder, config, arrays);
  const output = await generate(source, join(folder, "out.npz"), run.subset_size);
  const npz = openNpz(output);
  const metadata = JSON.parse(readFileSync(join(folder, "out.json"), "utf8"));
  const label = `${run.source} ${run.subset_size}`;
  const known = numbers(arrays.in_xcoords);
  const indices = numbers(npz.read("xcoords") as CaseArrays[string]).map((value) => known.indexOf(value));
  const recorded = arrays[`index_${run.source[0]}${run.subset_size}`];
  const patterns = numbers(npz.read("diffraction") as CaseArrays[string]);
  const pixels = config.N ** 2;
  const sums = indices.map((_, i) =>
    patterns.slice(i * pixels, (i + 1) * pixels).reduce((sum, value) => sum + value, 0),
  );
  const sourceSums = numbers(arrays.in_diffraction_sum);
  const keys = Object.fromEntries(
    npz.names.map((name) => [name, [npz.header(name).shape, npz.header(name).dtype]]),
  );
  return [
    compareValues(`${label} indices`, indices, numbers(recorded), 0),
    // D41: the golden pairs these positions with the first patterns; ours have their own.
    compareValues(
      `${label} patterns`,
      sums,
      indices.map((index) => sourceSums[index]),
      1e-6,
      "relative",
    ),
    equal(`${label} keys`, sorted(keys), sorted(run.keys)),
    ...["version", "subset_strategy", "subset_size"].map((key) =>
      equal(`${label} ${key}`, metadata[key], run.metadata[key]),
    ),
    equal(`${label} source`, basename(metadata.source_dataset), run.source),
    equal(`${label} checksum`, metadata.sha256_checksum === sha256(output), run.sha_is_file_sha),
  ];
}

function sorted(record: Readonly<Record<string, unknown>>): unknown {
  return Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
}

async function refusal(
  name: string,
  config: CaseJson,
  arrays: CaseArrays,
  folder: string,
): Promise<CheckResult> {
  const whole = writeSource(join(folder, "whole.npz"), false, config, arrays);
  const broken = join(folder, "broken.npz");
  const npz = openNpz(whole);
  const members = npz.names.map((key) => [key, npz.read(key)] as const);
  const flat: NpyArray = {
    dtype: "float64",
    shape: [config.N, config.N],
    data: new Float64Array(config.N ** 2),
  };
  if (name === "missing_key")
    writeNpz(
      broken,
      members.filter(([key]) => key !== "probeGuess"),
    );
  if (name === "not_3d")
    writeNpz(
      broken,
      members.map(([key, array]) => [key, key === "diffraction" ? flat : array]),
    );
  const size = name === "subset_15" ? 15 : name === "subset_large" ? 1000 : 16;
  const source = name === "absent" || existsSync(broken) ? broken : whole;
  try {
    await generate(source, join(folder, "refused.npz"), size);
  } catch (error) {
    return { name, passed: !existsSync(join(folder, "refused.npz")), detail: String(error) };
  } finally {
    rmSync(broken, { force: true });
  }
  return { name, passed: false, detail: "was not refused" };
}
