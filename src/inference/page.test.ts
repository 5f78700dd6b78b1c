import { describe, expect, it } from "vitest";
import { countColour, findText, pixelAt } from "../../tests/picture-oracle.js";
import {
  blankPage,
  drawDot,
  drawLine,
  drawText,
  drawTextUpwards,
  fillBox,
  INK,
  PAPER,
  textPixels,
} from "./page.js";
import { layOutLegend, SAMPLE_WIDTH } from "./plot-legend.js";

const RED = [200, 0, 0] as const;

describe("drawLine", () => {
  it("has its colour where the distance to the segment is small, paper where it is large", () => {
    const page = blankPage(60, 50);
    const [from, to, thickness] = [{ x: 10, y: 40 }, { x: 45.5, y: 12.25 }, 3];
    drawLine(page, from, to, thickness, RED);
    for (let y = 0; y < 50; y++)
      for (let x = 0; x < 60; x++) {
        let distance = Number.POSITIVE_INFINITY;
        for (let k = 0; k <= 400; k++) {
          const px = from.x + ((to.x - from.x) * k) / 400;
          const py = from.y + ((to.y - from.y) * k) / 400;
          distance = Math.min(distance, Math.sqrt((x - px) ** 2 + (y - py) ** 2));
        }
        if (distance <= thickness / 2 - 0.51) expect(pixelAt(page, x, y)).toEqual([...RED]);
        if (distance >= thickness / 2 + 0.51) expect(pixelAt(page, x, y)).toEqual([...PAPER]);
      }
  });

  it("is clipped at the page", () => {
    const page = blankPage(20, 20);
    drawLine(page, { x: -30, y: 10 }, { x: 50, y: 10 }, 1, RED);
    expect(countColour(page, RED)).toBe(20);
    fillBox(page, -5, -5, 7, 7, INK);
    expect(countColour(page, INK)).toBe(4);
  });
});

describe("drawDot", () => {
  it("covers about the area of its circle", () => {
    const page = blankPage(40, 40);
    drawDot(page, { x: 20, y: 20 }, 8, INK);
    let ink = 0;
    for (let i = 0; i < page.rgb8.length; i += 3) ink += (255 - page.rgb8[i]) / (255 - INK[0]);
    expect(ink / (Math.PI * 64)).toBeCloseTo(1, 1);
  });
});

describe("text", () => {
  it("is read back where it was written, upwards by its turned picture", () => {
    const page = blankPage(200, 40);
    drawText(page, "epoch 12", 31, 7, 2, INK);
    expect(findText(page, "epoch 12")).toEqual([{ left: 31, top: 7 }]);
    expect(findText(page, "poch 12")).toEqual([]);
    const side = blankPage(40, 200);
    drawTextUpwards(side, "epoch 12", 7, 200 - 31, 2, INK);
    const turned = blankPage(200, 40);
    for (let y = 0; y < 200; y++)
      for (let x = 0; x < 40; x++) turned.rgb8.set(pixelAt(side, x, y), (x * 200 + (199 - y)) * 3);
    expect(findText(turned, "epoch 12")).toEqual([{ left: 31, top: 7 }]);
    expect(textPixels("epoch 12", 2)).toBe((8 * 6 - 1) * 2);
  });
});

describe("layOutLegend", () => {
  const entry = (name: string) => ({ name, drawSample: () => {} });

  it("starts a new row where an entry would be too wide", () => {
    const page = blankPage(400, 100);
    const legend = layOutLegend([entry("one"), entry("two"), entry("three")], 220, 2);
    legend.draw(page, 10, 5);
    const left = 10 + (SAMPLE_WIDTH + 6) * 2;
    const [one] = findText(page, "one");
    const [two] = findText(page, "two");
    expect(one).toEqual({ left, top: 5 });
    expect(two.top).toBe(5);
    expect(two.left).toBeGreaterThan(left + textPixels("one", 2) + SAMPLE_WIDTH * 2);
    expect(findText(page, "three")).toEqual([{ left, top: 5 + legend.height / 2 }]);
    expect(legend.width).toBeLessThanOrEqual(220);
  });

  it("takes no room without entries", () => {
    expect(layOutLegend([], 100, 2)).toMatchObject({ width: 0, height: 0 });
  });
});
