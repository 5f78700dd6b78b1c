// The teacher in training of the unrolled network: its scale, and its canvas of a cluster.
import type { NdArray } from "../core/ndarray.js";
import { middleOf } from "../data/clusters.js";
import { gatherStack } from "../data/frame-stack.js";
import { type RefinementScan, refinementBatch } from "../data/refinement-scan.js";
import { modelledAmplitude, refinementInputs } from "../physics/refinement.js";
import { cutWindows, teacherFeeds } from "../training/teacher.js";
import { type FittedTeacher, fitTeacher, type TeacherFile, windowInputs } from "./teacher.js";

/** @throws PtychoError DataError when the teacher does not belong to the scan. */
export function fitToClusters(file: TeacherFile, scan: RefinementScan): Promise<FittedTeacher> {
  const { amplitude, probe, xWholePx, yWholePx } = scan;
  const [modes, N] = probe.shape;
  const light = new Float64Array(N * N);
  probe.re.forEach((re, i) => {
    light[i % light.length] += re ** 2 + probe.im[i] ** 2;
  });
  return fitTeacher(file, {
    N,
    groupSize: 1,
    light,
    xPx: xWholePx,
    yPx: yWholePx,
    model: (patterns) => {
      const window = windowInputs([patterns.length, 1, N, N]);
      const data = refinementInputs(patterns.length, modes, N);
      return {
        amplitude: modelledAmplitude(window, data.probe),
        feeds: refinementBatch(scan, patterns),
      };
    },
    measured: (patterns) => gatherStack(amplitude, patterns),
  });
}

/** The teacher's canvas [M, M] of a cluster, as inputs of the objective. */
export function canvasFeeds(
  { picture }: FittedTeacher,
  { xWholePx, yWholePx }: RefinementScan,
  members: Int32Array,
  canvasPx: number,
  strength: number,
): Record<string, NdArray<"float32">> {
  const cut = () =>
    cutWindows(picture, [middleOf(xWholePx, members)], [middleOf(yWholePx, members)], canvasPx);
  return teacherFeeds(cut, [canvasPx, canvasPx], strength);
}
