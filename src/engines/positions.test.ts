import { describe, expect, it } from "vitest";
import { settingsFor } from "../../tests/engines/known-scan.js";
import { smallBench } from "../../tests/engines/small-bench.js";
import { gaussianBlur } from "../numeric/gaussian-blur.js";
import { centrePositions, findMoves, movePositions } from "./positions.js";
import { probeChanged } from "./probe-modes.js";
import { model, movedProbe } from "./project.js";
import type { Workbench } from "./workbench.js";

const N = 16;

/** A bench with a smooth object and probe whose patterns are what the model gives at the true positions. */
function smoothBench(positionLimitPx = 3, modes = 2): Workbench {
  const bench = smallBench({
    n: 6,
    modes,
    settings: { ...settingsFor("rpie"), batchSize: 6, positionLimitPx },
  });
  const { plan, canvas, probe } = bench;
  for (const plane of [canvas.re, canvas.im]) {
    const mean = plane === canvas.re ? 1 : 0;
    const rough = Float64Array.from(plane, (value) => 3 * (value - mean));
    plane.set(gaussianBlur(rough, plan.height, plan.width, 1.5).map((value) => value + mean));
  }
  probe.forEach(({ re, im }, p) => {
    for (let i = 0; i < N * N; i++) {
      const [y, x] = [Math.floor(i / N) - 8, (i % N) - 8];
      const light = Math.exp(-(x * x + y * y) / 18);
      re[i] = light * (p === 0 ? 2 : x / 4);
      im[i] = (light * (x * x - y * y)) / 30;
    }
  });
  bench.brightness.fill(1);
  probeChanged(bench);
  for (let pattern = 0; pattern < plan.n; pattern++) {
    const intensity = model(bench, movedProbe(bench, 0, pattern), pattern, bench.change[0]);
    bench.frames[pattern].set(intensity.map(Math.sqrt));
  }
  return bench;
}

describe("findMoves", () => {
  it("finds a small shift, its sign and its axis in a few visits", () => {
    const bench = smoothBench();
    const shifts = [
      [0.4, 0],
      [0, -0.4],
      [0.3, 0.3],
      [-0.5, 0.2],
      [0.7, -0.6],
      [0, 0],
    ];
    const [xTrue, yTrue] = [bench.xPx.slice(), bench.yPx.slice()];
    shifts.forEach(([dx, dy], pattern) => {
      bench.xPx[pattern] += dx;
      bench.yPx[pattern] += dy;
    });
    const distance = () => shifts.map((_, j) => Math.hypot(bench.xPx[j] - xTrue[j], bench.yPx[j] - yTrue[j]));
    const before = distance();
    for (let visit = 0; visit < 6; visit++) {
      findMoves(bench, 0, 1);
      if (visit === 0)
        bench.batch.forEach((pattern, slot) => {
          const towards = -(
            bench.slotValues[4 * slot] * shifts[pattern][0] +
            bench.slotValues[4 * slot + 1] * shifts[pattern][1]
          );
          if (before[pattern] > 0) expect(towards).toBeGreaterThan(0);
        });
      movePositions(bench);
    }
    // Central differences are not the derivative of this object: steps are a little off, the place of rest is not.
    for (const left of distance()) expect(left).toBeLessThan(1e-3);
  });

  it("stays where the patterns agree", () => {
    const bench = smoothBench();
    findMoves(bench, 0, 1);
    for (let slot = 0; slot < 6; slot++)
      for (const entry of [0, 1]) expect(Math.abs(bench.slotValues[4 * slot + entry])).toBeLessThan(1e-4);
  });

  it("does not move over an object without detail", () => {
    const bench = smoothBench();
    bench.canvas.re.fill(1);
    bench.canvas.im.fill(0);
    findMoves(bench, 0, 1);
    expect(bench.slotValues.every((value, i) => i % 4 > 1 || value === 0)).toBe(true);
  });
});

describe("limits", () => {
  it("a position never leaves the square about where it was recorded, nor moves a visit by more than a pixel", () => {
    const bench = smoothBench(0.5);
    for (const frame of bench.frames) frame.reverse();
    for (let visit = 0; visit < 5; visit++) {
      findMoves(bench, 0, 1);
      for (let slot = 0; slot < 6; slot++)
        for (const entry of [0, 1])
          expect(Math.abs(bench.slotValues[4 * slot + entry])).toBeLessThanOrEqual(1);
      movePositions(bench);
      for (const [now, start] of [
        [bench.xPx, bench.xStartPx],
        [bench.yPx, bench.yStartPx],
      ])
        for (let j = 0; j < 6; j++) expect(Math.abs(now[j] - start[j])).toBeLessThanOrEqual(0.5 + 1e-12);
    }
  });

  it("centring takes the mean shift out, and keeps the limit", () => {
    const bench = smoothBench(3);
    const shifts = [0.5, 1, -0.2, 0.3, 0.9, 0.5];
    shifts.forEach((dx, j) => {
      bench.xPx[j] = bench.xStartPx[j] + dx;
    });
    centrePositions(bench);
    for (const [j, dx] of shifts.entries())
      expect(bench.xPx[j] - bench.xStartPx[j]).toBeCloseTo(dx - 0.5, 12);
    expect(bench.yPx).toEqual(bench.yStartPx);
    bench.xPx.forEach((_, j) => {
      bench.xPx[j] = bench.xStartPx[j] + (j === 0 ? -3 : 3);
    });
    centrePositions(bench);
    expect(bench.xPx[0] - bench.xStartPx[0]).toBeCloseTo(-3, 12);
  });
});
