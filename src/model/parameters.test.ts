import { describe, expect, it } from "vitest";
import { input } from "../compute/build-elementwise.js";
import { evaluate } from "../compute/evaluate.js";
import { float32, int32 } from "../core/ndarray.js";
import { layoutOf, packParameters, parameterExprs, unpackParameters } from "./parameters.js";

const layout = layoutOf([
  { name: "a.weight", shape: [2, 3] },
  { name: "empty", shape: [0, 8] },
  { name: "a.bias", shape: [2] },
]);
const arrays = {
  "a.weight": float32([2, 3], [1, 2, 3, 4, 5, 6]),
  empty: float32([0, 8]),
  "a.bias": float32([2], [7, 8]),
};

describe("parameter layout", () => {
  it("places parameters one after the other", () => {
    expect(layout.size).toBe(8);
    expect(layout.entries.map(({ offset, size }) => [offset, size])).toEqual([
      [0, 6],
      [6, 0],
      [6, 2],
    ]);
  });

  it("packs, unpacks and names the same values", () => {
    const flat = packParameters(layout, { ...arrays, running_mean: float32([1]) });
    expect([...flat]).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(unpackParameters(layout, flat)).toEqual(arrays);
    const named = parameterExprs(layout, input("flat", [8]));
    const [weight, bias] = evaluate([named["a.weight"], named["a.bias"]], { flat: float32([8], flat) });
    expect(weight).toEqual(arrays["a.weight"]);
    expect(bias).toEqual(arrays["a.bias"]);
  });

  it("refuses arrays of another network", () => {
    expect(() => packParameters(layout, { empty: arrays.empty, "a.bias": arrays["a.bias"] })).toThrow(
      "parameter 'a.weight' is missing; expected [2,3]",
    );
    expect(() => packParameters(layout, { ...arrays, "a.bias": float32([3]) })).toThrow(
      "parameter 'a.bias': expected [2], got [3]",
    );
    expect(() => packParameters(layout, { ...arrays, "a.bias": int32([2]) })).toThrow("got int32");
    expect(() => unpackParameters(layout, new Float32Array(7))).toThrow("expected 8 values, got 7");
    expect(() => parameterExprs(layout, input("flat", [7]))).toThrow("expected [8], got [7]");
  });
});
