import { expect, it } from "vitest";
import {
  addUp,
  callBad,
  cornerToMiddle,
  cutBelow,
  cutTo,
  exchangeAxes,
  type PatternPlane,
  shiftBy,
  subtractBackground,
  widenTo,
} from "./pattern-steps.js";

/** Values 1, 2, 3, ... row by row. */
const plane = (height: number, width: number): PatternPlane => ({
  ...{ height, width },
  intensity: Float32Array.from({ length: height * width }, (_, i) => i + 1),
  bad: new Uint8Array(height * width),
});
const values = ({ intensity }: PatternPlane) => [...intensity];

it("takes a background off, one or one per pixel, and never goes below 0", () => {
  expect(values(subtractBackground(2)(plane(2, 2)))).toEqual([0, 0, 1, 2]);
  expect(values(subtractBackground(Float32Array.of(0, 2, 1, 9))(plane(2, 2)))).toEqual([1, 0, 2, 0]);
  expect(values(cutBelow(3)(plane(2, 2)))).toEqual([0, 0, 3, 4]);
});

it("keeps the middle in the middle: crop, pad, and pad undone by crop", () => {
  expect(values(cutTo(2)(plane(4, 4)))).toEqual([6, 7, 10, 11]); // about (2, 2)
  expect(values(cutTo(2)(plane(4, 6)))).toEqual([9, 10, 15, 16]);
  const wide = widenTo(6)(plane(2, 4));
  expect(wide.intensity[3 * 6 + 3]).toBe(7); // the middle (1, 2)
  expect(values(cutTo(2)(widenTo(8)(plane(4, 4))))).toEqual(values(cutTo(2)(plane(4, 4))));
});

it("adds up pixels, and calls a sum bad where one of them was", () => {
  const masked = callBad(Uint8Array.of(0, 1, 0, 0, 0, 0, 0, 0))(plane(2, 4));
  const { intensity, bad } = addUp(2)(masked);
  expect([[...intensity], [...bad]]).toEqual([
    [0, 3 + 4 + 7 + 8],
    [1, 0],
  ]);
});

it("moves by whole pixels; what comes from beyond the edge was not measured", () => {
  const { intensity, bad } = shiftBy(1, 0)(plane(2, 2));
  expect([[...intensity], [...bad]]).toEqual([
    [0, 0, 1, 2],
    [1, 1, 0, 0],
  ]);
});

it("brings the corner to the middle, and exchanges axes with the mask", () => {
  expect(cornerToMiddle(plane(4, 4)).intensity[2 * 4 + 2]).toBe(1);
  expect(values(cornerToMiddle(cornerToMiddle(plane(4, 4))))).toEqual(values(plane(4, 4)));
  const turned = exchangeAxes(callBad(Uint8Array.of(0, 1, 0, 0, 0, 0))(plane(2, 3)));
  expect([values(turned), [...turned.bad]]).toEqual([
    [1, 4, 0, 5, 3, 6],
    [0, 0, 1, 0, 0, 0],
  ]);
});

it.each([
  ["crop", cutTo(8), /--crop 8/],
  ["pad", widenTo(2), /--pad 2/],
  ["bin", addUp(3), /--bin 3/],
])("refuses what does not fit: %s", (_, step, message) => {
  expect(() => step(plane(4, 4))).toThrow(message);
});
