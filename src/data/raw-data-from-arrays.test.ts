import { describe, expect, test } from "vitest";
import { isPtychoError } from "../core/errors.js";
import { rawDataFromArrays, type ScanArrays } from "./raw-data-from-arrays.js";
import { toAmplitude } from "./to-amplitude.js";

const N = 4;
const n = 12;

/** Patterns whose values are no whole numbers, on a line. */
function arrays(changes: Partial<ScanArrays> = {}): ScanArrays {
  return {
    diffraction: Float32Array.from({ length: n * N * N }, (_, i) => 0.25 + (i % 7) / 10),
    domain: "amplitude",
    xPx: Float64Array.from({ length: n }, (_, i) => 2.5 * i),
    yPx: new Float64Array(n),
    probe: { re: new Float32Array(N * N).fill(1), im: new Float32Array(N * N) },
    ...changes,
  };
}

test("arrays become one scan, copied", () => {
  const given = arrays({ nphotons: 1e5 });
  const raw = rawDataFromArrays(given);
  expect(raw.diffraction).toMatchObject({ domain: "amplitude", array: { shape: [n, N, N] } });
  expect(raw.probe).toMatchObject({ dtype: "complex64", shape: [1, N, N] });
  expect(raw.scanIndex).toEqual(new Int32Array(n));
  expect(raw.nphotons).toBe(1e5);
  expect(raw.xStartPx).toEqual(given.xPx);
  (given.diffraction as Float32Array)[0] = 99;
  (given.xPx as Float64Array)[0] = 99;
  expect([raw.diffraction.array.data[0], raw.xPx[0]]).toEqual([0.25, 0]);
});

test("any real arrays, several modes, numbers of scans, patches", () => {
  const raw = rawDataFromArrays(
    arrays({
      diffraction: Uint16Array.from({ length: n * N * N }, (_, i) => i % 9),
      domain: "counts",
      xPx: Array.from({ length: n }, (_, i) => i),
      probe: { re: new Array(3 * N * N).fill(1), im: new Float64Array(3 * N * N) },
      scanIndex: Int16Array.from({ length: n }, (_, i) => i % 2),
      patches: { re: new Float32Array(n * N * N), im: new Float32Array(n * N * N) },
    }),
  );
  expect(raw.probe.shape).toEqual([3, N, N]);
  expect(raw.diffraction.array.data[8]).toBe(8);
  expect(raw.scanIndex[1]).toBe(1);
  expect(raw.truth?.patches?.shape).toEqual([n, N, N]);
  const amplitude = toAmplitude({ ...raw, diffraction: { ...raw.diffraction, domain: "counts" } });
  expect(amplitude.diffraction.array.data[4]).toBe(2);
  expect(amplitude.probe).toBe(raw.probe);
});

test("blank patterns are left out with all that is theirs, and said", () => {
  const given = arrays();
  (given.diffraction as Float32Array).fill(0, 0, N * N);
  const told: string[] = [];
  const raw = rawDataFromArrays({ ...given, onWarning: (text) => told.push(text) });
  expect(raw.diffraction.array.shape).toEqual([n - 1, N, N]);
  expect(raw.xPx[0]).toBe(2.5);
  expect(told).toEqual(["scan in memory: 1 all-zero patterns left out: 0"]);
});

describe("refused", () => {
  const cases: [string, Partial<Record<keyof ScanArrays, unknown>>, string, string][] = [
    ["no domain", { domain: undefined }, "UsageError", 'expected "amplitude" or "counts"'],
    ["too few values", { diffraction: new Float32Array(5) }, "ShapeError", "5 values for 12 positions"],
    ["no positions", { xPx: [] }, "ShapeError", "for 0 positions"],
    ["uneven positions", { yPx: new Float64Array(3) }, "ShapeError", "yPx has 3 values, expected 12"],
    ["nested arrays", { xPx: [[1, 2]] }, "ShapeError", "xPx: expected a typed array or a flat array"],
    ["big integers", { scanIndex: new BigInt64Array(n) }, "ShapeError", "got BigInt64Array"],
    ["an array of the house instead of its data", { diffraction: { data: [] } }, "ShapeError", "got Object"],
    ["half a probe", { probe: { re: new Float32Array(N * N) } }, "ShapeError", "probe.im"],
    ["another probe", { probe: { re: [1, 1], im: [1, 1] } }, "ShapeError", "expected P * 4 * 4"],
    [
      "a dark probe",
      { probe: { re: new Float32Array(N * N), im: new Float32Array(N * N) } },
      "DataError",
      "zero",
    ],
    ["metres", { xPx: Float64Array.from({ length: n }, (_, i) => 1e-9 * i) }, "DataError", "in metres?"],
    ["NaN", { yPx: new Float64Array(n).fill(Number.NaN) }, "DataError", "scan position 0 is (0, NaN)"],
    ["NaN patterns", { diffraction: new Float32Array(n * N * N).fill(Number.NaN) }, "DataError", "NaN"],
    ["negative", { diffraction: new Float32Array(n * N * N).fill(-1) }, "DataError", "negative"],
    ["counts as amplitudes", { diffraction: new Float32Array(n * N * N).fill(5) }, "DataError", "looks like"],
    ["photons", { nphotons: 0 }, "UsageError", "nphotons: expected a number above 0, got 0"],
    ["patches", { patches: { re: [1], im: [1] } }, "ShapeError", "patches.re has 1 values, expected 192"],
  ];
  test.each(cases)("%s", (_, changes, tag, phrase) => {
    let found: unknown;
    try {
      rawDataFromArrays({ ...arrays(), ...changes } as ScanArrays);
    } catch (error) {
      found = error;
    }
    expect(isPtychoError(found) && found.tag).toBe(tag);
    expect((found as Error).message).toContain(phrase);
  });

  test("amplitudes as counts", () => {
    const raw = rawDataFromArrays(arrays()) as never;
    expect(() => toAmplitude(raw)).toThrow("expected diffraction as counts, got amplitude");
  });
});
