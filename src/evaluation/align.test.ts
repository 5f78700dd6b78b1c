import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { complex64, float64, type NdArray } from "../core/ndarray.js";
import { openNpz } from "../formats/npz.js";
import { pcg64Random } from "../numeric/random-pcg64.js";
import {
  amplitudeOf,
  fitPhaseRamp,
  fitPlane,
  phaseOf,
  removeGlobalPhase,
  removePhaseRamp,
  removePlane,
  scaleToMean,
} from "./align.js";

const golden = `${process.env.PTYCHOPINN_GOLDEN ?? "../shared/golden"}/data/eval_pieces.npz`;
const H = 24;
const W = 31;

/** A smooth weak phase object, multiplied by exp(i (gx x + gy y + offset)) and a scale. */
function objectWithRamp(gx: number, gy: number, offset: number, scale = 1) {
  const object = complex64([H, W]);
  for (let y = 0, i = 0; y < H; y++)
    for (let x = 0; x < W; x++, i++) {
      const phase = 0.4 * Math.sin(x * 0.7) * Math.cos(y * 0.9) + gx * x + gy * y + offset;
      const amplitude = scale * (1 + 0.1 * Math.cos(x * 0.5));
      object.re[i] = amplitude * Math.cos(phase);
      object.im[i] = amplitude * Math.sin(phase);
    }
  return object;
}

describe("planes", () => {
  it("fits the plane it was given, whatever the weights", () => {
    const image = float64(
      [H, W],
      Float64Array.from({ length: H * W }, (_, i) => 0.3 * (i % W) - 0.2 * Math.floor(i / W) + 5),
    );
    for (const weights of [undefined, pcg64Random(1).randoms(H * W)]) {
      const plane = fitPlane(image, weights);
      expect(plane.gradientX).toBeCloseTo(0.3, 10);
      expect(plane.gradientY).toBeCloseTo(-0.2, 10);
      expect(plane.offset).toBeCloseTo(5, 10);
    }
    for (const value of removePlane(image).data) expect(value).toBeCloseTo(0, 10);
  });

  it("refuses an image that fixes no plane", () => {
    expect(() => fitPlane(float64([1, 5]))).toThrow(/does not fix a plane/);
    expect(() => fitPlane(float64([4, 5]), new Float64Array(20))).toThrow(/does not fix a plane/);
  });
});

describe("phase ramps", () => {
  it("finds a steep relative ramp that wraps many times, and removes it", () => {
    const truth = objectWithRamp(0, 0, 0);
    const object = objectWithRamp(1.9, -2.4, 2.9, 3);
    const plane = fitPhaseRamp(object, truth);
    expect(plane.gradientX).toBeCloseTo(1.9, 6);
    expect(plane.gradientY).toBeCloseTo(-2.4, 6);
    const flat = phaseOf(removePhaseRamp(object, plane));
    const expected = phaseOf(truth);
    for (let i = 0; i < flat.data.length; i++) expect(flat.data[i]).toBeCloseTo(expected.data[i], 5);
  });

  it("removes a global phase", () => {
    const truth = objectWithRamp(0, 0, 0);
    const turned = removeGlobalPhase(objectWithRamp(0, 0, -2), truth);
    for (let i = 0; i < turned.re.length; i++) {
      expect(turned.re[i]).toBeCloseTo(truth.re[i], 5);
      expect(turned.im[i]).toBeCloseTo(truth.im[i], 5);
    }
  });
});

describe("scaleToMean", () => {
  it("brings the mean of the image to that of the truth", () => {
    const truth = amplitudeOf(objectWithRamp(0, 0, 0));
    const { image, scale } = scaleToMean(truth, amplitudeOf(objectWithRamp(0.1, 0, 0, 4)));
    expect(scale).toBeCloseTo(0.25, 6);
    for (let i = 0; i < image.data.length; i++) expect(image.data[i]).toBeCloseTo(truth.data[i], 6);
  });

  it("refuses an image of mean zero", () => {
    expect(() => scaleToMean(float64([1, 2], [1, 1]), float64([1, 2]))).toThrow(/mean 0/);
  });
});

describe.skipIf(!existsSync(golden))(`golden eval_pieces (${golden})`, () => {
  it("plane removal, with and without a reference", () => {
    const read = (name: string) => openNpz(golden).read(name) as NdArray<"float64">;
    const own = removePlane(read("phase"));
    const matched = removePlane(read("phase"), read("phase_ref"));
    read("plane_removed").data.forEach((value, i) => {
      expect(own.data[i]).toBeCloseTo(value, 9);
    });
    read("plane_matched").data.forEach((value, i) => {
      expect(matched.data[i]).toBeCloseTo(value, 9);
    });
  });
});
