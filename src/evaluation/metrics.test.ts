import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { float64, type NdArray } from "../core/ndarray.js";
import { openNpz } from "../formats/npz.js";
import { pcg64Random } from "../numeric/random-pcg64.js";
import { scaleToMean } from "./align.js";
import {
  correlation,
  meanAbsoluteError,
  meanSquaredError,
  peakSignalToNoise,
  rangeOf,
  structuralSimilarity,
  structuralSimilarityMap,
} from "./metrics.js";

const golden = `${process.env.PTYCHOPINN_GOLDEN ?? "../shared/golden"}/data/eval_pieces.npz`;

function noise(height: number, width: number, seed: number) {
  return float64([height, width], pcg64Random(seed).standardNormal(height * width));
}

/** Wang 2004, Eq. 13, at every window, straight from its words. */
function ssimByDefinition(a: NdArray<"float64">, b: NdArray<"float64">, range: number): number {
  const [height, width] = a.shape;
  const values: number[] = [];
  for (let y = 3; y < height - 3; y++) {
    for (let x = 3; x < width - 3; x++) {
      const pa: number[] = [];
      const pb: number[] = [];
      for (let v = y - 3; v <= y + 3; v++)
        for (let u = x - 3; u <= x + 3; u++) {
          pa.push(a.data[v * width + u]);
          pb.push(b.data[v * width + u]);
        }
      const ma = pa.reduce((s, v) => s + v) / 49;
      const mb = pb.reduce((s, v) => s + v) / 49;
      const cov = (p: number[], mp: number, q: number[], mq: number) =>
        p.reduce((s, v, i) => s + (v - mp) * (q[i] - mq), 0) / 48;
      const c1 = (0.01 * range) ** 2;
      const c2 = (0.03 * range) ** 2;
      values.push(
        ((2 * ma * mb + c1) * (2 * cov(pa, ma, pb, mb) + c2)) /
          ((ma * ma + mb * mb + c1) * (cov(pa, ma, pa, ma) + cov(pb, mb, pb, mb) + c2)),
      );
    }
  }
  return values.reduce((s, v) => s + v) / values.length;
}

describe("structural similarity", () => {
  it("follows its definition on a non-square image", () => {
    const a = noise(12, 17, 1);
    const b = float64(
      [12, 17],
      noise(12, 17, 2).data.map((v, i) => 0.5 * v + a.data[i] + 0.3),
    );
    expect(structuralSimilarity(a, b, 4)).toBeCloseTo(ssimByDefinition(a, b, 4), 12);
  });

  it("is 1 for the image itself", () => {
    const a = noise(9, 9, 3);
    expect(structuralSimilarity(a, a, rangeOf(a).range)).toBeCloseTo(1, 14);
  });

  it("refuses small images, different shapes and a range that is none", () => {
    expect(() => structuralSimilarity(noise(6, 9, 1), noise(6, 9, 2), 1)).toThrow(/7x7/);
    expect(() => structuralSimilarity(noise(8, 9, 1), noise(9, 8, 2), 1)).toThrow(/one non-empty shape/);
    expect(() => structuralSimilarity(noise(8, 9, 1), noise(8, 9, 2), 0)).toThrow(/data range/);
  });
});

describe("errors and correlation", () => {
  const truth = float64([2, 2], [1, 2, 3, 6]);
  const image = float64([2, 2], [2, 2, 1, 7]);

  it("are what their names say", () => {
    expect(meanAbsoluteError(truth, image)).toBe(1);
    expect(meanSquaredError(truth, image)).toBe(1.5);
    expect(peakSignalToNoise(truth, image, 5)).toEqual({ db: 10 * Math.log10(25 / 1.5), peak: 5 });
    expect(peakSignalToNoise(truth, truth, 5).db).toBe(Number.POSITIVE_INFINITY);
    expect(() => peakSignalToNoise(truth, image, 0)).toThrow(/positive peak/);
    expect(correlation(truth, float64([2, 2], [-1, -2, -3, -6]))).toBeCloseTo(-1, 14);
    expect(correlation(truth, image)).toBeCloseTo(15 / Math.sqrt(14 * 22), 14);
  });

  it("correlation has no value for a constant image", () => {
    expect(correlation(truth, float64([2, 2], [0.1, 0.1, 0.1, 0.1]))).toBeNull();
    expect(correlation(float64([2, 2]), image)).toBeNull();
  });
});

describe.skipIf(!existsSync(golden))(`golden eval_pieces (${golden})`, () => {
  const read = (name: string) => openNpz(golden).read(name) as NdArray<"float64">;

  it("SSIM: mean and interior of the map", () => {
    const [a, b] = [read("a"), read("b")];
    expect(structuralSimilarity(a, b, 4)).toBeCloseTo(read("ssim").data[0], 9);
    const map = structuralSimilarityMap(a, b, 4);
    const full = read("ssim_map");
    for (let y = 0; y < 34; y++)
      for (let x = 0; x < 34; x++)
        expect(map.data[y * 34 + x]).toBeCloseTo(full.data[(y + 3) * 40 + x + 3], 9);
  });

  it("PSNR with the original's peak of 255, MAE and MSE, plain and scaled to the mean", () => {
    const [a, b] = [read("a"), read("b")];
    const plus3 = (image: NdArray<"float64">) =>
      float64(
        image.shape,
        image.data.map((v) => v + 3),
      );
    const scaled = scaleToMean(plus3(a), plus3(b)).image;
    const psnr = read("psnr").data;
    expect(peakSignalToNoise(a, b, 255).db).toBeCloseTo(psnr[0], 6);
    expect(peakSignalToNoise(plus3(a), scaled, 255).db).toBeCloseTo(psnr[1], 5);
    expect(meanAbsoluteError(plus3(a), scaled)).toBeCloseTo(read("mae").data[0], 9);
    expect(meanAbsoluteError(a, b)).toBeCloseTo(read("mae").data[1], 9);
    expect(read("mse").data).toHaveLength(2);
    expect(meanSquaredError(a, b)).toBeCloseTo(read("mse").data[1], 9);
  });
});
