// The files of a reconstruction: arrays, pictures, the report.
import { join } from "node:path";
import { type ComplexArray, float32, float64 } from "../core/ndarray.js";
import type { PlacedObject } from "../engines/reconstruction.js";
import type { HalvesComparison } from "../evaluation/compare-halves.js";
import { writeFileAtomic } from "../formats/files.js";
import { encodePng } from "../formats/png.js";
import { drawComplexPicture } from "../inference/complex-picture.js";
import { drawCurves } from "../inference/curve-picture.js";
import { joinPictures, type Picture } from "../inference/picture.js";
import { drawPositionMap } from "../inference/position-picture.js";
import { drawProbeModes } from "../inference/probe-picture.js";
import { writeReconstruction } from "./write-reconstruction.js";

export interface Outcome {
  readonly placed: PlacedObject;
  readonly probe: ComplexArray;
  readonly positions: { readonly xPx: Float64Array; readonly yPx: Float64Array };
  /** Positions as recorded, where they were refined. */
  readonly recorded: { readonly xPx: Float64Array; readonly yPx: Float64Array } | undefined;
  readonly residuals: readonly number[];
  readonly halves: HalvesComparison | undefined;
  /** Edge of an object pixel, where the scan says it. */
  readonly pixelSizeM: number | undefined;
}

export interface OutcomeFiles {
  readonly reconstructionPath: string;
  readonly reportPath: string;
  readonly pictures: readonly string[];
}

/** Writes every file of a reconstruction; each whole or not at all. */
export function writeOutcome(
  outputDir: string,
  outcome: Outcome,
  report: Readonly<Record<string, unknown>>,
): OutcomeFiles {
  const { placed, probe, positions, recorded, residuals, halves } = outcome;
  const { reconstructionPath, amplitudePicturePath, phasePicturePath } = writeReconstruction(
    outputDir,
    placed,
    report,
    {
      pixelSizeM: outcome.pixelSizeM,
      more: [
        ["probe", probe],
        ["x_px", float64([positions.xPx.length], positions.xPx)],
        ["y_px", float64([positions.yPx.length], positions.yPx)],
        ["residuals", float64([residuals.length], Float64Array.from(residuals))],
      ],
    },
  );
  const pictures = [amplitudePicturePath, phasePicturePath];
  const write = (name: string, picture: Picture) => {
    const path = join(outputDir, name);
    writeFileAtomic(path, encodePng(picture));
    pictures.push(path);
  };
  write("reconstructed_complex.png", complexPicture(placed, "object", outcome.pixelSizeM));
  write("probe_modes.png", drawProbeModes(probe));
  const [height, width] = placed.object.shape;
  const inCanvas = (values: Float64Array, axis: 0 | 1) =>
    values.map((value) => value - placed.originPx[axis]);
  write(
    "positions.png",
    drawPositionMap({
      xPx: inCanvas(positions.xPx, 0),
      yPx: inCanvas(positions.yPx, 1),
      ...(recorded === undefined
        ? {}
        : { startXPx: inCanvas(recorded.xPx, 0), startYPx: inCanvas(recorded.yPx, 1) }),
      sizePx: [height, width],
    }),
  );
  if (residuals.length > 0) write("residual.png", residualPicture(residuals));
  if (halves !== undefined) write("half_sets_frc.png", ringPicture(halves));
  const reportPath = join(outputDir, "report.json");
  writeFileAtomic(reportPath, Buffer.from(`${JSON.stringify(report, null, 2)}\n`));
  return { reconstructionPath, reportPath, pictures };
}

/** The object as it is, beside the residual so far, for a look while it runs. */
export function previewPicture(placed: PlacedObject, residuals: readonly number[]): Picture {
  return joinPictures([complexPicture(placed, `epoch ${residuals.length}`), residualPicture(residuals)]);
}

function complexPicture({ object, coverage }: PlacedObject, title: string, pixelSizeM?: number): Picture {
  const least = 0.01 * coverage.data.reduce((most, value) => Math.max(most, value), 0);
  const seen = float32(
    coverage.shape,
    coverage.data.map((value) => (value > least ? value : 0)),
  );
  return drawComplexPicture(object, {
    ...{ title, coverage: seen },
    ...(pixelSizeM === undefined ? {} : { pixelSizeM }),
  });
}

function residualPicture(residuals: readonly number[]): Picture {
  const x = residuals.map((_, i) => i + 1);
  return drawCurves({
    title: "residual R against epoch",
    xLabel: "epoch",
    yLabel: "R",
    series: [{ name: "R", x, y: residuals }],
  });
}

function ringPicture({ rings }: HalvesComparison): Picture {
  return drawCurves({
    title: "Fourier ring correlation of two halves of the scan",
    xLabel: "frequency, 1/px",
    yLabel: "FRC",
    series: [
      { name: "FRC", x: rings.frequency, y: rings.correlation },
      { name: "half-bit", x: rings.frequency, y: rings.halfBit, dashed: true },
    ],
    logY: false,
  });
}
