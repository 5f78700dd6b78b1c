// Training with a teacher: its scale and phase do not matter, the networks draw nearer to it, the report stays that of the
// physics, and a picture of something else is refused.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadBundle } from "../src/bundle/load-bundle.js";
import { exitCodeOf } from "../src/core/errors.js";
import { type ComplexArray, complex64, float32, float64, type NdArray } from "../src/core/ndarray.js";
import type { ProgressEvent } from "../src/core/progress.js";
import { writeNpz } from "../src/formats/npz.js";
import { runHere } from "./command-line.js";
import { copyScan, membersOf, writeSmallScan } from "./scan-file.js";
import { outcomeOf, trainHere, type Values } from "./training-run.js";

const folder = mkdtempSync(join(tmpdir(), "ptychopinn-teacher-"));
const at = (name: string) => join(folder, name);
const scan = at("scan.npz");

/** A reconstruction file that holds `object`, times scale x exp(i angle). */
function writeTeacher(
  name: string,
  { shape, re, im }: ComplexArray,
  { scale = 1, angle = 0, originPx = [0, 0], coverage = (_: number): number => 1 } = {},
): string {
  const [cos, sin] = [scale * Math.cos(angle), scale * Math.sin(angle)];
  const object = complex64(
    shape,
    re.map((value, i) => cos * value - sin * im[i]),
    re.map((value, i) => sin * value + cos * im[i]),
  );
  const covered = float32(
    shape,
    re.map((_, i) => coverage(i)),
  );
  writeNpz(at(name), [
    ["object", object],
    ["coverage", covered],
    ["origin_px", float64([2], originPx)],
  ]);
  return at(name);
}
const truthOf = (path: string): ComplexArray => {
  const { shape, re, im } = membersOf(path).get("objectGuess") as ComplexArray<"float32">;
  return complex64(shape, Float32Array.from(re), Float32Array.from(im));
};

const CNN: Values = {
  train_data_file: scan,
  gridsize: 1,
  n_groups: 12,
  n_filters_scale: 1,
  batch_size: 4,
  validation_split: 0,
  checkpoint_monitor_metric: "train_loss",
  cbam_encoder: false,
};
const COUNTS: Values = {
  ...{ scale_contract_version: "ci_intensity_v2", measurement_domain: "count_intensity" },
  ...{ physics_forward_mode: "rectangular_scaled", cnn_output_mode: "real_imag", rect_s1s2_init: "data" },
};
const UNROLLED: Values = {
  preset: "unrolled",
  train_data_file: scan,
  unrolled_steps: 1,
  n_filters_scale: 1,
  batch_size: 4,
};

beforeAll(async () => {
  await writeSmallScan(scan, 12);
  await writeSmallScan(at("other.npz"), 12, { seed: 4 });
  const members = membersOf(scan);
  const { shape, data } = members.get("diffraction") as NdArray<"float32">;
  const metadata = JSON.parse((members.get("_metadata") as unknown as { values: string[] }).values[0]);
  const factor = metadata.additional_parameters.counts_per_squared_amplitude;
  const counts = float32(
    shape,
    data.map((value) => Math.round(factor * value * value)),
  );
  copyScan(scan, at("counts.npz"), { diffraction: counts, diff3d: undefined });
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const notesOf = (events: readonly ProgressEvent[]): string =>
  events.map((event) => (event.kind === "message" ? event.text : "")).join("\n");

describe("the teacher's own scale and phase do not matter", () => {
  it.each([
    ["cnn, gridsize 1", { ...CNN, nepochs: 1 }],
    ["cnn, gridsize 2 with overlap", { ...CNN, nepochs: 1, gridsize: 2, batch_size: 2, n_groups: 4 }],
    ["cnn, counts", { ...CNN, nepochs: 1, ...COUNTS, train_data_file: at("counts.npz") }],
    ["unrolled", { ...UNROLLED, nepochs: 1 }],
  ] as [string, Values][])(
    "%s",
    async (name, values) => {
      const truth = truthOf(scan);
      const results = [];
      for (const [i, more] of [{}, { scale: 37, angle: 2 }].entries()) {
        const teacher = writeTeacher(`${name}-${i}.npz`, truth, more);
        const events: ProgressEvent[] = [];
        const output_dir = at(`${name}-${i}`);
        const { archivePath, history } = await trainHere({ ...values, teacher, output_dir }, { events });
        const weights = [...loadBundle(archivePath).weights.values()].flatMap((array) =>
          Array.from(array.data as Float32Array),
        );
        const [, factor, own, empty] =
          /scaled by (\S+) to .*\(R (\S+), of an empty object (\S+)\)/.exec(notesOf(events))?.map(Number) ??
          [];
        results.push({ weights, factor, loss: history.trainLoss[0] });
        expect(own).toBeLessThan(0.5 * empty); // the truth explains the measurement
      }
      const [plain, turned] = results;
      expect(plain.factor / turned.factor).toBeCloseTo(37, 1);
      const apart = plain.weights.map((value, i) => Math.abs(value - turned.weights[i]));
      // Adam divides by gradients that rounding has touched: a tenth of a step is 1e-4 and 2e-4.
      expect(apart.filter((distance) => distance > 2e-4).length / apart.length).toBeLessThan(0.02);
      expect(turned.loss / plain.loss).toBeCloseTo(1, 2);
    },
    120_000,
  );
});

it("a network with a teacher draws nearer to it than one without", async () => {
  const whole = at("sixteen.npz");
  await writeSmallScan(whole, 16);
  const teacher = writeTeacher("truth.npz", truthOf(whole));
  // A batch is the whole scan, so that training merges what inference merges.
  const long = { n_groups: 256, nepochs: 5, learning_rate: 4e-3, scheduler: "Default" };
  const values = { ...UNROLLED, ...long, train_data_file: whole, batch_size: 16 };
  const errors: number[] = [];
  for (const [name, more] of [
    ["alone", {}],
    ["taught", { teacher, teacher_weight: 100, teacher_epochs: 1000 }],
  ] as [string, Values][]) {
    const output_dir = at(name);
    await trainHere({ ...values, ...more, output_dir });
    const { code, err } = await runHere(
      ...["infer", "--model_path", output_dir, "--test_data", whole, "--output_dir", at(`${name}-picture`)],
    );
    expect(code, err).toBe(0);
    errors.push(distance(at(`${name}-picture/reconstruction.npz`), truthOf(whole)));
  }
  expect(errors[1]).toBeLessThan(0.9 * errors[0]);
}, 180_000);

/** Relative error of the exit waves of a reconstruction, after the best complex factor. */
function distance(path: string, truth: ComplexArray): number {
  const members = membersOf(path);
  const found = members.get("object") as ComplexArray<"float32">;
  const light = (members.get("coverage") as NdArray<"float32">).data;
  const origin = (members.get("origin_px") as NdArray<"float64">).data;
  const [height, width] = found.shape;
  let [re, im, own, all] = [0, 0, 0, 0];
  for (let r = 0; r < height; r++)
    for (let c = 0; c < width; c++) {
      const [i, j] = [(r + origin[1]) * truth.shape[1] + (c + origin[0]), r * width + c];
      re += light[j] * (found.re[j] * truth.re[i] + found.im[j] * truth.im[i]);
      im += light[j] * (found.re[j] * truth.im[i] - found.im[j] * truth.re[i]);
      own += light[j] * (found.re[j] ** 2 + found.im[j] ** 2);
      all += light[j] * (truth.re[i] ** 2 + truth.im[i] ** 2);
    }
  return Math.sqrt(1 - (re ** 2 + im ** 2) / (own * all));
}

describe("a teacher is part of the run", () => {
  it("stopped and resumed is the same to the last bit, with the weight at its place", async () => {
    const values = { ...UNROLLED, nepochs: 3, teacher: writeTeacher("own.npz", truthOf(scan)) };
    const straight = outcomeOf(await trainHere({ ...values, output_dir: at("straight") }));
    const alone = outcomeOf(await trainHere({ ...values, teacher: null, output_dir: at("without") }));
    expect(straight.weights).not.toEqual(alone.weights);
    const output_dir = at("stopped");
    await expect(trainHere({ ...values, output_dir }, { stop: { epoch: 1, batch: 1 } })).rejects.toThrow(
      /interrupted/,
    );
    const refusal = async (changes: Values, phrase: string) => {
      const failure = await trainHere({ ...values, output_dir, resume: true, ...changes }).catch(
        (error: unknown) => error,
      );
      expect(String(failure)).toContain(phrase);
      expect(exitCodeOf(failure)).toBe(2);
    };
    await refusal({ teacher: null }, "training.teacher");
    await refusal({ teacher_weight: 2 }, "training.teacher_weight: 5 -> 2");
    const half = { coverage: (i: number) => Number(i % 96 > 20) };
    const changed = writeTeacher("own.npz", truthOf(scan), half);
    await refusal({ teacher: changed }, "data SHA-256");
    writeTeacher("own.npz", truthOf(scan));
    expect(outcomeOf(await trainHere({ ...values, output_dir, resume: true }))).toEqual(straight);
  });

  it("its fields are in the archive", async () => {
    const teacher = writeTeacher("archived.npz", truthOf(scan));
    const { archivePath } = await trainHere({
      ...{ ...UNROLLED, nepochs: 1, teacher, teacher_weight: 0.5, output_dir: at("archived") },
    });
    expect(loadBundle(archivePath).manifest.config.training).toMatchObject({
      teacher,
      teacher_weight: 0.5,
      teacher_epochs: null,
    });
  });
});

describe("refused", () => {
  const refusal = async (teacher: string, code: number, phrase: string) => {
    for (const values of [CNN, UNROLLED]) {
      const output_dir = at("refused");
      const failure = await trainHere({ ...values, nepochs: 1, teacher, output_dir }).catch(
        (error: unknown) => error,
      );
      expect(String(failure)).toContain(phrase);
      expect(exitCodeOf(failure)).toBe(code);
    }
  };
  it("a picture of something else, or at another place", async () => {
    const other = writeTeacher("other-object.npz", truthOf(at("other.npz")));
    await refusal(other, 3, "no better than an empty object");
    const moved = writeTeacher("moved.npz", truthOf(scan), { originPx: [9, -9] });
    await refusal(moved, 3, "no better than an empty object");
    const far = writeTeacher("far.npz", truthOf(scan), { originPx: [500, 0] });
    await refusal(far, 3, "covers 0 % of the light");
  });
  it("a picture that covers nothing, or shows nothing", async () => {
    const uncovered = writeTeacher("uncovered.npz", truthOf(scan), { coverage: () => 0 });
    await refusal(uncovered, 3, "zero wherever it is covered");
    await refusal(writeTeacher("empty.npz", complex64([96, 96])), 3, "zero wherever it is covered");
  });
  it("a scan file, whose truth is not asked for by this name", () => refusal(scan, 3, 'no array "object"'));
  it("a file that is not there", () => refusal(at("missing"), 3, "missing"));
});
