// Parity of subsampling, grouping and containers with the original.
import { complex64, float32, type NdArray } from "../../src/core/ndarray.js";
import { makeAmplitudeContainer } from "../../src/data/container.js";
import type { GroupRequest } from "../../src/data/group-request.js";
import { type Groups, groupPositions, groupScan } from "../../src/data/grouping.js";
import { patternSums, rmsScaleContainer, scaleToFloat32 } from "../../src/data/normalise.js";
import { gatherFrames, type RawData } from "../../src/data/raw-data.js";
import { changeCoordinates, subsampleIndices } from "../../src/data/subsample.js";
import { legacyRandom } from "../../src/numeric/random-legacy.js";
import type { CaseArrays, CaseCheck, CaseJson, CheckResult } from "./check.js";
import { compareValues, expectRefusal, numbers } from "./data-compare.js";

export const dataGroupingChecks: Readonly<Record<string, CaseCheck>> = {
  grouping: async ({ config }, arrays) => {
    const random = legacyRandom(config.seed ?? config.preseed ?? 0);
    const [x, y] = coordinates(arrays, "in_xcoords", "in_ycoords");
    const request: GroupRequest = {
      gridsize: config.gridsize,
      nGroups: config.nsamples,
      neighbourCount: config.K,
      sequential: config.sequential_sampling,
      oversampling: config.enable_oversampling,
      ...(config.neighbor_pool_size !== null && { neighbourPoolSize: config.neighbor_pool_size }),
    };
    const groups = groupScan(x, y, request, random);
    const patterns = gathered(arrays, groups);
    const scale = rmsScaleContainer(patterns);
    const scaled = scaleToFloat32(patterns, scale);
    const results = [
      compareValues("nn_indices", groups.nnIndices.data, numbers(arrays.nn_indices), 0),
      ...positionResults(groups, arrays),
      compareValues("X_norm", [scale], numbers(arrays.X_norm), 1e-12, "relative"),
      compareValues("rng_after", random.randomSample(2), numbers(arrays.rng_after), 0),
    ];
    if ("X_full" in arrays) {
      results.push(compareValues("X_full", channelLast(scaled), numbers(arrays.X_full), 2e-7, "relative"));
    }
    if ("X_full_sum" in arrays) {
      const sums = patternSums(scaled, (value) => value);
      results.push(compareValues("X_full_sum", sums, numbers(arrays.X_full_sum), 1e-6, "relative"));
    }
    return results;
  },

  grouping_errors: async (json) =>
    json.expected.errors.filter(isGroupingCall).map(({ name, input, error }: CaseJson) => {
      const phrase = error.message.split(". ")[0].replace(/\.$/, "");
      const random = legacyRandom(0);
      return expectRefusal(name, () => groupScan(...scatter(input, random), requestOf(input), random), [
        phrase,
      ]);
    }),

  subsample_load_data: async ({ config, indices_file }, arrays) => {
    const [x, y] = coordinates(arrays, "in_xcoords", "in_ycoords");
    const results: CheckResult[] = config.options.flatMap((option: CaseJson, o: number) => {
      const indices = optionIndices(x.length, option);
      const pick = (values: Float64Array) => Float64Array.from(indices, (i) => values[i]);
      const [changedX, changedY] = changeCoordinates(pick(x), pick(y), {
        flipX: option.flip_x ?? false,
        flipY: option.flip_y ?? false,
        swapXy: option.swap_xy ?? false,
        scale: option.coord_scale ?? 1,
      });
      return [
        compareValues(`o${o}_sample_indices`, indices, numbers(arrays[`o${o}_sample_indices`]), 0),
        compareValues(`o${o}_xcoords`, changedX, numbers(arrays[`o${o}_xcoords`]), 1e-12),
        compareValues(`o${o}_ycoords`, changedY, numbers(arrays[`o${o}_ycoords`]), 1e-12),
      ];
    });
    if (typeof indices_file?.content === "string") {
      const listed = indices_file.content.trim().split("\n").map(Number);
      results.push(compareValues("indices_file", optionIndices(x.length, config.options[0]), listed, 0));
    }
    const [subX, subY] = coordinates(arrays, "o0_xcoords", "o0_ycoords");
    const [, members] = arrays.group_nn_indices.shape;
    // The grouping of the first subsample: K=5, seed=21, as the description of its array says.
    const groups = groupScan(
      subX,
      subY,
      { gridsize: Math.sqrt(members), nGroups: arrays.group_nn_indices.shape[0], neighbourCount: 5 },
      legacyRandom(21),
    );
    const start = groupPositions(
      ...coordinates(arrays, "o0_xcoords_start", "o0_ycoords_start"),
      groups.nnIndices,
    );
    return [
      ...results,
      compareValues("group_nn_indices", groups.nnIndices.data, numbers(arrays.group_nn_indices), 0),
      compareValues(
        "group_coords_offsets",
        groups.centresPx.data,
        numbers(arrays.group_coords_offsets),
        1e-12,
      ),
      compareValues(
        "group_coords_relative",
        membersLast(groups.offsetsPx),
        numbers(arrays.group_coords_relative),
        1e-12,
      ),
      compareValues(
        "group_start_offsets",
        start.centresPx.data,
        numbers(arrays.group_coords_start_offsets),
        1e-12,
      ),
      compareValues(
        "group_start_relative",
        membersLast(start.offsetsPx),
        numbers(arrays.group_coords_start_relative),
        1e-12,
      ),
    ];
  },

  container: async ({ config }, arrays) => {
    const raw = rawOf(arrays);
    const groups = groupScan(
      raw.xPx,
      raw.yPx,
      { gridsize: config.gridsize, nGroups: config.nsamples, neighbourCount: config.K },
      legacyRandom(config.seed),
    );
    const container = makeAmplitudeContainer(raw, groups, config.nphotons);
    const sums = patternSums(container.images, (value) => value);
    const local = membersLast(groups.offsetsPx);
    return [
      compareValues("nn_indices", container.nnIndices.data, numbers(arrays.nn_indices), 0),
      compareValues("full_X", channelLast(container.images), numbers(arrays.full_X), 1e-6, "relative"),
      compareValues("full_X_sums", sums, numbers(arrays.full_X_sums), 1e-6, "relative"),
      compareValues(
        "full_norm_Y_I",
        [container.physicsScale],
        numbers(arrays.full_norm_Y_I),
        1e-6,
        "relative",
      ),
      compareValues("global_offsets", container.globalOffsets.data, numbers(arrays.global_offsets), 1e-12),
      compareValues("local_offsets", local, numbers(arrays.local_offsets), 1e-12),
      compareValues(
        "torch_coords",
        membersLast(container.coordsRelative),
        numbers(arrays.torch_coords_nominal),
        0,
      ),
      compareValues("torch_nn_indices", container.nnIndices.data, numbers(arrays.torch_nn_indices), 0),
    ];
  },
};

function coordinates(arrays: CaseArrays, x: string, y: string): [Float64Array, Float64Array] {
  return [Float64Array.from(numbers(arrays[x])), Float64Array.from(numbers(arrays[y]))];
}

function gathered(arrays: CaseArrays, groups: Groups): NdArray<"float32"> {
  const [, N] = arrays.in_diff3d.shape;
  const patterns = Float32Array.from(numbers(arrays.in_diff3d));
  const frames = gatherFrames(patterns, groups.nnIndices.data, N * N);
  return float32([...groups.nnIndices.shape, N, N], frames);
}

function positionResults(groups: Groups, arrays: CaseArrays): CheckResult[] {
  return [
    compareValues("coords_nn", membersLast(groups.positionsPx), numbers(arrays.coords_nn), 1e-12),
    compareValues("coords_offsets", groups.centresPx.data, numbers(arrays.coords_offsets), 1e-12),
    compareValues("coords_relative", membersLast(groups.offsetsPx), numbers(arrays.coords_relative), 1e-12),
  ];
}

/** [G, C, 1, 2] to the original's (G, 1, 2, C). */
function membersLast({ shape: [G, C], data }: NdArray<"float32"> | NdArray<"float64">): number[] {
  return Array.from({ length: G * 2 * C }, (_, i) => {
    const [g, axis, c] = [Math.floor(i / (2 * C)), Math.floor(i / C) % 2, i % C];
    return data[(g * C + c) * 2 + axis];
  });
}

/** [G, C, N, N] to the original's (G, N, N, C). */
function channelLast({ shape: [G, C, N], data }: NdArray<"float32">): Float32Array {
  const moved = new Float32Array(data.length);
  for (let g = 0; g < G; g++)
    for (let c = 0; c < C; c++)
      for (let p = 0; p < N * N; p++) moved[(g * N * N + p) * C + c] = data[(g * C + c) * N * N + p];
  return moved;
}

function isGroupingCall({ input, call }: CaseJson): boolean {
  return typeof input?.n === "number" && String(call).includes("generate_grouped_data");
}

function requestOf(input: CaseJson): GroupRequest {
  return {
    gridsize: input.gridsize,
    nGroups: input.nsamples,
    neighbourCount: input.K,
    oversampling: input.enable_oversampling ?? false,
    ...(input.neighbor_pool_size !== undefined && { neighbourPoolSize: input.neighbor_pool_size }),
  };
}

function scatter(input: CaseJson, random: ReturnType<typeof legacyRandom>): [Float64Array, Float64Array] {
  return [random.uniform(0, 40, input.n), random.uniform(0, 40, input.n)];
}

function optionIndices(n: number, option: CaseJson): Int32Array {
  return subsampleIndices(n, option.n_subsample ?? option.n_images, legacyRandom(option.subsample_seed ?? 0));
}

function rawOf(arrays: CaseArrays): RawData<"amplitude"> {
  const [xPx, yPx] = coordinates(arrays, "in_xcoords", "in_ycoords");
  const { shape } = arrays.in_diff3d;
  return {
    diffraction: {
      domain: "amplitude",
      array: float32(shape, Float32Array.from(numbers(arrays.in_diff3d))),
    },
    xPx,
    yPx,
    xStartPx: xPx,
    yStartPx: yPx,
    probe: complex64([1, shape[1], shape[2]]),
    scanIndex: new Int32Array(xPx.length),
  };
}
