// Reconstruction against the truth -> metrics.
import { evaluateReconstruction, type ReconstructionMetrics } from "../evaluation/evaluate-reconstruction.js";
import { writeFileAtomic } from "../formats/files.js";
import type { EvaluateRequest, EvaluateResult, Work } from "./contract.js";
import { prepareOutputFile } from "./output-file.js";
import { readKnownObject, readReconstruction } from "./read-reconstruction.js";

/** Largest whole-pixel shift that is tried along each axis. */
const SEARCH_PX = 8;

/**
 * Scores `reconstruction` against `truth`: shifted by the best whole pixels, amplitude scaled to the mean of the truth,
 * phase plane removed.
 *
 * @throws PtychoError DataError for files that are not what they should be, UsageError for a window that does not fit.
 */
export async function* evaluateWorkflow(request: EvaluateRequest): Work<EvaluateResult> {
  const { truth, cropPx, outputFile, signal } = request;
  const found = readReconstruction(request.reconstruction);
  const known = readKnownObject(truth);
  signal.throwIfAborted();
  const metrics = evaluateReconstruction(
    { ...found, truth: known.object, xPx: known.xPx, yPx: known.yPx },
    { searchPx: SEARCH_PX, ...(cropPx === undefined ? {} : { cropPx }) },
  );
  const { crop, shift_px: shift, registered_on: on } = metrics;
  yield {
    kind: "message",
    text:
      `scored ${crop.width} x ${crop.height} px from (${crop.x}, ${crop.y}), ` +
      `shifted by (${shift.join(", ")}) px for the best match of the ${on}`,
  };
  if (crop.covered < 1) {
    const share = (100 * (1 - crop.covered)).toPrecision(2);
    yield {
      kind: "warning",
      text: `no pattern reached ${share} % of the scored window; a smaller --crop leaves that out`,
    };
  }
  if (shift.some((distance) => Math.abs(distance) === SEARCH_PX)) {
    yield {
      kind: "warning",
      text:
        `the best match lies at the end of the search, ${SEARCH_PX} px away: reconstruction and truth have little in ` +
        "common, or their positions differ by more",
    };
  }
  if (outputFile === undefined) return { metrics };
  prepareOutputFile("evaluate: output file", outputFile, [found.path, truth]);
  writeFileAtomic(outputFile, Buffer.from(metricsJson(metrics, { reconstruction: found.path, truth })));
  yield { kind: "wrote", path: outputFile, what: "metrics" };
  return { metrics, outputFile };
}

/** JSON has no infinity (the PSNR of equal images): it stands as text. */
function metricsJson(metrics: ReconstructionMetrics, inputs: Readonly<Record<string, string>>): string {
  const finite = (_: string, value: unknown) => (value === Number.POSITIVE_INFINITY ? "Infinity" : value);
  return `${JSON.stringify({ ...metrics, inputs }, finite, 2)}\n`;
}
