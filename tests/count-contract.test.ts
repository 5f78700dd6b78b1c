// The count contract: a Poisson likelihood is fed counts. From a scan file through reader, grouping, normalisation and
// network, the loss is the textbook one of the counts in the file; normalised amplitudes are refused as counts.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { constant, input } from "../src/compute/build-elementwise.js";
import { compile } from "../src/compute/runtime.js";
import { resolveConfig } from "../src/config/resolve.js";
import { isPtychoError } from "../src/core/errors.js";
import { complex64, float32, float64, type NdArray } from "../src/core/ndarray.js";
import { makeCountsContainer } from "../src/data/container.js";
import { groupScan } from "../src/data/grouping.js";
import { readScan } from "../src/data/read-scan.js";
import { writeNpz } from "../src/formats/npz.js";
import { initialParameters } from "../src/model/initialise.js";
import { layoutOf, packParameters, parameterExprs } from "../src/model/parameters.js";
import { buildNetwork } from "../src/model/registry.js";
import { legacyRandom } from "../src/numeric/random-legacy.js";
import { amplitudes, counts } from "../src/physics/domain.js";
import { batchFeeds } from "../src/training/batch-feeds.js";
import { countPoissonLoss, poissonLoss } from "../src/training/losses.js";
import { buildObjective, physicsParameters } from "../src/training/objective.js";
import { modelOptionsOf, objectiveSettingsOf, profileOf } from "../src/workflows/model-settings.js";
import { groupedData, readScanOf } from "../src/workflows/training-data.js";
import { runHere } from "./command-line.js";

const folder = mkdtempSync(join(tmpdir(), "ptychopinn-counts-"));
const at = (name: string) => join(folder, name);
const [n, N] = [4, 64];

/** Photons per pixel of every pattern: a bright middle, zeros at the rim. */
const photons = Float32Array.from({ length: n * N * N }, (_, i) => {
  const [row, column] = [Math.floor(i / N) % N, i % N];
  const radius = Math.hypot(row - N / 2, column - N / 2);
  return Math.floor(200 * Math.exp(-radius / 6) * (1 + 0.5 * Math.sin(i)));
});
const meanPhotons = photons.reduce((sum, k) => sum + k, 0) / n;

function writeScan(path: string, diffraction: Float32Array): void {
  const disk = Float32Array.from({ length: N * N }, (_, i) =>
    Math.hypot(Math.floor(i / N) - N / 2, (i % N) - N / 2) < 12 ? 1 : 0,
  );
  const members = {
    diffraction: float32([n, N, N], diffraction),
    xcoords: float64([n], [0, 5, 0, 6]),
    ycoords: float64([n], [0, 0, 5, 6]),
    probeGuess: complex64([N, N], disk, new Float32Array(N * N)),
  };
  writeNpz(path, new Map(Object.entries(members)));
}

beforeAll(() => {
  writeScan(at("counts.npz"), photons);
  writeScan(at("amplitudes.npz"), photons.map(Math.sqrt));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** sum_i rate - k log(rate) + log k!, for one pattern. */
function negativeLogLikelihood(rates: ArrayLike<number>, observed: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < observed.length; i++) {
    total += rates[i] - (observed[i] === 0 ? 0 : observed[i] * Math.log(rates[i]));
    for (let j = 2; j <= observed[i]; j++) total += Math.log(j);
  }
  return total;
}

/** Loss and prediction of a fresh network on the whole file, and what the container holds. */
async function firstLoss(file: string, values: Record<string, string | number>) {
  const base = { train_data_file: file, gridsize: 1, n_groups: n, n_filters_scale: 1, nphotons: meanPhotons };
  const { profile: named, ...rest } = values;
  const layers = [{ source: "test", values: { ...base, ...rest } }];
  const resolved = resolveConfig("train", {
    layers,
    ...(named === undefined ? {} : { profile: String(named) }),
  });
  const { config } = resolved;
  const profile = profileOf(config);
  const data = groupedData((await readScanOf(file, profile, config.data)).raw, profile, resolved, []);
  const network = buildNetwork(modelOptionsOf(config.model));
  const settings = objectiveSettingsOf(config);
  const specs = [...network.parameters, ...physicsParameters(settings)];
  const layout = layoutOf(specs);
  const parameters = parameterExprs(layout, input("parameters", [layout.size]));
  const shape = { batch: n, channels: 1, N, modes: 1 };
  const { loss, prediction } = buildObjective(settings, shape, network, parameters, {}, "train");
  const executable = await compile({ outputs: { loss, prediction: prediction! } });
  const results = await executable.run({
    parameters: float32([layout.size], packParameters(layout, initialParameters(specs, 1))),
    ...batchFeeds(
      data,
      Int32Array.from({ length: n }, (_, group) => group),
    ),
  });
  await executable.release();
  const order = data.container.nnIndices.data; // the patterns as grouped
  const observed = Array.from(order, (pattern) => photons.subarray(pattern * N * N, (pattern + 1) * N * N));
  const predicted = Array.from(order, (_, i) =>
    Float64Array.from((results.prediction as NdArray<"float32">).data.subarray(i * N * N, (i + 1) * N * N)),
  );
  return { loss: Number(results.loss.data[0]), observed, predicted, container: data.container };
}

const meanOf = (values: ArrayLike<number>): number => {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i];
  return total / values.length;
};

describe("the Poisson loss on a scan file is that of its counts", () => {
  it("amplitude contract: amplitudes, normalised, are taken back to counts before the likelihood", async () => {
    const { loss, observed, predicted, container } = await firstLoss(at("amplitudes.npz"), {});
    if (container.domain !== "amplitude") throw new Error("wrong container");
    const { physicsScale, images } = container;
    const squares = images.data.map((value) => (value * physicsScale) ** 2);
    expect(meanOf(squares) * N * N).toBeCloseTo(meanPhotons, 1);
    const terms = observed.map((k, i) =>
      negativeLogLikelihood(
        predicted[i].map((value) => (value * physicsScale) ** 2),
        k,
      ),
    );
    expect(Number.isFinite(loss)).toBe(true);
    expect(loss / (meanOf(terms) / meanOf(images.data))).toBeCloseTo(1, 4);
  });

  it("count contract: counts as measured", async () => {
    const { loss, observed, predicted, container } = await firstLoss(at("counts.npz"), { profile: "ci" });
    if (container.domain !== "counts") throw new Error("wrong container");
    const terms = observed.map((k, i) =>
      negativeLogLikelihood(
        predicted[i].map((rate) => Math.max(rate, 1e-8)),
        k,
      ),
    );
    expect(Number.isFinite(loss)).toBe(true);
    expect(loss / (meanOf(terms) / container.meanMeasuredIntensity)).toBeCloseTo(1, 4);
  });
});

describe("amplitudes as counts are refused, and the reverse", () => {
  const groupsOf = (raw: { readonly xPx: Float64Array; readonly yPx: Float64Array }) => {
    const request = { gridsize: 1, nGroups: n, neighbourCount: 1, sequential: true, oversampling: false };
    return groupScan(raw.xPx, raw.yPx, request, legacyRandom(1));
  };

  it("by type and at run time, at the likelihood", () => {
    const values = constant(float32([1, 1, 1, 2], [1, 2]));
    const rest = constant(float32([1], [0]));
    // @ts-expect-error: amplitudes are not counts
    expect(() => countPoissonLoss(counts(values), amplitudes(values), rest)).toThrow(
      /expected counts, got amplitude/,
    );
    // @ts-expect-error: amplitudes are not counts
    expect(() => countPoissonLoss(amplitudes(values), counts(values), rest)).toThrow(
      /expected counts, got amplitude/,
    );
    // @ts-expect-error: counts are not amplitudes
    expect(() => poissonLoss(amplitudes(values), counts(values), rest)).toThrow(
      /expected amplitude, got counts/,
    );
  });

  it("by type and at run time, at the container", async () => {
    const { raw } = await readScan(at("amplitudes.npz"), { domain: "amplitude" });
    const make = () =>
      // @ts-expect-error: a scan of amplitudes is not one of counts
      makeCountsContainer(raw, groupsOf(raw));
    expect(make).toThrow(/expected diffraction as counts, got amplitude/);
    try {
      make();
    } catch (error) {
      expect(isPtychoError(error, "DataError")).toBe(true);
    }
  });

  it("at the file door", async () => {
    const train = ["train", "--output_dir", at("out"), "--gridsize", "1", "--max_epochs", "1"];
    const asCounts = await runHere(...train, "--profile", "ci", "--train_data_file", at("amplitudes.npz"));
    expect([asCounts.code, asCounts.err]).toEqual([3, expect.stringContaining("looks like amplitude")]);
    const asAmplitudes = await runHere(...train, "--train_data_file", at("counts.npz"));
    expect([asAmplitudes.code, asAmplitudes.err]).toEqual([3, expect.stringContaining("looks like counts")]);
  });
});
