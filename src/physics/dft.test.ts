import { expect, test } from "vitest";
import { constant, input } from "../compute/build-elementwise.js";
import { evaluate } from "../compute/evaluate.js";
import { float64 } from "../core/ndarray.js";
import { centredDft, orthoScale } from "./dft.js";

/** The definition, one output at a time, of an image padded by hand; inverse: from a centred spectrum back. */
function direct(
  re: number[][],
  im: number[][],
  scale: number,
  inverse = false,
): { re: number[][]; im: number[][] } {
  const [K, L] = [re.length, re[0].length];
  const out = { re: re.map((row) => row.map(() => 0)), im: im.map((row) => row.map(() => 0)) };
  for (let k = 0; k < K; k++) {
    for (let l = 0; l < L; l++) {
      for (let y = 0; y < K; y++) {
        for (let x = 0; x < L; x++) {
          const angle = inverse
            ? 2 * Math.PI * (((y - Math.floor(K / 2)) * k) / K + ((x - Math.floor(L / 2)) * l) / L)
            : -2 * Math.PI * (((k - Math.floor(K / 2)) * y) / K + ((l - Math.floor(L / 2)) * x) / L);
          out.re[k][l] += scale * (re[y][x] * Math.cos(angle) - im[y][x] * Math.sin(angle));
          out.im[k][l] += scale * (re[y][x] * Math.sin(angle) + im[y][x] * Math.cos(angle));
        }
      }
    }
  }
  return out;
}

const image = (height: number, width: number, seed: number): number[][] =>
  Array.from({ length: height }, (_, y) =>
    Array.from({ length: width }, (_, x) => Math.sin(seed + 3.7 * y + 1.3 * x * x + 0.2 * y * x)),
  );

const padImage = (values: number[][], rows: number, columns: number): number[][] =>
  Array.from({ length: values.length + 2 * rows }, (_, y) =>
    Array.from({ length: values[0].length + 2 * columns }, (_, x) => values[y - rows]?.[x - columns] ?? 0),
  );

test.each([
  [8, 8, 0, 0],
  [6, 10, 0, 0],
  [5, 7, 0, 0],
  [8, 4, 2, 1],
])("the transform of %i x %i padded by %i, %i agrees with the definition", (height, width, rows, columns) => {
  const [re, im] = [image(height, width, 1), image(height, width, 2)];
  const x = input("x", [1, 2, height, width], "float64");
  const scale = orthoScale(height, width);
  const [y] = evaluate([centredDft(x, { scale, padding: [rows, columns] })], {
    x: float64([1, 2, height, width], [...re.flat(), ...im.flat()]),
  });
  const expected = direct(padImage(re, rows, columns), padImage(im, rows, columns), scale);
  expect(y.shape).toEqual([1, 2, height + 2 * rows, width + 2 * columns]);
  [...expected.re.flat(), ...expected.im.flat()].forEach((value, i) => {
    expect(Number(y.data[i])).toBeCloseTo(value, 12);
  });
});

test.each([
  [8, 8],
  [6, 10],
  [5, 7],
])("the inverse of %i x %i agrees with its definition and undoes the transform", (height, width) => {
  const [re, im] = [image(height, width, 3), image(height, width, 4)];
  const values = [...re.flat(), ...im.flat()];
  const x = constant(float64([1, 2, height, width], values));
  const scale = orthoScale(height, width);
  const there = centredDft(x, { scale });
  const back = centredDft(x, { scale, inverse: true });
  const [y, thereAndBack, backAndThere] = evaluate(
    [back, centredDft(there, { scale, inverse: true }), centredDft(back, { scale })],
    {},
  );
  const expected = direct(re, im, scale, true);
  [...expected.re.flat(), ...expected.im.flat()].forEach((value, i) => {
    expect(Number(y.data[i])).toBeCloseTo(value, 12);
    expect(Number(thereAndBack.data[i])).toBeCloseTo(values[i], 12);
    expect(Number(backAndThere.data[i])).toBeCloseTo(values[i], 12);
  });
});

test("an inverse with padding is refused", () => {
  const padded = () => centredDft(input("x", [2, 8, 8]), { inverse: true, padding: [2, 2] });
  expect(padded).toThrow(/padding belongs to the forward transform/);
});

test("an image without stacked parts is refused", () => {
  expect(() => centredDft(input("x", [3, 8, 8]))).toThrow(/\[\.\.\., 2, H, W\].*got \[3, 8, 8\]/);
});
