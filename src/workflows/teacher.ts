// A reconstruction as the teacher of a training run: read, checked against the measurement, brought to its units.
import { input } from "../compute/build-elementwise.js";
import type { Expr } from "../compute/expr.js";
import { compile } from "../compute/runtime.js";
import type { TrainingConfig } from "../config/fields.js";
import { check, PtychoError } from "../core/errors.js";
import { type ComplexArray, complex64, float32, float64, type NdArray } from "../core/ndarray.js";
import { printable } from "../formats/printable.js";
import { cutWindows, type Teacher, type TeacherSchedule } from "../training/teacher.js";
import { readReconstruction } from "./read-reconstruction.js";

/** Share of the largest coverage below which the teacher is not believed. */
const BELIEVED = 0.05;
/** Share of a pattern's light that must fall on what the teacher knows, for the pattern to enter the fit of the scale. */
const WELL_COVERED = 0.9;
/** Share of all light that must, for the teacher to be of any use. */
const COVERED = 0.1;
/** Patterns that enter the fit. */
const FITTED = 64;

/** A teacher in the units of its file, its phase turned so that its mean is real and positive. */
export interface TeacherFile {
  readonly path: string;
  readonly picture: Teacher;
  readonly schedule: TeacherSchedule;
}

/** A teacher in the units of the network. */
export interface FittedTeacher {
  readonly picture: Teacher;
  readonly schedule: TeacherSchedule;
  /** What was found, for the user. */
  readonly note: string;
}

/**
 * The teacher that a configuration names; nothing is read when it names none.
 *
 * The phase of an object is free, and a network starts near phase 0: the mean of the picture is turned there, once, so that
 * all patches agree.
 *
 * @throws PtychoError DataError when the file is no reconstruction, or an empty one.
 */
export function readTeacher(training: TrainingConfig): TeacherFile | undefined {
  if (training.teacher === null) return undefined;
  const { path, object, coverage, originPx } = readReconstruction(training.teacher);
  const where = `--teacher ${printable(path)}`;
  const largest = coverage.data.reduce((most, value) => Math.max(most, value), 0);
  const known = Uint8Array.from(coverage.data, (value) => Number(value > BELIEVED * largest));
  const turned = turnedToReal(object, known);
  check(
    turned !== undefined,
    "DataError",
    () => `${where}: the object is zero wherever it is covered; give a reconstruction that shows something`,
  );
  return {
    path: where,
    picture: { object: turned, known, originPx },
    schedule: {
      weight: training.teacher_weight,
      epochs: training.teacher_epochs ?? Math.ceil(0.75 * training.nepochs),
    },
  };
}

/** Patterns of the training data, as the fit of the teacher's scale needs them. */
export interface TaughtScan {
  /** Edge of a pattern, pixels. */
  readonly N: number;
  /** Centres of the windows from which the patterns are predicted; those of a group lie together. */
  readonly xPx: ArrayLike<number>;
  readonly yPx: ArrayLike<number>;
  readonly groupSize: number;
  /** sum_p |P_p|^2, [N * N], any unit. */
  readonly light: ArrayLike<number>;
  /** Modelled amplitudes of groups from object windows [G, C, N, N], inputs `window_re` and `window_im`; other inputs: */
  readonly model: (groups: Int32Array) => { readonly amplitude: Expr; readonly feeds: Feeds };
  /** Measured amplitudes of groups, in the units of the model. */
  readonly measured: (groups: Int32Array) => Float32Array;
}

type Feeds = Readonly<Record<string, NdArray<"float32">>>;

/**
 * Brings the teacher to the units in which the physics of the network sees its object: the factor c that makes the
 * modelled amplitudes of c x teacher fit the measured ones best. So the scale of the teacher's file, whichever it is, does
 * not matter; probe, its normalisation and the gain of the forward model are those of the training.
 *
 * @throws PtychoError DataError when the teacher does not cover the scan, or explains it no better than an empty object.
 */
export async function fitTeacher(file: TeacherFile, scan: TaughtScan): Promise<FittedTeacher> {
  const { path, picture } = file;
  const { share, sample } = coverageOf(picture, scan);
  const percent = (value: number) => `${Math.round(100 * value)} %`;
  check(
    share >= COVERED && sample.length > 0,
    "DataError",
    () =>
      `${path}: it covers ${percent(share)} of the light of the training patterns${share >= COVERED ? ", and none of them well" : ""}; ` +
      "expected a reconstruction of the same scan, in the frame of its positions",
  );
  const { amplitude, feeds } = scan.model(sample);
  const executable = await compile({ outputs: { amplitude } });
  const measured = scan.measured(sample);
  const shape = [sample.length, scan.groupSize, scan.N, scan.N];
  const fitOf = async (re: Float32Array, im: Float32Array) => {
    const windows = { window_re: float32(shape, re), window_im: float32(shape, im) };
    const results = await executable.run({ ...feeds, ...windows });
    return fitScale(results.amplitude.data as Float32Array, measured);
  };
  const { re, im } = filledWindows(picture, scan, sample);
  const taught = await fitOf(re, im);
  const empty = await fitOf(new Float32Array(re.length).fill(1), new Float32Array(re.length));
  await executable.release();
  const found = `R ${taught.residual.toFixed(3)}, of an empty object ${empty.residual.toFixed(3)}`;
  if (!(taught.residual < empty.residual)) {
    throw new PtychoError(
      "DataError",
      `${path}: it explains the measured amplitudes no better than an empty object does (${found}); expected a ` +
        "reconstruction of the same scan, with the same pixel size and the probe of the training file",
    );
  }
  const { weight, epochs } = file.schedule;
  return {
    picture: { ...picture, object: scaled(picture.object, taught.scale) },
    schedule: file.schedule,
    note:
      `teacher: covers ${percent(share)} of the light, scaled by ${taught.scale.toPrecision(4)} to the measured amplitudes ` +
      `(${found}); weight ${weight}, falling to 0 over ${epochs} epoch${epochs === 1 ? "" : "s"}`,
  };
}

/** The object with its mean over the known pixels real and positive, 0 elsewhere; undefined if it is 0 all over. */
function turnedToReal(object: ComplexArray, known: Uint8Array): ComplexArray | undefined {
  let [re, im, brightest] = [0, 0, 0];
  known.forEach((is, i) => {
    if (is === 0) return;
    re += object.re[i];
    im += object.im[i];
    brightest = Math.max(brightest, Math.hypot(object.re[i], object.im[i]));
  });
  if (brightest === 0) return undefined;
  const mean = Math.hypot(re, im);
  const [cos, sin] = mean === 0 ? [1, 0] : [re / mean, im / mean];
  return complex64(
    object.shape,
    object.re.map((value, i) => known[i] * (cos * value + sin * object.im[i])),
    object.im.map((value, i) => known[i] * (cos * value - sin * object.re[i])),
  );
}

/** Share of the light of all patterns that falls on known pixels, and up to 64 patterns in groups that are well covered. */
function coverageOf(
  picture: Teacher,
  { N, xPx, yPx, groupSize, light }: TaughtScan,
): { readonly share: number; readonly sample: Int32Array } {
  const groups = xPx.length / groupSize;
  const whole = groupSize * Array.from(light).reduce((sum, value) => sum + value, 0);
  const shares = Float64Array.from({ length: groups }, (_, group) => {
    let covered = 0;
    for (let i = group * groupSize; i < (group + 1) * groupSize; i++) {
      const left = Math.round(xPx[i] - N / 2 - picture.originPx[0]);
      const top = Math.round(yPx[i] - N / 2 - picture.originPx[1]);
      covered += coveredLight(picture, light, left, top, N);
    }
    return covered / whole;
  });
  const good = Array.from(shares.keys()).filter((group) => shares[group] >= WELL_COVERED);
  const count = Math.min(good.length, Math.max(1, Math.floor(FITTED / groupSize)));
  return {
    share: shares.reduce((sum, value) => sum + value, 0) / groups,
    sample: Int32Array.from({ length: count }, (_, i) => good[Math.floor((i * good.length) / count)]),
  };
}

function coveredLight(
  { object, known }: Teacher,
  light: ArrayLike<number>,
  left: number,
  top: number,
  N: number,
): number {
  const [height, width] = object.shape;
  let covered = 0;
  for (let r = Math.max(0, -top); r < Math.min(N, height - top); r++)
    for (let c = Math.max(0, -left); c < Math.min(N, width - left); c++)
      covered += known[(top + r) * width + left + c] * light[r * N + c];
  return covered;
}

/** Windows of the sample, with the mean of the known part where nothing is known. */
function filledWindows(picture: Teacher, { N, xPx, yPx, groupSize }: TaughtScan, sample: Int32Array) {
  const members = Array.from(sample).flatMap((group) =>
    Array.from({ length: groupSize }, (_, i) => group * groupSize + i),
  );
  const { re, im, known } = cutWindows(
    picture,
    members.map((i) => xPx[i]),
    members.map((i) => yPx[i]),
    N,
  );
  const seen = known.reduce((sum, value) => sum + value, 0);
  const mean = re.reduce((sum, value) => sum + value, 0) / Math.max(1, seen);
  return { re: re.map((value, i) => (known[i] === 0 ? mean : value)), im };
}

/** c that minimises sum (c modelled - measured)^2, and what is left: sqrt of that over sum measured^2. */
function fitScale(modelled: Float32Array, measured: Float32Array) {
  let [both, own, all] = [0, 0, 0];
  for (let i = 0; i < measured.length; i++) {
    both += modelled[i] * measured[i];
    own += modelled[i] ** 2;
    all += measured[i] ** 2;
  }
  const scale = own === 0 ? 0 : both / own;
  return { scale, residual: Math.sqrt(Math.max(0, 1 - (scale * both) / all)) };
}

function scaled({ shape, re, im }: ComplexArray, factor: number): ComplexArray {
  return complex64(
    shape,
    re.map((value) => value * factor),
    im.map((value) => value * factor),
  );
}

/** What training reads of a teacher, for the fingerprint of its data. */
export function teacherArrays({ object, known, originPx }: Teacher): [string, NdArray][] {
  return [
    ["teacher_re", float32(object.shape, object.re)],
    ["teacher_im", float32(object.shape, object.im)],
    ["teacher_known", { dtype: "uint8", shape: object.shape, data: known }],
    ["teacher_origin_px", float64([2], originPx)],
  ];
}

/** Inputs for object windows [G, C, N, N] of a graph that `fitTeacher` runs. */
export function windowInputs(shape: readonly number[]): { readonly re: Expr; readonly im: Expr } {
  return { re: input("window_re", shape), im: input("window_im", shape) };
}
