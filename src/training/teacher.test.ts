import { describe, expect, it } from "vitest";
import { input } from "../compute/build-elementwise.js";
import { gradients } from "../compute/differentiate.js";
import { evaluate } from "../compute/evaluate.js";
import { complex64, float32, type NdArray } from "../core/ndarray.js";
import { cutWindows, type Teacher, teacherFeeds, teacherStrength, teacherTerm } from "./teacher.js";

describe("teacherStrength", () => {
  it("falls from the weight to 0 as half a cosine, and stays there", () => {
    const at = (epoch: number, part: number) => teacherStrength({ weight: 3, epochs: 4 }, epoch, part);
    expect([at(0, 0), at(4, 0), at(7, 0.5)]).toEqual([3, 0, 0]);
    expect(at(2, 0)).toBeCloseTo(1.5, 12);
    expect(at(1, 0)).toBeCloseTo(1.5 * (1 + Math.SQRT1_2), 12);
    const fall = Array.from({ length: 41 }, (_, i) => at(Math.floor(i / 10), (i % 10) / 10));
    fall.slice(1).forEach((value, i) => {
      expect(value).toBeLessThan(fall[i]);
    });
  });
});

/** A picture of 12 x 10 pixels with its pixel [0, 0] at (-3, 5): f(x, y) = quadratic in the frame of the positions. */
const f = (x: number, y: number) => 1 + 0.3 * x - 0.2 * y + 0.05 * x * x - 0.04 * x * y + 0.02 * y * y;
const [HEIGHT, WIDTH] = [12, 10];
const picture = ((): Teacher => {
  const value = (i: number) => f(-3 + (i % WIDTH), 5 + Math.floor(i / WIDTH));
  const re = Float32Array.from({ length: HEIGHT * WIDTH }, (_, i) => value(i));
  const object = complex64(
    [HEIGHT, WIDTH],
    re,
    re.map((v) => -2 * v),
  );
  return { object, known: new Uint8Array(HEIGHT * WIDTH).fill(1), originPx: [-3, 5] };
})();

describe("cutWindows", () => {
  it("copies at whole pixels, as far as the picture reaches", () => {
    const { re, im, known } = cutWindows(picture, [0], [7], 4);
    for (let r = 0; r < 4; r++)
      for (let c = 0; c < 4; c++) {
        const value = f(-2 + c, 5 + r);
        expect([known[4 * r + c], re[4 * r + c]]).toEqual([1, Math.fround(value)]);
        expect(im[4 * r + c]).toBeCloseTo(-2 * value, 5);
      }
    const beside = cutWindows(picture, [-2], [7], 4);
    expect(Array.from(beside.known.subarray(0, 4))).toEqual([0, 1, 1, 1]);
    expect(beside.re[0]).toBe(0);
  });

  it("interpolates a quadratic exactly between pixels, for every window", () => {
    const [x, y] = [
      [1.25, 2.5],
      [10.75, 11.1],
    ];
    const { re, known } = cutWindows(picture, x, y, 4);
    for (let n = 0; n < 2; n++)
      for (let r = 0; r < 4; r++)
        for (let c = 0; c < 4; c++) {
          expect(known[(4 * n + r) * 4 + c]).toBe(1);
          expect(re[(4 * n + r) * 4 + c]).toBeCloseTo(f(x[n] - 2 + c, y[n] - 2 + r), 4);
        }
  });

  it("knows a value only if every pixel that enters it is known", () => {
    const known = picture.known.slice();
    known[4 * WIDTH + 5] = 0; // (2, 9)
    const holed = { ...picture, known };
    const whole = cutWindows(holed, [2], [9], 4);
    expect(Array.from(whole.known.keys()).filter((i) => whole.known[i] === 0)).toEqual([4 * 2 + 2]);
    const between = cutWindows(holed, [2.5], [9], 4); // columns 0.5 .. 3.5
    expect(Array.from(between.known.subarray(8, 12))).toEqual([0, 0, 0, 0]);
    expect(Array.from(between.known.subarray(0, 4))).toEqual([1, 1, 1, 1]);
  });
});

describe("teacherTerm", () => {
  const shape = [2, 1, 2, 2];
  const wave = (seed: number) => Float32Array.from({ length: 8 }, (_, i) => 1 + Math.sin(seed + 3 * i));
  const arrays = {
    re: wave(1),
    im: wave(2),
    light: Float32Array.of(0.1, 2, 0.5, 1),
    teacher_re: wave(3),
    teacher_im: wave(4),
    teacher_known: Float32Array.of(1, 1, 0, 1, 1, 0, 1, 1),
  };
  const feeds = (known: Float32Array): Record<string, NdArray> => ({
    re: float32(shape, arrays.re),
    im: float32(shape, arrays.im),
    light: float32([1, 1, 2, 2], arrays.light),
    misfit: float32([], [7]),
    teacher_re: float32(shape, arrays.teacher_re),
    teacher_im: float32(shape, arrays.teacher_im),
    teacher_known: float32(shape, known),
    teacher_strength: float32([], [0.5]),
  });
  const [re, im] = [input("re", shape), input("im", shape)];
  const misfit = input("misfit", []);
  const term = teacherTerm({ re, im }, input("light", [1, 1, 2, 2]), misfit);

  it("descends the logarithm of the relative error of the known exit waves, strength x misfit times; only the object learns", () => {
    let error = 0;
    const slope = arrays.re.map((value, i) => {
      const weight = arrays.teacher_known[i] * arrays.light[i % 4];
      const [dr, di] = [value - arrays.teacher_re[i], arrays.im[i] - arrays.teacher_im[i]];
      error += weight * (dr ** 2 + di ** 2);
      return 2 * weight * dr;
    });
    const [value, dRe, dMisfit] = evaluate([term, ...gradients(term, [re, misfit])], {
      ...feeds(arrays.teacher_known),
    });
    expect(Number(value.data[0])).toBeCloseTo(3.5, 5);
    Array.from(dRe.data, Number).forEach((d, i) => {
      expect(d).toBeCloseTo((3.5 * slope[i]) / error, 5);
    });
    expect(Number(dMisfit.data[0])).toBe(0);
  });

  it("asks for less and less below a relative error of a millionth", () => {
    const close = arrays.teacher_re.map((value) => value * (1 + 1e-4));
    const feedsNear = { ...feeds(new Float32Array(8).fill(1)), re: float32(shape, close) };
    const im = float32(
      shape,
      arrays.teacher_im.map((value) => value * (1 + 1e-4)),
    );
    // E = 1e-8, a hundredth of the smallest error that is asked for.
    expect(Number(evaluate([term], { ...feedsNear, im })[0].data[0]) / 3.5).toBeCloseTo(0.01, 4);
  });

  it("is 0 for what the teacher does not know, and for what it knows exactly", () => {
    expect(Number(evaluate([term], feeds(new Float32Array(8)))[0].data[0])).toBe(0);
    const same = { ...feeds(arrays.teacher_known), re: float32(shape, arrays.teacher_re) };
    const agreed = { ...same, im: float32(shape, arrays.teacher_im) };
    expect(Number(evaluate([term], agreed)[0].data[0])).toBe(0);
  });
});

it("teacherFeeds cuts nothing at strength 0", () => {
  const refuse = () => {
    throw new Error("cut");
  };
  const off = teacherFeeds(refuse, [1, 2, 2], 0);
  expect([off.teacher_known.shape, Array.from(off.teacher_known.data)]).toEqual([
    [1, 2, 2],
    [0, 0, 0, 0],
  ]);
  expect(() => teacherFeeds(refuse, [1, 2, 2], 0.1)).toThrow("cut");
});
