import { expect, it } from "vitest";
import { AS_IT_IS, middleOf, orientationOptions, orientPositions } from "./orient-positions.js";

const scan = { xPx: Float64Array.of(10, 20, 40), yPx: Float64Array.of(1, 5, 3) };
const close = (found: Float64Array, wanted: readonly number[]) => {
  for (const [i, value] of wanted.entries()) expect(found[i]).toBeCloseTo(value, 12);
};

it("leaves everything where it is, or multiplies it", () => {
  expect(orientPositions(scan, AS_IT_IS)).toEqual(scan);
  close(orientPositions(scan, { ...AS_IT_IS, scale: 2e7 }).yPx, [2e7, 1e8, 6e7]);
});

it("swaps, and mirrors about the middle of the scan", () => {
  expect(orientPositions(scan, { ...AS_IT_IS, swap: true })).toEqual({ xPx: scan.yPx, yPx: scan.xPx });
  const mirrored = orientPositions(scan, { ...AS_IT_IS, flipX: true });
  close(mirrored.xPx, [40, 30, 10]);
  close(mirrored.yPx, [1, 5, 3]);
  expect(middleOf(mirrored)).toEqual(middleOf(scan));
});

it("turns from +x towards +y, and by four quarters not at all", () => {
  const quarter = orientPositions(scan, { ...AS_IT_IS, rotateDeg: 90 });
  close(quarter.xPx, [27, 23, 25]);
  close(quarter.yPx, [-12, -2, 18]);
  close(orientPositions(scan, { ...AS_IT_IS, rotateDeg: 360 }).xPx, [10, 20, 40]);
});

it("takes the middle of another set of positions, so that true and recorded ones stay together", () => {
  const moved = { xPx: scan.xPx.map((x) => x + 1), yPx: scan.yPx };
  const to = { ...AS_IT_IS, swap: true, flipX: true };
  const [a, b] = [scan, moved].map((positions) => orientPositions(positions, to, middleOf(scan)));
  close(
    b.yPx,
    Array.from(a.yPx, (y) => y + 1),
  );
  close(b.xPx, [...a.xPx]);
});

it("says which options of prepare do the same", () => {
  expect(orientationOptions(AS_IT_IS)).toBe("");
  expect(orientationOptions({ swap: true, flipX: true, flipY: true, rotateDeg: -5, scale: 0.5 })).toBe(
    "--swap-xy --flip-x --flip-y --rotate-positions -5 --scale-positions 0.5",
  );
});
