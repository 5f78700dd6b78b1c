import { describe, expect, it } from "vitest";
import { input, mul } from "../compute/build-elementwise.js";
import { conv2d, upsample2 } from "../compute/build-linear.js";
import { sum } from "../compute/build-shape.js";
import { gradients } from "../compute/differentiate.js";
import { evaluate } from "../compute/evaluate.js";
import type { Expr } from "../compute/expr.js";
import { float64 } from "../core/ndarray.js";
import { upsampledConv } from "./upsampled-conv.js";

const shapes = { x: [2, 3, 4, 5], weight: [2, 3, 3, 3], bias: [2], cotangent: [2, 2, 8, 10] };
const feeds = Object.fromEntries(
  Object.entries(shapes).map(([name, shape], k) => {
    const array = float64(shape);
    for (let i = 0; i < array.data.length; i++) array.data[i] = Math.sin(1.3 * i + k);
    return [name, array];
  }),
);
const inputs = Object.entries(shapes).map(([name, shape]) => input(name, shape, "float64"));

describe("upsampledConv", () => {
  it.each([true, false])(
    "equals the convolution of the upsampled image, with its gradients (bias: %s)",
    (biased) => {
      const [x, weight, bias, cotangent] = inputs;
      const wanted = biased ? [x, weight, bias] : [x, weight];
      const values = (build: (x: Expr, weight: Expr, bias?: Expr) => Expr) => {
        const y = biased ? build(x, weight, bias) : build(x, weight);
        return evaluate([y, ...gradients(sum(mul(cotangent, y)), wanted)], feeds);
      };
      const folded = values(upsampledConv);
      const plain = values((image, kernel, offset) => conv2d(upsample2(image), kernel, offset));
      plain.forEach((expected, k) => {
        expect(folded[k].shape).toEqual(expected.shape);
        expected.data.forEach((value, i) => {
          expect(Number(folded[k].data[i])).toBeCloseTo(Number(value), 12);
        });
      });
    },
  );
});
