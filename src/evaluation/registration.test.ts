import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type ComplexArray, complex64, float64, type NdArray } from "../core/ndarray.js";
import { openNpz } from "../formats/npz.js";
import { pcg64Random } from "../numeric/random-pcg64.js";
import { amplitudeOf } from "./align.js";
import { bestIntegerShift, fourierShift, phaseCorrelationShift } from "./registration.js";

const golden = `${process.env.PTYCHOPINN_GOLDEN ?? "../shared/golden"}/data/eval_registration.npz`;

describe("bestIntegerShift", () => {
  const image = float64([40, 50], pcg64Random(5).standardNormal(2000));
  const window = (x: number, y: number) =>
    float64(
      [12, 15],
      Float64Array.from({ length: 180 }, (_, i) => image.data[(y + Math.floor(i / 15)) * 50 + x + (i % 15)]),
    );

  it("finds where a window comes from, at the edges of the image too", () => {
    expect(bestIntegerShift(window(17, 9), image, [14, 14], 8)).toEqual([3, -5]);
    expect(bestIntegerShift(window(0, 0), image, [4, 2], 8)).toEqual([-4, -2]);
    expect(bestIntegerShift(window(35, 28), image, [30, 27], 8)).toEqual([5, 1]);
  });

  it("stays at 0 for a flat image and never exceeds the search", () => {
    expect(bestIntegerShift(window(17, 9), float64([40, 50]), [14, 14], 8)).toEqual([0, 0]);
    const [dx, dy] = bestIntegerShift(window(17, 9), image, [14, 14], 2);
    expect(Math.max(Math.abs(dx), Math.abs(dy))).toBeLessThanOrEqual(2);
  });

  it("refuses a window outside the image", () => {
    expect(() => bestIntegerShift(window(0, 0), image, [40, 0], 8)).toThrow(/not inside/);
  });
});

describe("fourierShift", () => {
  it("moves whole pixels exactly and comes back from fractions", () => {
    const random = pcg64Random(2);
    const image = complex64(
      [9, 12],
      Float32Array.from(random.standardNormal(108)),
      Float32Array.from(random.standardNormal(108)),
    );
    const moved = fourierShift(image, [2, -3]);
    for (let y = 0; y < 9; y++)
      for (let x = 0; x < 12; x++)
        expect(moved.re[((y + 6) % 9) * 12 + ((x + 2) % 12)]).toBeCloseTo(image.re[y * 12 + x], 5);
    // An odd extent has no Nyquist sample, so a fractional shift can be undone there.
    const odd = complex64([9, 11], image.re.slice(0, 99), image.im.slice(0, 99));
    const back = fourierShift(fourierShift(odd, [0.37, 1.61]), [-0.37, -1.61]);
    for (let i = 0; i < 99; i++) expect(back.im[i]).toBeCloseTo(odd.im[i], 5);
  });
});

describe("phaseCorrelationShift", () => {
  it("finds whole shifts with their sign: the shift to apply to the image", () => {
    const image = float64([16, 20], pcg64Random(3).standardNormal(320));
    const moved = float64(
      [16, 20],
      Float64Array.from({ length: 320 }, (_, i) => {
        const [y, x] = [Math.floor(i / 20), i % 20];
        return image.data[((y + 13) % 16) * 20 + ((x + 4) % 20)];
      }),
    );
    // moved(y, x) = image(y - 3, x + 4): it takes [4, -3] back.
    expect(phaseCorrelationShift(image, moved, 1)).toEqual([4, -3]);
    const [dx, dy] = phaseCorrelationShift(image, moved, 20);
    expect([dx, dy]).toEqual([4, -3]);
    expect(() => phaseCorrelationShift(image, moved, 0)).toThrow(/upsample/);
  });
});

describe.skipIf(!existsSync(golden))(`golden eval_registration (${golden})`, () => {
  const read = (name: string) => openNpz(golden).read(name);

  it("sub-pixel offsets for four images and four upsamplings", () => {
    const reference = amplitudeOf(read("reference") as ComplexArray);
    const offsets = (read("offsets") as NdArray<"float64">).data;
    [1, 10, 50, 100].forEach((upsample, k) => {
      for (let image = 0; image < 4; image++) {
        const [dx, dy] = phaseCorrelationShift(
          reference,
          amplitudeOf(read(`image_${image}`) as ComplexArray),
          upsample,
        );
        expect(Math.abs(dy - offsets[(image * 4 + k) * 2])).toBeLessThan(1.01 / upsample);
        expect(Math.abs(dx - offsets[(image * 4 + k) * 2 + 1])).toBeLessThan(1.01 / upsample);
      }
    });
  });

  it("Fourier shift", () => {
    const reference = read("reference") as ComplexArray;
    const shifted = fourierShift(reference, [2.25, 1.5]);
    const expected = read("shift_crop_5") as ComplexArray<"float64">;
    for (let y = 0; y < 54; y++)
      for (let x = 0; x < 62; x++) {
        expect(shifted.re[(y + 5) * 72 + x + 5]).toBeCloseTo(expected.re[y * 62 + x], 4);
        expect(shifted.im[(y + 5) * 72 + x + 5]).toBeCloseTo(expected.im[y * 62 + x], 4);
      }
  });
});
