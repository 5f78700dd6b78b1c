import { describe, expect, it } from "vitest";
import { countColour, extentOf, findText, pixelAt } from "../../tests/picture-oracle.js";
import { type Picture, textPixels } from "./page.js";
import { arrowFactor, meanSpacing, onePerCell, shiftStatistics, viewAround } from "./position-moves.js";
import { drawPositionMap } from "./position-picture.js";

const BLUE = [0, 114, 178];
const ORANGE = [213, 94, 0];
const SHADE = [240, 240, 240];

/** Picture place of (x, y), read off the ticks: two numbers on each axis fix it. */
function placer(picture: Picture, x: readonly [number, number], y: readonly [number, number]) {
  const columns = x.map((value) => {
    const lowest = findText(picture, `${value}`).reduce((low, found) => (found.top > low.top ? found : low));
    return lowest.left + textPixels(`${value}`, 2) / 2;
  });
  const rows = y.map((value) => {
    const leftmost = findText(picture, `${value}`).reduce((left, found) =>
      found.left < left.left ? found : left,
    );
    return leftmost.top + 7;
  });
  return (px: number, py: number) =>
    [
      Math.round(columns[0] + ((px - x[0]) / (x[1] - x[0])) * (columns[1] - columns[0])),
      Math.round(rows[0] + ((py - y[0]) / (y[1] - y[0])) * (rows[1] - rows[0])),
    ] as const;
}

/** Whether a colour is within two pixels, about the precision of reading the axes. */
function isNear(picture: Picture, [x, y]: readonly [number, number], colour: readonly number[]): boolean {
  return countColour(picture, colour, { left: x - 2, top: y - 2, width: 5, height: 5 }) > 0;
}

function grid(step: number, side: number) {
  const xPx: number[] = [];
  const yPx: number[] = [];
  for (let k = 0; k < side * side; k++) {
    xPx.push(50 + step * (k % side));
    yPx.push(50 + step * Math.floor(k / side));
  }
  return { xPx, yPx };
}

describe("drawPositionMap", () => {
  it("dots every position where the axes say, rows downwards", () => {
    const { xPx, yPx } = grid(20, 6);
    const picture = drawPositionMap({ xPx, yPx, sizePx: [200, 220] });
    const at = placer(picture, [60, 140], [60, 140]);
    for (let k = 0; k < 36; k++) expect(isNear(picture, at(xPx[k], yPx[k]), BLUE)).toBe(true);
    expect(isNear(picture, at(60, 60), BLUE)).toBe(false);
    expect(at(50, 150)[1]).toBeGreaterThan(at(50, 50)[1]);
    expect(findText(picture, "scan positions")).toHaveLength(1);
    expect(findText(picture, "36 positions, canvas 220 × 200 px")).toHaveLength(1);
    expect(findText(picture, "x (px)")).toHaveLength(1);
    expect(countColour(picture, ORANGE)).toBe(0);
    expect(findText(picture, "start")).toHaveLength(0);
  });

  it("draws arrows by a stated factor and prints the root mean square shift", () => {
    const { xPx: startXPx, yPx: startYPx } = grid(20, 6);
    const xPx = startXPx.map((x) => x + 0.3);
    const yPx = startYPx.map((y) => y - 0.4);
    const picture = drawPositionMap({ title: "refined", xPx, yPx, startXPx, startYPx, sizePx: [200, 200] });
    // Mean spacing sqrt(100 * 100 / 36) = 16.7 px; 1.7 times that over 0.5 px is 56.7.
    expect(findText(picture, "shift × 50")).toHaveLength(1);
    expect(findText(picture, "r.m.s. shift 0.500 px (x 0.300, y 0.400), largest 0.500 px")).toHaveLength(1);
    const at = placer(picture, [60, 140], [60, 140]);
    for (const k of [0, 7, 35]) {
      expect(isNear(picture, at(startXPx[k] + 0.9 * 15, startYPx[k] - 0.9 * 20), ORANGE)).toBe(true);
      expect(isNear(picture, at(startXPx[k] + 1.2 * 15, startYPx[k] - 1.2 * 20), ORANGE)).toBe(false);
    }
  });

  it("draws large shifts as long as they are", () => {
    const picture = drawPositionMap({
      xPx: [60, 90, 60, 90],
      yPx: [20, 20, 50, 50],
      startXPx: [20, 50, 20, 50],
      startYPx: [20, 20, 50, 50],
      sizePx: [100, 100],
    });
    expect(findText(picture, "shift")).toHaveLength(2);
    expect(findText(picture, "r.m.s. shift 40.0 px (x 40.0, y 0), largest 40.0 px")).toHaveLength(1);
    const at = placer(picture, [20, 80], [20, 40]);
    expect(isNear(picture, at(58, 20), ORANGE)).toBe(true);
  });

  it("thins arrows that would cover each other, and says how many it drew", () => {
    const { xPx: startXPx, yPx: startYPx } = grid(2, 60);
    const xPx = startXPx.map((x) => x + 0.1);
    const picture = drawPositionMap({ xPx, yPx: startYPx, startXPx, startYPx, sizePx: [300, 300] });
    expect(findText(picture, "of 3600 arrows are drawn")).toHaveLength(1);
    expect(findText(picture, "3600 of 3600 arrows are drawn")).toHaveLength(0);
  });

  it("shades what is outside the canvas and counts the positions there", () => {
    const picture = drawPositionMap({ xPx: [-20, 40, 120], yPx: [30, 30, 30], sizePx: [60, 90] });
    expect(findText(picture, "3 positions, canvas 90 × 60 px, 2 outside")).toHaveLength(1);
    const at = placer(picture, [0, 100], [0, 50]);
    expect(pixelAt(picture, ...at(-10, 35))).toEqual(SHADE);
    expect(pixelAt(picture, ...at(110, 35))).toEqual(SHADE);
    expect(pixelAt(picture, ...at(45, 35))).toEqual([255, 255, 255]);
  });

  it("leaves out positions that are not finite, and says so", () => {
    const picture = drawPositionMap({
      xPx: [10, Number.NaN, 30],
      yPx: [10, 20, 40],
      startXPx: [10, 20, 30],
      startYPx: [10, 20, Number.POSITIVE_INFINITY],
      sizePx: [64, 64],
    });
    expect(findText(picture, "1 position, canvas 64 × 64 px, 2 not finite")).toHaveLength(1);
    expect(findText(picture, "r.m.s. shift 0 px (x 0, y 0), largest 0 px")).toHaveLength(1);
  });

  it("draws one position, none, and a line", () => {
    const one = drawPositionMap({ xPx: [64], yPx: [32], sizePx: [64, 128] });
    expect(countColour(one, BLUE)).toBeGreaterThan(10);
    expect(findText(one, "1 position, canvas 128 × 64 px")).toHaveLength(1);
    const none = drawPositionMap({ xPx: [], yPx: [], startXPx: [], startYPx: [], sizePx: [64, 128] });
    expect(findText(none, "no positions, canvas 128 × 64 px")).toHaveLength(1);
    expect(findText(none, "refined")).toHaveLength(1);
    const xPx = Float32Array.from({ length: 40 }, (_, k) => 30 + 10 * k);
    const line = drawPositionMap({ xPx, yPx: new Float32Array(40).fill(30), sizePx: [60, 460] });
    expect(line.width / line.height).toBeLessThan(3);
    const at = placer(line, [100, 400], [0, 40]);
    for (const x of xPx) expect(isNear(line, at(x, 30), BLUE)).toBe(true);
    const dots = extentOf(line, BLUE);
    const plot = extentOf(line, [226, 226, 226]);
    expect(dots.left).toBeGreaterThan(plot.left);
    expect(dots.right).toBeLessThan(plot.right);
  });

  it("refuses arrays of different lengths and half of a start", () => {
    const sizePx = [64, 64] as const;
    expect(() => drawPositionMap({ xPx: [1, 2], yPx: [1], sizePx })).toThrow(/yPx: expected 2/);
    const start = { startXPx: [1, 2, 3], startYPx: [1, 2] };
    expect(() => drawPositionMap({ xPx: [1, 2], yPx: [1, 2], ...start, sizePx })).toThrow(/startXPx/);
    expect(() => drawPositionMap({ xPx: [1], yPx: [1], startXPx: [1], sizePx })).toThrow(/both/);
  });
});

describe("moves of positions", () => {
  const move = (dx: number, dy: number) => ({ start: { x: 5, y: 6 }, end: { x: 5 + dx, y: 6 + dy } });

  it("have the root mean square by its definition", () => {
    const { rms, x, y, largest } = shiftStatistics([move(3, 4), move(0, 0), move(-1, 0)]);
    expect(rms).toBeCloseTo(Math.sqrt((25 + 0 + 1) / 3), 12);
    expect(x).toBeCloseTo(Math.sqrt(10 / 3), 12);
    expect(y).toBeCloseTo(Math.sqrt(16 / 3), 12);
    expect(largest).toBe(5);
    expect(shiftStatistics([])).toEqual({ rms: 0, x: 0, y: 0, largest: 0 });
  });

  it("are drawn longer by 1, 2, 5 times a power of ten, never shorter", () => {
    expect(arrowFactor([move(0.3, 0.4)], 10)).toBe(20);
    expect(arrowFactor([move(3, 4)], 10)).toBe(2);
    expect(arrowFactor([move(300, 400)], 10)).toBe(1);
    expect(arrowFactor([move(0, 0)], 10)).toBe(1);
    expect(arrowFactor([], 10)).toBe(1);
  });

  it("are thinned to the first that starts in each square cell", () => {
    const at = (x: number, y: number) => ({ start: { x, y }, end: { x: x + 9, y } });
    const moves = [at(0, 0), at(4.9, 4.9), at(5.1, 0), at(-0.1, 0), at(0, 5), at(-4.9, 4.9)];
    expect(onePerCell(moves, 5)).toEqual([moves[0], moves[2], moves[3], moves[4]]);
  });

  it("are seen in a box with a margin that is not too thin", () => {
    const box = { left: 10, top: 20, width: 100, height: 0 };
    const view = viewAround(box, 3);
    expect(view.left).toBeCloseTo(4, 9);
    expect(view.width).toBeCloseTo(112, 9);
    expect(view.height).toBeCloseTo(112 / 3, 9);
    expect(view.top + view.height / 2).toBeCloseTo(20, 9);
    expect(meanSpacing({ ...box, height: 100 }, 100)).toBeCloseTo(10, 9);
    expect(meanSpacing(box, 11)).toBeCloseTo(10, 9);
  });
});
