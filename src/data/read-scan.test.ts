import { describe, expect, it } from "vitest";
import { complex64, float32, float64 } from "../core/ndarray.js";
import type { NpyArray } from "../formats/npy.js";
import { npzBytes, parseNpz } from "../formats/npz.js";
import { pcg64Random } from "../numeric/random-pcg64.js";
import { type ReadScanOptions, toScan } from "./read-scan.js";

const [n, N] = [12, 8];

function arrays(): Record<string, NpyArray> {
  const random = pcg64Random(1);
  return {
    diffraction: float32([n, N, N], Float32Array.from(random.uniform(0, 3, n * N * N))),
    xcoords: float64([n], random.uniform(0, 50, n)),
    ycoords: float64([n], random.uniform(0, 50, n)),
    probeGuess: complex64([N, N], Float32Array.from(random.randoms(N * N))),
  };
}

function read(
  changes: Record<string, NpyArray | undefined>,
  options: Partial<ReadScanOptions<"amplitude">> = {},
) {
  const entries = Object.entries({ ...arrays(), ...changes }).filter(
    (entry): entry is [string, NpyArray] => entry[1] !== undefined,
  );
  return toScan(parseNpz(npzBytes(entries), "scan.npz"), "scan.npz", {
    domain: "amplitude",
    allowedN: [N],
    ...options,
  });
}

function diffractionWith(change: (data: Float32Array) => void): NpyArray {
  const data = (arrays().diffraction as ReturnType<typeof float32>).data.slice();
  change(data);
  return float32([n, N, N], data);
}

const text = (value: string): NpyArray => ({ dtype: "text", shape: [], values: [value] });

describe("toScan", () => {
  it("reads a plain scan without warnings, probe modes first, start positions equal", () => {
    const { raw, warnings } = read({});
    expect(warnings).toEqual([]);
    expect(raw.probe.shape).toEqual([1, N, N]);
    expect(raw.xStartPx).toEqual(raw.xPx);
    expect(raw.nphotons).toBeUndefined();
    expect(raw.truth).toBeUndefined();
  });

  it("takes diff3d alone, and prefers diffraction with a warning where both differ", () => {
    const { diffraction } = arrays();
    expect(read({ diffraction: undefined, diff3d: diffraction }).raw).toEqual(read({}).raw);
    const same = read({ diff3d: diffraction });
    expect(same.warnings).toEqual([]);
    const both = read({ diff3d: float32([n, N, N], new Float32Array(n * N * N).fill(0.5)) });
    expect(both.raw).toEqual(read({}).raw);
    expect(both.warnings[0]).toContain("diffraction is used");
  });

  it("moves (H, W, n) to (n, H, W)", () => {
    const source = (arrays().diffraction as ReturnType<typeof float32>).data;
    const legacy = Float32Array.from(
      { length: source.length },
      (_, i) => source[(i % n) * N * N + Math.floor(i / n)],
    );
    const { raw, warnings } = read({ diffraction: float32([N, N, n], legacy) });
    expect(raw.diffraction).toEqual(read({}).raw.diffraction);
    expect(warnings[0]).toContain("legacy axis order");
  });

  it("asks for the axis order when all axes are equal, and takes it", () => {
    const cube = float32([N, N, N], Float32Array.from(pcg64Random(3).uniform(0, 2, N ** 3)));
    const eight = {
      diffraction: cube,
      xcoords: float64([N], pcg64Random(4).randoms(N)),
      ycoords: float64([N], pcg64Random(5).randoms(N)),
    };
    expect(() => read(eight)).toThrow("axis order");
    const first = read(eight, { axisOrder: "NHW" }).raw.diffraction.array.data;
    const last = read(eight, { axisOrder: "HWN" }).raw.diffraction.array.data;
    expect([first[1], last[1]]).toEqual([cube.data[1], cube.data[N]]);
  });

  it("drops surplus positions with a warning", () => {
    const { raw, warnings } = read({
      xcoords: float64([n + 2], pcg64Random(6).uniform(0, 9, n + 2)),
      ycoords: float64([n + 2], pcg64Random(7).uniform(0, 9, n + 2)),
    });
    expect(raw.xPx.length).toBe(n);
    expect(warnings[0]).toContain("dropping the trailing 2");
  });

  it("promotes uint16 counts without overflow and keeps their domain", () => {
    const data = new Uint16Array(n * N * N).fill(65535);
    const options = { domain: "counts", allowedN: [N] } as const;
    const entries = Object.entries({
      ...arrays(),
      diffraction: { dtype: "uint16", shape: [n, N, N], data } as NpyArray,
    });
    const { raw } = toScan(parseNpz(npzBytes(entries), "u16.npz"), "u16.npz", options);
    expect(raw.diffraction.domain).toBe("counts");
    expect(raw.diffraction.array.data[5]).toBe(65535);
  });

  it("refuses values that contradict the stated domain, or reports them when told to", () => {
    const counts = diffractionWith((data) =>
      data.forEach((value, i) => {
        data[i] = Math.round(9 * value);
      }),
    );
    expect(() => read({ diffraction: counts })).toThrow("looks like counts");
    expect(read({ diffraction: counts }, { onDomainConflict: "warn" }).warnings[0]).toContain(
      "looks like counts",
    );
    const roots = float32([n, N, N], (counts as ReturnType<typeof float32>).data.map(Math.sqrt));
    const entries = Object.entries({ ...arrays(), diffraction: roots });
    expect(read({ diffraction: roots }).warnings).toEqual([]);
    expect(() => toScan(parseNpz(npzBytes(entries), "s"), "s", { domain: "counts", allowedN: [N] })).toThrow(
      "looks like amplitude",
    );
  });

  it("reads metadata text, and ignores broken metadata with a warning", () => {
    const json = JSON.stringify({ physics_parameters: { nphotons: 1e5 } });
    expect(read({ _metadata: text(json) }).raw.nphotons).toBe(1e5);
    expect(read({ _metadata: text("{") }).warnings[0]).toContain("ignored");
  });

  it("reads ground truth only when asked by name", () => {
    const objectGuess = complex64([30, 31]);
    expect(read({ objectGuess }).raw.truth).toBeUndefined();
    expect(read({ objectGuess }, { truth: true }).raw.truth?.object?.shape).toEqual([30, 31]);
  });

  it("leaves out a blank frame with its number, and refuses many", () => {
    const blank = diffractionWith((data) => data.fill(0, 3 * N * N, 4 * N * N));
    const { raw, warnings } = read({ diffraction: blank });
    expect(raw.xPx.length).toBe(n - 1);
    expect(warnings[0]).toContain("left out: 3");
    expect(() => read({ diffraction: diffractionWith((data) => data.fill(0, 0, 6 * N * N)) })).toThrow(
      "6 of 12 patterns are all zero",
    );
  });

  it.each<[string, Record<string, NpyArray | undefined>, string]>([
    [
      "a NaN pixel",
      {
        diffraction: diffractionWith((d) => {
          d[70] = Number.NaN;
        }),
      },
      "1 diffraction pixels are NaN or infinite, first in pattern 1 at pixel 6",
    ],
    [
      "negative pixels",
      {
        diffraction: diffractionWith((d) => {
          d[0] = -1;
        }),
      },
      "negative",
    ],
    ["patterns not square", { diffraction: float32([n, N, N + 1]) }, "expected square ones"],
    ["another width", { diffraction: float32([n, 7, 7]) }, "pad them with zeros to 8"],
    ["a 4-D stack", { diffraction: float32([n, N, N, 1]) }, "must be 3-D"],
    ["complex patterns", { diffraction: complex64([n, N, N]) }, "must hold real numbers"],
    [
      "no patterns at all",
      { diffraction: undefined, difraction: arrays().diffraction },
      'is "difraction" meant?',
    ],
    ["no probe", { probeGuess: undefined }, 'found "diffraction", "xcoords", "ycoords"'],
    ["a probe of another size", { probeGuess: complex64([9, 9]) }, "N=8 to match diffraction, got [9, 9]"],
    ["a zero probe", { probeGuess: complex64([N, N]) }, "zero everywhere"],
    [
      "a NaN probe",
      { probeGuess: complex64([N, N], new Float32Array(N * N).fill(Number.NaN)) },
      "finite numbers",
    ],
    ["too few positions", { xcoords: float64([5]), ycoords: float64([5]) }, "5 scan positions for 12"],
    ["unequal positions", { xcoords: float64([13]) }, "must have equal lengths"],
    ["2-D positions", { xcoords: float64([n, 1]) }, "one-dimensional"],
    ["a NaN position", { xcoords: float64([n], new Float64Array(n).fill(Number.NaN)) }, "scan position 0"],
    [
      "positions in metres",
      { xcoords: float64([n], pcg64Random(1).uniform(0, 1e-5, n)), ycoords: float64([n]) },
      "in metres?",
    ],
    [
      "a scan too wide",
      { xcoords: float64([n], pcg64Random(1).uniform(0, 1e8, n)) },
      "expected 0.001 to 1000000 pixels",
    ],
  ])("refuses %s", (_, changes, phrase) => {
    expect(() => read(changes)).toThrow(phrase);
  });
});
