// Parity of registration, Fourier shifts, crops to the scanned area and cubic resampling.
import { type ComplexArray, complex64 } from "../../src/core/ndarray.js";
import { amplitudeOf } from "../../src/evaluation/align.js";
import { registerAndCrop, shiftAndCrop } from "../../src/evaluation/register-and-crop.js";
import { fourierShift, phaseCorrelationShift } from "../../src/evaluation/registration.js";
import { resample } from "../../src/evaluation/resample.js";
import { centralWindow, cropToStitch, scanAreaWindow, windowWithin } from "../../src/evaluation/scan-crop.js";
import { crop, type Window } from "../../src/evaluation/window.js";
import { complexOf, realOf } from "./case-arrays.js";
import type { CaseArray, CaseArrays, CaseCheck, CaseJson, CheckResult } from "./check.js";
import { compareValues, expectRefusal, numbers } from "./data-compare.js";

const UPSAMPLINGS = [1, 10, 50, 100];
const RADII = [0, 5, 7.3, 64];

export const registrationChecks: Readonly<Record<string, CaseCheck>> = {
  eval_registration: async (json, arrays) => {
    const reference = complexOf(arrays.reference);
    const images = Object.keys(arrays).filter((name) => /^image_\d+$/.test(name));
    return [
      ...offsetChecks(reference, images, arrays),
      ...images.map((name) => {
        const aligned = name.replace("image", "aligned");
        const { image } = registerAndCrop(complexOf(arrays[name]), reference);
        return compareImage(aligned, image, arrays[aligned]);
      }),
      ...cropChecks(reference, arrays),
      ...refusals(json.expected.errors, reference),
    ];
  },
};

function offsetChecks(reference: ComplexArray, images: string[], arrays: CaseArrays): CheckResult[] {
  const offsets = numbers(arrays.offsets);
  const amplitude = amplitudeOf(reference);
  return images.flatMap((name, i) =>
    UPSAMPLINGS.map((upsample, k) => {
      const [dx, dy] = phaseCorrelationShift(amplitude, amplitudeOf(complexOf(arrays[name])), upsample);
      const from = 2 * (UPSAMPLINGS.length * i + k);
      return compareValues(
        `offset ${name} upsampling ${upsample}`,
        [dy, dx],
        offsets.slice(from, from + 2),
        1.0001 / upsample,
      );
    }),
  );
}

function cropChecks(reference: ComplexArray, arrays: CaseArrays): CheckResult[] {
  const [height, width] = reference.shape;
  const yx = numbers(arrays.scan_yx);
  const area = { yPx: yx.filter((_, i) => i % 2 === 0), xPx: yx.filter((_, i) => i % 2 === 1) };
  const aligned = cropToStitch(complexOf(arrays.recon), reference, area, 20);
  const windows = RADII.map((radius) => scanAreaWindow(area, radius, reference.shape));
  const table = realOf(arrays.cc_in);
  const cut = (window: Window): number[] => {
    const [planes, rows, columns] = table.shape;
    return Array.from({ length: planes }, (_, p) => p).flatMap((p) =>
      Array.from({ length: window.width * window.height }, (_, i) =>
        Number(
          table.data[
            (p * rows + window.y + Math.floor(i / window.width)) * columns + window.x + (i % window.width)
          ],
        ),
      ),
    );
  };
  const amplitude = amplitudeOf(reference);
  const real = complex64([height, width], Float32Array.from(amplitude.data));
  const exact = (name: string, values: ArrayLike<number>) =>
    compareValues(name, values, numbers(arrays[name]), 0);
  const inner = table.shape.slice(1);
  return [
    compareImage("align_recon", aligned.object, arrays.align_recon),
    compareImage("align_gt", aligned.truth, arrays.align_gt),
    exact(
      "bbox",
      windows.flatMap(({ x, y, width: w, height: h }) => [y, y + h, x, x + w]),
    ),
    compareImage("crop_area", crop(reference, windows[2], [0, 0]), arrays.crop_area),
    exact("cc_4_4", cut(centralWindow(inner, { height: 4, width: 4 }))),
    exact("cc_border_2", cut(windowWithin(inner, 2))),
    exact("cc_border_9", cut(windowWithin(inner, 9))),
    compareImage(
      "shift_crop_5",
      shiftAndCrop(reference, reference, [2.25, 1.5], 5).image,
      arrays.shift_crop_5,
    ),
    compareValues(
      "fourier_shift_real",
      fourierShift(real, [-1.6, 0.4]).re,
      numbers(arrays.fourier_shift_real),
      1e-5,
    ),
    ...["resize_up", "resize_down"].map((name) => {
      const wanted = complexOf(arrays[name]);
      const [rows, columns] = wanted.shape;
      return compareImage(name, resample(cornerThatEndsAs(wanted, reference), [rows, columns]), wanted);
    }),
  ];
}

/** The upper left part of the reference that was resampled: the corner pixels stay, so the last one tells its extent. */
function cornerThatEndsAs(result: ComplexArray, reference: ComplexArray): ComplexArray {
  const distance = (i: number) =>
    Math.hypot(
      reference.re[i] - result.re[result.re.length - 1],
      reference.im[i] - result.im[result.im.length - 1],
    );
  let last = 0;
  for (let i = 1; i < reference.re.length; i++) if (distance(i) < distance(last)) last = i;
  const width = reference.shape[1];
  const window = { x: 0, y: 0, width: (last % width) + 1, height: Math.floor(last / width) + 1 };
  return crop(reference, window, [0, 0]);
}

function compareImage(name: string, actual: ComplexArray, reference: CaseArray): CheckResult {
  const shape = { name, passed: false, detail: `shape [${actual.shape}], expected [${reference.shape}]` };
  if (actual.shape.join() !== reference.shape.join()) return shape;
  return compareValues(name, numbers(actual), numbers(reference), 1e-5);
}

function refusals(rows: CaseJson[], reference: ComplexArray): CheckResult[] {
  const [H, W] = reference.shape;
  const stack = complex64([1, H, W], reference.re, reference.im);
  const cut = complex64([H - 1, W], reference.re.slice(W), reference.im.slice(W));
  const acts: Record<string, () => unknown> = {
    not_2d: () => registerAndCrop(stack, stack),
    shape: () => registerAndCrop(cut, reference),
    neg_border: () => shiftAndCrop(reference, reference, [0, 0], -1),
    big_border: () => shiftAndCrop(reference, reference, [0, 0], 40),
    crop_exceeds: () => centralWindow([4, 4], { height: 5, width: 4 }),
    crop_zero: () => centralWindow([4, 4], { height: 0, width: 4 }),
    bbox_empty: () => scanAreaWindow({ xPx: [], yPx: [] }, 3, [9, 9]),
    bbox_cols: () => scanAreaWindow({ xPx: [1, 1, 1], yPx: [1, 1] }, 3, [9, 9]),
    align_coords: () => cropToStitch(reference, reference, { xPx: [1, 1, 1], yPx: [1] }, 10),
    resize_3d: () => resample(stack, [5, 5]),
  };
  // crop_1d is a matter of types here: a window has a height and a width.
  return rows
    .filter(({ name }: CaseJson) => name in acts)
    .map(({ name }: CaseJson) => expectRefusal(name, acts[name], []));
}
