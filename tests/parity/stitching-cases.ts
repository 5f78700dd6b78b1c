// Parity of the stitchers of the TensorFlow workflows.
import { type ComplexArray, complex64, float32, float64, type NdArray } from "../../src/core/ndarray.js";
import { stitchCropped } from "../../src/inference/stitch-crop.js";
import { clipToGrid, gridBorders, stitchGrid } from "../../src/inference/stitch-grid.js";
import { sumOnCanvas } from "../../src/inference/stitch-whole.js";
import { roundHalfEven } from "../../src/numeric/round-half-even.js";
import { complexOf, realOf } from "./case-arrays.js";
import type { CaseArrays, CaseCheck, CaseJson, CheckResult } from "./check.js";
import { compareValues, expectRefusal, numbers } from "./data-compare.js";

export const stitchingChecks: Readonly<Record<string, CaseCheck>> = {
  stitch_grid: async ({ expected }, arrays) => {
    const [n, N] = arrays.patches.shape;
    const patches = { ...complexOf(arrays.patches), shape: [n, N, N] };
    const { nimgs_test: images } = expected.configs[0];
    return [
      ...expected.configs.map((config: CaseJson) => {
        const stitched = stitchGrid(patches, {
          images: config.nimgs_test,
          outerOffsetPx: config.outer_offset_test,
        });
        const values = partOf(stitched, config.part, config.norm ? config.norm_Y_I : 1);
        const name = `stitched_${config.index}`;
        return compareValues(name, values, numbers(arrays[name]), config.part === "complex" ? 0 : 1e-6);
      }),
      ...clipChecks(arrays),
      expectRefusal("outer_offset_none", () => stitchGrid(patches, { images, outerOffsetPx: 0 }), ["pixel"]),
      expectRefusal("outer_offset_2N", () => stitchGrid(patches, { images, outerOffsetPx: 2 * N }), [
        "border",
      ]),
      expectRefusal("no square", () => stitchGrid(patches, { images: n - 1, outerOffsetPx: 8 }), ["squares"]),
    ];
  },

  stitch_position: async ({ config }, arrays) => {
    const [n, N] = arrays.patches.shape;
    const patches = { ...complexOf(arrays.patches), shape: [n, N, N] };
    const offsets = float64([n, 2], Float64Array.from(numbers(arrays.offsets)));
    const whole = float64([n, 2], offsets.data.map(roundHalfEven));
    const placed = (positions: NdArray, cropPx: number) => stitchCropped(patches, positions, { cropPx });
    const result = placed(offsets, config.M);
    const weight = result.norm.data;
    const sums = complex64(
      result.canvas.shape,
      result.canvas.re.map((value, i) => value * (weight[i] + 1e-9)),
      result.canvas.im.map((value, i) => value * (weight[i] + 1e-9)),
    );
    const cropped = Object.keys(arrays).flatMap((name) => {
      const crop = /^result_M(\d+)$/.exec(name)?.[1];
      return crop === undefined ? [] : [whereCovered(name, placed(offsets, Number(crop)), arrays[name])];
    });
    return [
      whereCovered("result", result, arrays.result),
      compareValues("weights", weight, numbers(arrays.weights), 1e-5),
      compareValues("sum", numbers(sums), numbers(arrays.sum), 1e-5),
      ...cropped,
      whereCovered("result_integer_offsets", placed(whole, config.M), arrays.result_integer_offsets),
      // An odd window breaks the original; here it is placed like any other.
      { name: "odd M", passed: placed(offsets, config.M - 1).canvas.shape[0] > 0, detail: "is stitched" },
    ];
  },

  stitch_whole_object: async ({ config }, arrays) => {
    const [B, , , C] = arrays.patches.shape;
    const patches = channelsFirst(complexOf(arrays.patches));
    const given = numbers(arrays.offsets);
    const offsets = float32(
      [B, C, 2],
      Float32Array.from({ length: B * C * 2 }, (_, i) => {
        const [axis, c, b] = [i % 2, Math.floor(i / 2) % C, Math.floor(i / (2 * C))];
        return given[(b * 2 + axis) * C + c];
      }),
    );
    // In batches no larger than the patches the original sums all of them before it divides.
    const canvas = (name: string) =>
      numbers(
        sumOnCanvas(patches, offsets, {
          sizePx: config.size,
          divide: name === "result_batched" ? "all" : "groups",
          normalise: name === "result_norm",
        }),
      );
    return Object.keys(arrays)
      .filter((name) => name.startsWith("result_"))
      .map((name) => {
        const reference = numbers(arrays[name]);
        const values = canvas(name);
        const largest = reference.reduce(
          (most, v) => (Number.isNaN(v) ? most : Math.max(most, Math.abs(v))),
          0,
        );
        // 0/0 outside the patches is 0 here.
        const known = reference.map((value, i) => (Number.isNaN(value) ? values[i] : value));
        return compareValues(name, values, known, 1e-5 * largest);
      });
  },
};

function clipChecks(arrays: CaseArrays): CheckResult[] {
  const table = numbers(arrays.clip_sizes);
  const borders = Array.from({ length: table.length / 8 }, (_, row) => {
    const [N, gridsize, offsetPx, outerOffsetPx] = table.slice(8 * row, 8 * row + 4);
    const { patchPx, imagePx } = gridBorders({ N, gridsize, offsetPx, outerOffsetPx });
    return [N, gridsize, offsetPx, outerOffsetPx, ...patchPx, ...imagePx];
  });
  const side = arrays.full.shape[1];
  const full = { ...realOf(arrays.full), shape: [side, side] } as NdArray<"float32">;
  const clipped = clipToGrid(full, { N: 16, gridsize: 2, offsetPx: 4, outerOffsetPx: 8 });
  return [
    compareValues("clip_sizes", borders.flat(), table, 0),
    compareValues("clipped", clipped.data, numbers(arrays.clipped), 0),
  ];
}

function partOf(image: ComplexArray, part: string, norm: number): number[] {
  if (part === "complex") return numbers(image);
  return Array.from(image.re, (re, i) =>
    part === "amp" ? norm * Math.hypot(re, image.im[i]) : norm * Math.atan2(image.im[i], re),
  );
}

/** Where the weight is under 1e-3 the quotient is rounding noise. */
function whereCovered(
  name: string,
  { canvas, norm }: Pick<ReturnType<typeof stitchCropped>, "canvas" | "norm">,
  reference: CaseArrays[string],
): CheckResult {
  const values = numbers(canvas);
  const known = numbers(reference).map((value, i) =>
    norm.data[i % norm.data.length] > 1e-3 ? value : values[i],
  );
  return compareValues(name, values, known, 1e-5);
}

/** [B, N, N, C] to [B, C, N, N]. */
function channelsFirst(patches: ComplexArray): ComplexArray {
  const [B, N, , C] = patches.shape;
  const move = (part: Float32Array) =>
    Float32Array.from(part, (_, i) => {
      const [pixel, c, b] = [i % (N * N), Math.floor(i / (N * N)) % C, Math.floor(i / (N * N * C))];
      return part[(b * N * N + pixel) * C + c];
    });
  return complex64([B, C, N, N], move(patches.re), move(patches.im));
}
