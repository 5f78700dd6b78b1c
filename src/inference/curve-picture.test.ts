import { describe, expect, it } from "vitest";
import { countColour, extentOf, findText, pixelAt } from "../../tests/picture-oracle.js";
import { drawCurves } from "./curve-picture.js";
import { INK, type Picture, textPixels } from "./page.js";
import { logTicks } from "./picture-scale.js";

const BLUE = [0, 114, 178];
const ORANGE = [213, 94, 0];
const names = { title: "residual by epoch", xLabel: "epoch", yLabel: "R" };

/** Column of the x tick and row of the y tick whose number is `label`; numbers stand 10 picture pixels off the frame. */
function column(picture: Picture, label: string): number {
  const lowest = findText(picture, label).reduce((low, found) => (found.top > low.top ? found : low));
  return Math.round(lowest.left + textPixels(label, 2) / 2);
}

function row(picture: Picture, label: string): number {
  const leftmost = findText(picture, label).reduce((left, found) => (found.left < left.left ? found : left));
  return leftmost.top + 7;
}

describe("drawCurves", () => {
  it("draws the points where the ticks say, on linear axes", () => {
    const x = [1, 2, 3, 4, 5];
    const picture = drawCurves({ ...names, series: [{ name: "R", x, y: [0.5, 0.4, 0.3, 0.4, 0.3] }] });
    expect(findText(picture, "residual by epoch")).toHaveLength(1);
    expect(findText(picture, "epoch").length).toBeGreaterThan(0);
    for (const [epoch, value] of [
      ["1", "0.50"],
      ["2", "0.40"],
      ["3", "0.30"],
      ["4", "0.40"],
      ["5", "0.30"],
    ])
      expect(pixelAt(picture, column(picture, epoch), row(picture, value))).toEqual(BLUE);
    const midway = (row(picture, "0.40") + row(picture, "0.30")) / 2;
    const between = Math.round((column(picture, "2") + column(picture, "3")) / 2);
    expect(pixelAt(picture, between, Math.round(midway))).toEqual(BLUE);
    expect(pixelAt(picture, column(picture, "3"), row(picture, "0.40"))).not.toEqual(BLUE);
    expect(findText(picture, "1.5")).toHaveLength(0);
  });

  it("has a logarithmic axis where the values span more than a decade", () => {
    const x = [10, 20, 30];
    const picture = drawCurves({ ...names, series: [{ name: "R", x, y: [1, 0.1, 0.01] }] });
    const rows = ["1", "0.1", "0.01"].map((label) => row(picture, label));
    expect(Math.abs(rows[1] - rows[0] - (rows[2] - rows[1]))).toBeLessThanOrEqual(1);
    ["10", "20", "30"].forEach((label, k) => {
      expect(pixelAt(picture, column(picture, label), rows[k])).toEqual(BLUE);
    });
    const within = drawCurves({ ...names, series: [{ name: "R", x, y: [1, 0.5, 0.2] }] });
    expect(findText(within, "0.6")).toHaveLength(1);
    const asked = drawCurves({ ...names, logY: true, series: [{ name: "R", x, y: [1, 0.5, 0.2] }] });
    const [one, half, fifth] = ["1", "0.5", "0.2"].map((label) => row(asked, label));
    expect((half - one) / (fifth - one)).toBeCloseTo(Math.log(2) / Math.log(5), 1);
    const linear = drawCurves({ ...names, logY: false, series: [{ name: "R", x, y: [1, 0.1, 0.01] }] });
    expect(findText(linear, "0.6")).toHaveLength(1);
  });

  it("stays inside the frame", () => {
    const x = Array.from({ length: 300 }, (_, k) => k);
    const y = x.map((k) => Math.sin(k * 1.7) * 10 ** (k % 5));
    const picture = drawCurves({ ...names, series: [{ name: "R", x, y }] });
    const box = extentOf(picture, BLUE);
    // Grid lines cross the whole plot.
    const plot = extentOf(picture, [226, 226, 226]);
    expect(plot.right - plot.left).toBe(639);
    expect(plot.bottom - plot.top).toBe(379);
    expect(box.left).toBeGreaterThan(plot.left);
    expect(box.right).toBeLessThan(plot.right);
    expect(box.top).toBeGreaterThan(plot.top);
    expect(box.bottom).toBeLessThan(plot.bottom);
  });

  it("names several series above the plot, a broken line for a threshold", () => {
    const x = Array.from({ length: 50 }, (_, k) => k * 0.5);
    const frc = { name: "FRC", x, y: x.map((k) => 1 - k / 25) };
    const threshold = { name: "1/2-bit threshold", x, y: x.map(() => 0.5) };
    const whole = drawCurves({ ...names, logY: false, series: [frc, threshold] });
    const dashed = drawCurves({ ...names, logY: false, series: [frc, { ...threshold, dashed: true }] });
    const [first] = findText(dashed, "FRC");
    const [second] = findText(dashed, "1/2-bit threshold");
    expect(first.top).toBe(second.top);
    expect(pixelAt(dashed, first.left - 20, first.top + 6)).toEqual(BLUE);
    const share = countColour(dashed, ORANGE) / countColour(whole, ORANGE);
    expect(share).toBeGreaterThan(0.1);
    expect(share).toBeLessThan(0.7);
    expect(findText(drawCurves({ ...names, series: [frc] }), "FRC")).toHaveLength(0);
  });

  it("breaks the line at values that are not finite and dots those that stand alone", () => {
    const y = [Number.NaN, 0.5, Number.NaN, 0.5, 0.5, Number.POSITIVE_INFINITY];
    const long = Array.from({ length: 60 }, () => Number.NaN);
    const x = [...y, ...long].map((_, k) => k);
    const picture = drawCurves({ ...names, series: [{ name: "R", x, y: [...y, ...long] }] });
    const box = extentOf(picture, BLUE);
    const width = box.right - box.left + 1;
    // A dot of 9 at epoch 1, nothing at 2, a line from 3 to 4: the axis runs from epoch 1 to 4.
    const at = (epoch: number) => Math.round(box.left + 4 + ((width - 5) * (epoch - 1)) / 3);
    const middle = Math.round((box.top + box.bottom) / 2);
    expect(pixelAt(picture, at(1), middle)).toEqual(BLUE);
    expect(pixelAt(picture, at(2), middle)).not.toEqual(BLUE);
    expect(pixelAt(picture, at(3.5), middle)).toEqual(BLUE);
    expect(box.bottom - box.top).toBeGreaterThanOrEqual(5);
  });

  it("draws one epoch as a dot in the middle, and a constant as a level line", () => {
    const one = drawCurves({ ...names, series: [{ name: "R", x: [7], y: [0.2] }] });
    const dot = extentOf(one, BLUE);
    expect(dot.right - dot.left).toBeLessThan(9);
    expect(column(one, "7")).toBeGreaterThanOrEqual(dot.left);
    expect(column(one, "7")).toBeLessThanOrEqual(dot.right);
    expect(row(one, "0.2")).toBeGreaterThanOrEqual(dot.top);
    expect(row(one, "0.2")).toBeLessThanOrEqual(dot.bottom);
    for (const value of [0, 3, -2]) {
      const level = extentOf(
        drawCurves({ ...names, series: [{ name: "R", x: [1, 2], y: [value, value] }] }),
        BLUE,
      );
      expect(level.bottom - level.top).toBeLessThan(9);
      expect(level.right - level.left).toBeGreaterThan(500);
    }
    const logarithmic = drawCurves({ ...names, logY: true, series: [{ name: "R", x: [1, 2], y: [4, 4] }] });
    expect(extentOf(logarithmic, BLUE).right).toBeGreaterThan(500);
  });

  it("says when there is nothing to draw or a logarithm leaves values out", () => {
    for (const series of [[], [{ name: "R", x: [], y: [] }], [{ name: "R", x: [1], y: [Number.NaN] }]]) {
      const picture = drawCurves({ ...names, series });
      expect(findText(picture, "no values")).toHaveLength(1);
      expect(countColour(picture, BLUE)).toBe(0);
    }
    const zero = drawCurves({ ...names, logY: true, series: [{ name: "R", x: [1, 2, 3], y: [0, 1, 30] }] });
    expect(findText(zero, "1 value at or below 0 not shown")).toHaveLength(1);
    const none = drawCurves({ ...names, logY: true, series: [{ name: "R", x: [1, 2], y: [0, -1] }] });
    expect(findText(none, "2 values at or below 0 not shown")).toHaveLength(1);
    expect(findText(none, "no values")).toHaveLength(1);
  });

  it("keeps all ink on the page, also with long names", () => {
    const long = "a name that is much longer than any plot is wide, so that the page has to grow for it";
    const picture = drawCurves({
      title: long,
      xLabel: "epoch",
      yLabel: "R",
      series: [
        { name: long, x: [1], y: [1] },
        { name: "b", x: [1], y: [2] },
      ],
    });
    expect(findText(picture, long)).toHaveLength(2);
    const box = extentOf(picture, INK);
    expect(box.left).toBeGreaterThan(10);
    expect(picture.width - box.right).toBeGreaterThan(10);
    expect(picture.height - box.bottom).toBeGreaterThan(10);
  });

  it("refuses x and y of different lengths and a seventh series", () => {
    expect(() => drawCurves({ ...names, series: [{ name: "R", x: [1, 2], y: [1] }] })).toThrow(/2 x and 1 y/);
    const series = Array.from({ length: 7 }, () => ({ name: "R", x: [1], y: [1] }));
    expect(() => drawCurves({ ...names, series })).toThrow(/at most 6 series, got 7/);
  });
});

describe("logTicks", () => {
  const labels = (low: number, high: number) =>
    logTicks(low, high)
      .map(({ label }) => label)
      .filter((label) => label !== "");

  it("labels powers of ten, steps between them where there are few, round values where there are none", () => {
    expect(labels(0.009, 1.2)).toEqual(["0.01", "0.1", "1"]);
    expect(labels(0.04, 0.6)).toEqual(["0.05", "0.1", "0.2", "0.5"]);
    expect(labels(0.16, 0.19)).toEqual(["0.16", "0.17", "0.18", "0.19"]);
    expect(labels(2e-6, 3e-3)).toEqual(["1e-5", "1e-4", "1e-3"]);
    expect(labels(1e-5, 1e6)).toEqual(["1e-4", "1e-2", "1e0", "1e2", "1e4", "1e6"]);
  });

  it("has short ticks between the labelled ones", () => {
    const short = logTicks(0.01, 1).filter(({ label }) => label === "");
    expect(short.map(({ value }) => Number(value.toPrecision(3)))).toEqual(
      [2, 3, 4, 5, 6, 7, 8, 9].flatMap((k) => [k / 100, k / 10]).sort((a, b) => a - b),
    );
  });
});
