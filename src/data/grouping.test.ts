import { expect, it } from "vitest";
import { legacyRandom } from "../numeric/random-legacy.js";
import { groupScan } from "./grouping.js";

const raster = (width: number, step: number): [Float64Array, Float64Array] => [
  Float64Array.from({ length: width * width }, (_, i) => (i % width) * step),
  Float64Array.from({ length: width * width }, (_, i) => Math.floor(i / width) * step),
];
const request = { gridsize: 2, nGroups: 6, neighbourCount: 5 };

it("gives offsets that are minus the position about the group mean", () => {
  const [x, y] = raster(5, 3);
  const { nnIndices, centresPx, offsetsPx } = groupScan(x, y, request, legacyRandom(1));
  expect(nnIndices.shape).toEqual([6, 4]);
  for (let g = 0; g < 6; g++) {
    let sum = 0;
    for (let c = 0; c < 4; c++) {
      const at = (g * 4 + c) * 2;
      expect(centresPx.data[2 * g] - offsetsPx.data[at]).toBeCloseTo(x[nnIndices.data[g * 4 + c]], 12);
      expect(centresPx.data[2 * g + 1] - offsetsPx.data[at + 1]).toBeCloseTo(
        y[nnIndices.data[g * 4 + c]],
        12,
      );
      sum += offsetsPx.data[at];
    }
    expect(sum).toBeCloseTo(0, 12);
  }
});

it("counts repeated positions once", () => {
  const [x, y] = raster(4, 2);
  const twice = (values: Float64Array) => Float64Array.from([...values, ...values]);
  const { nnIndices, positionsPx } = groupScan(
    twice(x),
    twice(y),
    { ...request, nGroups: 32 },
    legacyRandom(2),
  );
  for (let g = 0; g < 32; g++) {
    const places = new Set(
      [0, 1, 2, 3].map((c) => positionsPx.data.subarray((g * 4 + c) * 2, (g * 4 + c) * 2 + 2).join()),
    );
    expect(places.size).toBe(4);
  }
  expect(nnIndices.shape).toEqual([32, 4]);
});

it("oversamples only on request and only with a large enough pool", () => {
  const [x, y] = raster(4, 2);
  const many = { ...request, nGroups: 40 };
  expect(() => groupScan(x, y, many, legacyRandom(0))).toThrow("up to 80 different groups");
  expect(() =>
    groupScan(x, y, { ...many, oversampling: true, neighbourPoolSize: 3 }, legacyRandom(0)),
  ).toThrow("Increase neighbor_pool_size to at least 4");
  expect(groupScan(x, y, { ...many, oversampling: true }, legacyRandom(0)).nnIndices.shape).toEqual([40, 4]);
});

it("refuses scans on a line, too few points, and requests without meaning", () => {
  const line = Float64Array.from({ length: 9 }, (_, i) => i);
  expect(() => groupScan(line, line, request, legacyRandom(0))).toThrow("on one line");
  expect(groupScan(line, line, { ...request, gridsize: 1 }, legacyRandom(0)).nnIndices.shape).toEqual([6, 1]);
  const [x, y] = raster(3, 1);
  expect(() =>
    groupScan(x.subarray(3, 6), y.subarray(2, 5), { ...request, nGroups: 2 }, legacyRandom(0)),
  ).toThrow("only 3 points but 4");
  expect(() => groupScan(x, y, { ...request, nGroups: 0 }, legacyRandom(0))).toThrow("nGroups");
  expect(() => groupScan(x, y, { ...request, neighbourCount: 3 }, legacyRandom(0))).toThrow(
    "K=3 must be >= C=4",
  );
});
