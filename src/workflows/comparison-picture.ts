// Truth and reconstruction side by side, in the window and after the alignment that was scored.
import type { ComplexArray, NdArray } from "../core/ndarray.js";
import { amplitudeOf } from "../evaluation/align.js";
import { alignedPhases, type ReconstructionMetrics } from "../evaluation/evaluate-reconstruction.js";
import { crop } from "../evaluation/window.js";
import { drawPicture, joinPictures, type Picture } from "../inference/picture.js";
import { percentileRange } from "../inference/picture-scale.js";
import type { Reconstruction } from "./read-reconstruction.js";

/** Four pictures in a row: amplitude of truth and reconstruction, phase of both; each pair in one colour range. */
export function comparisonPicture(
  truth: ComplexArray,
  { object, originPx }: Pick<Reconstruction, "object" | "originPx">,
  metrics: ReconstructionMetrics,
): Picture {
  const [dx, dy] = metrics.shift_px;
  const window = metrics.crop;
  const known = crop(truth, window, [0, 0]);
  const found = crop(object, { ...window, x: window.x + dx, y: window.y + dy }, originPx);
  const { scale } = metrics.amplitude;
  const foundAmplitude = { ...amplitudeOf(found), data: amplitudeOf(found).data.map((a) => a * scale) };
  const phases = alignedPhases(known, found);
  return joinPictures([
    ...pair("amplitude", amplitudeOf(known), foundAmplitude, "a.u.", "gray"),
    ...pair("phase", phases.truth, phases.object, "rad", "viridis"),
  ]);
}

function pair(
  quantity: string,
  truth: NdArray<"float64">,
  object: NdArray<"float64">,
  unit: string,
  map: "gray" | "viridis",
): Picture[] {
  const range = percentileRange(truth.data, () => true);
  const draw = (name: string, values: NdArray<"float64">) =>
    drawPicture(values, { title: `${quantity}, ${name}`, map, unit, range });
  return [draw("truth", truth), draw("reconstruction", object)];
}
