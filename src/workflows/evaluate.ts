// Reconstruction against the truth -> metrics.
import { isPtychoError } from "../core/errors.js";
import { toProbeModes } from "../data/probe-layout.js";
import { evaluateReconstruction } from "../evaluation/evaluate-reconstruction.js";
import { type ProbeMetrics, probeMetrics } from "../evaluation/probe-metrics.js";
import { writeFileAtomic } from "../formats/files.js";
import { printable } from "../formats/printable.js";
import type { EvaluateRequest, EvaluateResult, Work } from "./contract.js";
import { prepareOutputFile } from "./output-file.js";
import { readAnyKnownObject, readAnyReconstruction } from "./read-object.js";
import type { KnownObject, Reconstruction } from "./read-reconstruction.js";

/** Largest whole-pixel shift that is tried along each axis. */
export const SEARCH_PX = 8;

/**
 * Scores `reconstruction` against `truth`: shifted by the best whole pixels, amplitude scaled to the mean of the truth,
 * phase plane removed; beside it the original's figures, the ring correlation and, where both files have one, the probe.
 *
 * @throws PtychoError DataError for files that are not what they should be, UsageError for a window that does not fit.
 */
export async function* evaluateWorkflow(request: EvaluateRequest): Work<EvaluateResult> {
  const { truth, cropPx, outputFile, signal } = request;
  const found = await readAnyReconstruction(request.reconstruction);
  const known = await readAnyKnownObject(truth);
  signal.throwIfAborted();
  const { pixelSizeM = found.pixelSizeM } = request;
  const metrics = evaluateReconstruction(
    {
      ...{ ...found, truth: known.object, xPx: known.xPx, yPx: known.yPx },
      ...(known.originPx === undefined ? {} : { truthOriginPx: known.originPx }),
    },
    {
      searchPx: SEARCH_PX,
      ...(cropPx === undefined ? {} : { cropPx }),
      ...(pixelSizeM === undefined ? {} : { pixelSizeM }),
    },
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
  const { probe, reason } = comparedProbes(found, known, truth);
  if (reason !== undefined) yield { kind: "warning", text: `the probes were not compared: ${reason}` };
  const result = { metrics, ...(probe === undefined ? {} : { probe }) };
  if (outputFile === undefined) return result;
  prepareOutputFile("evaluate: output file", outputFile, [found.path, truth]);
  const inputs = { reconstruction: found.path, truth };
  writeFileAtomic(outputFile, Buffer.from(metricsJson({ ...metrics, probe, inputs })));
  yield { kind: "wrote", path: outputFile, what: "metrics" };
  return { ...result, outputFile };
}

/** Nothing where one of the files has no probe; the reason where they have probes that cannot be compared. */
function comparedProbes(
  found: Reconstruction,
  known: KnownObject,
  truth: string,
): { readonly probe?: ProbeMetrics; readonly reason?: string } {
  const N = found.probe?.shape.at(-1);
  if (found.probe === undefined || known.probe === undefined || N === undefined) return {};
  const { shape, re, im } = known.probe;
  try {
    return { probe: probeMetrics(found.probe, toProbeModes(printable(truth), shape, re, im, N)) };
  } catch (error) {
    if (!isPtychoError(error)) throw error;
    return { reason: error.message };
  }
}

/** JSON has no infinity (the PSNR of equal images): it stands as text. What is not a number is null. */
export function metricsJson(figures: unknown): string {
  const finite = (_: string, value: unknown) => (value === Number.POSITIVE_INFINITY ? "Infinity" : value);
  return `${JSON.stringify(figures, finite, 2)}\n`;
}
