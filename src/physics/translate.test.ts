import { expect, test } from "vitest";
import { input, mul } from "../compute/build-elementwise.js";
import { sum } from "../compute/build-shape.js";
import { gradients } from "../compute/differentiate.js";
import { evaluate } from "../compute/evaluate.js";
import { float64 } from "../core/ndarray.js";
import { type Sampling, translate } from "./translate.js";

const [H, W] = [5, 7];
const pixels = Array.from({ length: H * W }, (_, i) => Math.sin(1 + 2.3 * i));

function moved(dx: number, dy: number, sampling: Sampling): number[] {
  const images = input("images", [1, H, W], "float64");
  const shifts = input("shifts", [1, 2], "float64");
  const [out] = evaluate([translate(images, shifts, sampling)], {
    images: float64([1, H, W], pixels),
    shifts: float64([1, 2], [dx, dy]),
  });
  return Array.from(out.data as Float64Array);
}

/** Bilinear sample at (x, y) with zeros outside, by the definition. */
function sample(x: number, y: number): number {
  const [x0, y0] = [Math.floor(x), Math.floor(y)];
  const at = (row: number, column: number): number =>
    row >= 0 && row < H && column >= 0 && column < W ? pixels[row * W + column] : 0;
  const along = (row: number): number => (1 - (x - x0)) * at(row, x0) + (x - x0) * at(row, x0 + 1);
  return (1 - (y - y0)) * along(y0) + (y - y0) * along(y0 + 1);
}

test.each([
  [0.3, -1.7],
  [2.25, 0.5],
  [-3.5, 4.125],
  [40, 0],
])("a shift by (%f, %f) is bilinear with zeros outside", (dx, dy) => {
  const expected = pixels.map((_, i) => sample((i % W) - dx, Math.floor(i / W) - dy));
  moved(dx, dy, "exact").forEach((value, i) => {
    expect(value).toBeCloseTo(expected[i], 12);
  });
  moved(dx, dy, "float32Grid").forEach((value, i) => {
    expect(value).toBeCloseTo(expected[i], 5);
  });
});

test("an integer shift copies exactly", () => {
  const shifted = moved(2, -1, "exact");
  for (let y = 0; y < H - 1; y++) {
    for (let x = 2; x < W; x++) expect(shifted[y * W + x]).toBe(pixels[(y + 1) * W + x - 2]);
  }
});

test("the gradient with respect to the shift is the slope", () => {
  const images = input("images", [1, H, W], "float64");
  const shifts = input("shifts", [1, 2], "float64");
  const weights = float64(
    [1, H, W],
    pixels.map((_, i) => Math.cos(i)),
  );
  const loss = sum(mul(translate(images, shifts), input("weights", [1, H, W], "float64")));
  const at = (dx: number, dy: number): number[] =>
    evaluate([loss, ...gradients(loss, [shifts])], {
      images: float64([1, H, W], pixels),
      shifts: float64([1, 2], [dx, dy]),
      weights,
    }).flatMap(({ data }) => Array.from(data as Float64Array));
  const h = 1e-5;
  const [, byX, byY] = at(0.4, -0.3);
  expect(byX).toBeCloseTo((at(0.4 + h, -0.3)[0] - at(0.4 - h, -0.3)[0]) / (2 * h), 7);
  expect(byY).toBeCloseTo((at(0.4, -0.3 + h)[0] - at(0.4, -0.3 - h)[0]) / (2 * h), 7);
});
