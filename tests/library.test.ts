// The library as a program uses it: from files, and from the same scan as arrays, to the same bits.
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  adapt,
  infer,
  loadBundle,
  loadReconstruction,
  type ProgressEvent,
  type RawData,
  rawDataFromArrays,
  readScan,
  reconstruct,
  runWhole,
  type ScanArrays,
  toAmplitude,
  train,
} from "../src/index.js";
import { writeSmallScan } from "./scan-file.js";

const folder = mkdtempSync(join(tmpdir(), "ptychopinn-library-"));
const at = (name: string) => join(folder, name);
const scan = at("scan.npz");
const n = 16;
const N = 64;

beforeAll(() => writeSmallScan(scan, n));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What a program has in memory where the scan came from elsewhere. */
function arraysOf(raw: RawData): ScanArrays {
  const { diffraction, xPx, yPx, probe, nphotons = 1e6 } = raw;
  return { diffraction: diffraction.array.data, domain: diffraction.domain, xPx, yPx, probe, nphotons };
}

const held = async () => rawDataFromArrays(arraysOf((await readScan(scan, { domain: "amplitude" })).raw));

const small = {
  nepochs: 1,
  n_groups: 8,
  batch_size: 4,
  n_filters_scale: 1,
  gridsize: 1,
  validation_split: 0.25,
} as const;

function weightsOf(path: string) {
  return new Map([...loadBundle(path).weights].map(([name, { data }]) => [name, Array.from(data, Number)]));
}

test("train and infer give the same bits from a file and from arrays", async () => {
  const events: ProgressEvent[] = [];
  const run = train({ data: scan, outputDir: at("file"), settings: small });
  for await (const event of run) events.push(event);
  const fromFile = await run.result;
  const fromArrays = await train({ data: await held(), outputDir: at("arrays"), settings: small }).result;

  expect(events.filter(({ kind }) => kind === "epoch")).toHaveLength(1);
  expect(events.at(-1)).toEqual({ kind: "wrote", path: fromFile.archivePath, what: "model archive" });
  expect(weightsOf(at("arrays"))).toEqual(weightsOf(at("file")));
  expect(fromArrays.history).toEqual(fromFile.history);
  expect(fromArrays.history.trainLoss).toHaveLength(1);
  expect(fromArrays.history.validationLoss).toHaveLength(1);
  expect(fromArrays.containerShapes).toMatchObject({ images: [8, 1, N, N], coordsRelative: [8, 1, 1, 2] });
  // The patterns are brought to a mean energy of (N/2)^2, so that the factor to sqrt(counts) is sqrt(photons) / (N/2).
  expect(fromArrays.intensityScale).toBeCloseTo(Math.sqrt(1e6) / (N / 2), 3);

  const one = await infer({ model: at("file"), data: scan, outputDir: at("picture-1") }).result;
  const bundle = loadBundle(at("arrays"));
  const two = await infer({ model: bundle, data: await held(), outputDir: at("picture-2") }).result;
  expect(two.object).toEqual(one.object);
  expect(two.offsetsPx).toEqual(one.offsetsPx);
  expect(two.offsetsPx.shape).toEqual([n, 1, 1, 2]);
  expect(two.originPx).toEqual(one.originPx);
  const [re, im] = [two.object.re[2000], two.object.im[2000]];
  expect(two.amplitude.data[2000]).toBeCloseTo(Math.sqrt(re * re + im * im), 6);
  expect(two.phase.data[2000]).toBeCloseTo(Math.atan2(im, re), 6);
  expect(loadReconstruction(at("picture-2"))).toEqual({
    object: two.object,
    amplitude: two.amplitude,
    phase: two.phase,
    coverage: two.coverage,
    originPx: two.originPx,
  });
});

test("runWhole trains, saves, loads, infers and stitches; testData is what it reconstructs", async () => {
  const options = { data: scan, testData: await held(), outputDir: at("whole"), training: small };
  const inference = { patch_weighting: "uniform" } as const;
  const whole = await runWhole({ ...options, inference }).result;
  expect(whole.archivePath).toBe(join(at("whole"), "wts.h5.zip"));
  expect(whole.containerShapes.validation_images).toEqual([8, 1, N, N]);
  expect(whole.patterns).toBe(n);
  const again = await infer({ model: at("whole"), data: scan, outputDir: at("again"), settings: inference })
    .result;
  expect(whole.object).toEqual(again.object);
});

test("the unrolled network: no intensity scale, one offset per pattern", async () => {
  const training = { nepochs: 1, unrolled_steps: 1, n_filters_scale: 1, batch_size: 16 };
  const raw = await held();
  const whole = await runWhole({ data: raw, outputDir: at("unrolled"), preset: "unrolled", training }).result;
  expect(whole.intensityScale).toBeUndefined();
  expect(whole.containerShapes.amplitude).toEqual([n, N, N]);
  expect(whole.offsetsPx.shape).toEqual([n, 1, 1, 2]);
  expect(Array.from(whole.offsetsPx.data.slice(0, 4))).toEqual([
    raw.xPx[0],
    raw.yPx[0],
    raw.xPx[1],
    raw.yPx[1],
  ]);
  const adapted = await adapt({
    ...{ model: at("unrolled"), data: raw, outputDir: at("adapted") },
    settings: { nepochs: 1 },
  }).result;
  expect(adapted.history.trainLoss).toHaveLength(1);
  expect(adapted.object.shape).toEqual(whole.object.shape);
  const settings = {
    init: join(at("unrolled"), "wts.h5.zip"),
    engine: "rpie",
    epochs: 1,
    refine_probe: "off",
    threads: 1,
  } as const;
  const one = await reconstruct({ data: scan, outputDir: at("init-1"), settings }).result;
  const two = await reconstruct({ data: raw, outputDir: at("init-2"), settings }).result;
  expect(two.object).toEqual(one.object);
});

test("reconstruct gives the same bits from a file and from arrays, from counts by toAmplitude", async () => {
  const settings = { engine: "rpie", epochs: 2, refine_probe: "off", threads: 1 } as const;
  const one = await reconstruct({ data: scan, outputDir: at("engine-1"), settings }).result;
  const two = await reconstruct({ data: await held(), outputDir: at("engine-2"), settings }).result;
  expect(two.object).toEqual(one.object);
  expect(two.residual).toBe(one.residual);
  expect(two.epochs).toBe(2);

  const arrays = arraysOf(await held());
  const counts = Float32Array.from(arrays.diffraction, (amplitude) => amplitude ** 2);
  const raw = rawDataFromArrays({ ...arrays, diffraction: counts, domain: "counts" });
  await expect(reconstruct({ data: raw, outputDir: at("engine-3"), settings }).result).rejects.toThrow(
    "expected diffraction as amplitude, got counts",
  );
  const three = await reconstruct({ data: toAmplitude(raw), outputDir: at("engine-3"), settings }).result;
  const middle = two.object.re.length / 2;
  expect(three.object.re[middle]).toBeCloseTo(two.object.re[middle], 4);
});

test("truth beside the arrays does not reach an unsupervised model", async () => {
  const arrays = arraysOf(await held());
  const ones = new Float32Array(n * N * N).fill(1);
  const told = rawDataFromArrays({ ...arrays, patches: { re: ones, im: ones } });
  expect(told.truth?.patches?.shape).toEqual([n, N, N]);
  const { containerShapes } = await train({ data: told, outputDir: at("told"), settings: small }).result;
  expect(Object.keys(containerShapes)).not.toContain("labels_re");
  expect(weightsOf(at("told"))).toEqual(weightsOf(at("file")));
  const supervised = { ...small, model_type: "supervised" } as const;
  const taught = await train({ data: told, outputDir: at("taught"), settings: supervised }).result;
  expect(taught.containerShapes.labels_re).toEqual([8, 1, N, N]);
});

test("counts go with the profile ci, and with nothing else", async () => {
  const arrays = arraysOf(await held());
  const counts = Float32Array.from(arrays.diffraction, (amplitude) => Math.round(amplitude ** 2));
  const raw = rawDataFromArrays({ ...arrays, diffraction: counts, domain: "counts" });
  await expect(train({ data: raw, outputDir: at("ci"), settings: small }).result).rejects.toThrow(
    "expected diffraction as amplitude, got counts",
  );
  const { intensityScale } = await train({
    ...{ data: raw, outputDir: at("ci"), profile: "ci" },
    settings: { ...small, n_groups: n, validation_split: 0 },
  }).result;
  const energy = counts.reduce((sum, count) => sum + count * count, 0) / n;
  expect(intensityScale).toBeCloseTo(N / 2 / Math.sqrt(energy), 6);
});

test("a stopped training goes on with resume, to the same weights", async () => {
  const settings = { ...small, nepochs: 2 };
  const run = train({ data: await held(), outputDir: at("stopped"), settings });
  for await (const event of run) if (event.kind === "epoch") break;
  await expect(run.result).rejects.toMatchObject({ tag: "Interrupted" });
  await train({ data: await held(), outputDir: at("stopped"), settings: { ...settings, resume: true } })
    .result;
  await train({ data: await held(), outputDir: at("straight"), settings }).result;
  expect(weightsOf(at("stopped"))).toEqual(weightsOf(at("straight")));
});

test("refusals are those of the command line, and name what the request calls it", async () => {
  const base = { data: scan, outputDir: at("refused") };
  const js = (options: object) => train(options as Parameters<typeof train>[0]).result;
  const cases: [object, string][] = [
    [{ ...base, settings: { nepoch: 5 } }, "settings: unknown option 'nepoch'; did you mean 'nepochs'?"],
    [{ ...base, settings: { batch_size: 3 } }, "batch_size: must be positive power of 2, got 3"],
    [{ ...base, nepochs: 5 }, "train(): unknown member 'nepochs'"],
    [{ ...base, ouputDir: "x" }, "did you mean 'outputDir'?"],
    [{ ...base, settings: { train_data_file: "b.npz" } }, "give this as 'data' of the request"],
    [{ ...base, settings: { quiet: true } }, "settings.quiet: the library prints nothing"],
    [{ ...base, settings: { do_stitching: true } }, "call runWhole()"],
    [{ outputDir: at("refused") }, "train(): data: expected the path of a scan file"],
    [{ data: scan }, "train(): outputDir: expected a path, got nothing"],
    [
      { ...base, data: await held(), settings: { axis_order: "hwn" } },
      "a scan in memory is [n, N, N] already",
    ],
    [{ ...base, preset: "unroled" }, "did you mean 'unrolled'?"],
  ];
  for (const [options, phrase] of cases) {
    await expect(js(options), phrase).rejects.toMatchObject({ tag: "UsageError" });
    await expect(js(options), phrase).rejects.toThrow(phrase);
  }
  const { model, ...rest } = { model: 5 as unknown as string, data: scan, outputDir: at("refused") };
  await expect(infer({ model, ...rest }).result).rejects.toThrow("infer(): model: expected a model archive");
  await expect(infer({ ...rest, model: at("nowhere") }).result).rejects.toMatchObject({ tag: "UsageError" });
  const twice = { model: at("unrolled"), ...rest, settings: { batch_size: 8 } as object };
  await expect(adapt(twice).result).rejects.toThrow("batch_size is what the model was trained with");
});

test("the record of a reconstruction from arrays says that its scan was in memory", async () => {
  expect(readFileSync(join(at("engine-2"), "report.json"), "utf8")).toContain('"scan": "(in memory)"');
});
