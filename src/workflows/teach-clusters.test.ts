import { expect, it } from "vitest";
import { input } from "../compute/build-elementwise.js";
import { evaluate } from "../compute/evaluate.js";
import { complex64, float32 } from "../core/ndarray.js";
import { middleOf } from "../data/clusters.js";
import type { RefinementScan } from "../data/refinement-scan.js";
import { clusterFrame } from "../physics/overlap.js";
import { cutWindows, type Teacher } from "../training/teacher.js";
import { canvasFeeds } from "./teach-clusters.js";
import type { FittedTeacher } from "./teacher.js";

it("the teacher's canvas lies where the objective places the patterns of the cluster", () => {
  const [N, M] = [4, 12];
  const wave = (seed: number) => Float32Array.from({ length: 400 }, (_, i) => Math.sin(seed + 7 * i));
  const picture: Teacher = {
    object: complex64([20, 20], wave(1), wave(2)),
    known: new Uint8Array(400).fill(1),
    originPx: [-5, 3],
  };
  const fitted: FittedTeacher = { picture, schedule: { weight: 1, epochs: 1 }, note: "" };
  const [xWholePx, yWholePx] = [Int32Array.of(99, 4, 7, 6), Int32Array.of(99, 10, 13, 15)];
  const scan = { xWholePx, yWholePx } as unknown as RefinementScan;
  const members = Int32Array.of(1, 2, 3);
  const feeds = canvasFeeds(fitted, scan, members, M, 0.5);
  const [x, y] = [middleOf(xWholePx, members), middleOf(yWholePx, members)];
  const offsets = Array.from(members, (member) => [x - xWholePx[member], y - yWholePx[member]]).flat();
  const frame = clusterFrame(input("positions", [3, 1, 1, 2]), N, M);
  const { re, im, known } = cutWindows(picture, xWholePx.slice(1), yWholePx.slice(1), N);
  for (const [name, expected] of Object.entries({ re, im, known })) {
    const [windows] = evaluate([frame.cut(input(`teacher_${name}`, [M, M]))], {
      ...feeds,
      positions: float32([3, 1, 1, 2], offsets),
    });
    Array.from(windows.data, Number).forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i], 6);
    });
  }
});
