import { describe, expect, it } from "vitest";
import { countColour, findText, pixelAt } from "../../tests/picture-oracle.js";
import { complex64 } from "../core/ndarray.js";
import { colourTable } from "./colour-map.js";
import { complexColours } from "./complex-colour.js";
import { drawProbeModes } from "./probe-picture.js";

const N = 4;
/** A probe pixel is 220 / 4 = 55 picture pixels. */
const ENLARGE = 55;

/** Modes that are constant but for their first pixel, which is twice as large; amplitudes and phases as given. */
function modes(list: readonly { amplitude: number; phase: number }[]) {
  const probe = complex64([list.length, N, N]);
  list.forEach(({ amplitude, phase }, mode) => {
    for (let k = 0; k < N * N; k++) {
      const size = k === 0 ? 2 * amplitude : amplitude;
      probe.re[mode * N * N + k] = size * Math.cos(phase);
      probe.im[mode * N * N + k] = size * Math.sin(phase);
    }
  });
  return probe;
}

const colourOf = complexColours();

describe("drawProbeModes", () => {
  it("paints each mode over its own maximum and titles it with its share of the power", () => {
    const picture = drawProbeModes(
      modes([
        { amplitude: 3, phase: 0 },
        { amplitude: 1, phase: Math.PI / 2 },
      ]),
    );
    expect(findText(picture, "probe")).toEqual([{ left: 24, top: 24 }]);
    for (const [title, re, im] of [
      ["mode 1: 90.0 %", 1, 0],
      ["mode 2: 10.0 %", 0, 1],
    ] as const) {
      const places = findText(picture, title);
      expect(places).toHaveLength(1);
      const [{ left, top }] = places;
      // The panel begins a line of 16 and a gap of 12 picture pixels below its title.
      const middle = (k: number) => top + 28 + k * ENLARGE + 20;
      expect(pixelAt(picture, left + 20, middle(0))).toEqual([...colourOf(re, im, 1)]);
      expect(pixelAt(picture, left + 20, middle(1))).toEqual([...colourOf(re, im, 2)]);
    }
    const [total] = findText(picture, "total intensity");
    const viridis = colourTable("viridis");
    const quarter = Math.round(255 / 4) * 3;
    expect(pixelAt(picture, total.left + 20, total.top + 48)).toEqual([...viridis.subarray(765)]);
    expect(pixelAt(picture, total.left + 20, total.top + 48 + ENLARGE)).toEqual([
      ...viridis.subarray(quarter, quarter + 3),
    ]);
    // Largest intensity: 4 * (9 + 1).
    expect(findText(picture, "40")).toHaveLength(1);
    expect(findText(picture, "π/2").length).toBeGreaterThan(0);
    expect(picture.rgb8.length).toBe(picture.width * picture.height * 3);
  });

  it("draws twelve modes in rows and says what it leaves out", () => {
    const many = drawProbeModes(modes(Array.from({ length: 14 }, () => ({ amplitude: 1, phase: 1 }))));
    const tops = new Set<number>();
    for (let mode = 1; mode <= 12; mode++) {
      const found = findText(many, `mode ${mode}: 7.1 %`);
      expect(found).toHaveLength(1);
      tops.add(found[0].top);
    }
    expect(tops.size).toBe(3);
    expect(findText(many, "mode 13: 7.1 %")).toHaveLength(0);
    expect(findText(many, "modes 13 to 14 are not drawn: 14.3 % of the power")).toHaveLength(1);
    // The sum of the intensities is that of all fourteen: the largest is 14 * 4 = 56.
    expect(findText(many, "50")).toHaveLength(1);
    const twelve = drawProbeModes(modes(Array.from({ length: 12 }, () => ({ amplitude: 1, phase: 1 }))));
    expect(twelve.height).toBeLessThan(many.height);
    const thirteen = drawProbeModes(modes(Array.from({ length: 13 }, () => ({ amplitude: 1, phase: 1 }))));
    expect(findText(thirteen, "mode 13 is not drawn: 7.7 % of the power")).toHaveLength(1);
  });

  it("names a small share, hatches what is not finite and leaves it out of the power", () => {
    const probe = modes([
      { amplitude: 1, phase: 0 },
      { amplitude: 0.01, phase: 0 },
    ]);
    probe.re[5] = Number.NaN;
    const picture = drawProbeModes(probe, { title: "start" });
    expect(findText(picture, "mode 1: 100.0 %")).toHaveLength(1);
    expect(findText(picture, "mode 2: <0.1 %")).toHaveLength(1);
    expect(findText(picture, "no data")).toHaveLength(1);
    const grey = countColour(picture, [205, 205, 205]) + countColour(picture, [192, 192, 192]);
    // One pixel of the mode and the same one of the total.
    expect(grey).toBeGreaterThanOrEqual(2 * ENLARGE * ENLARGE);
    expect(grey).toBeLessThan(3 * ENLARGE * ENLARGE);
  });

  it("draws a probe of zeros black, and its scale in metres", () => {
    const zeros = drawProbeModes(complex64([1, N, N]), { pixelSizeM: 1e-7 });
    const [title] = findText(zeros, "mode 1: 0.0 %");
    expect(pixelAt(zeros, title.left + 100, title.top + 100)).toEqual([0, 0, 0]);
    expect(findText(zeros, "100 nm")).toHaveLength(1);
  });

  it("refuses an array that is not [P, N, N] with a mode", () => {
    expect(() => drawProbeModes(complex64([4, 4]))).toThrow(/P, N, N/);
    expect(() => drawProbeModes(complex64([2, 4, 5]))).toThrow(/P, N, N/);
    expect(() => drawProbeModes(complex64([0, 4, 4]))).toThrow(/expected a mode/);
  });
});
