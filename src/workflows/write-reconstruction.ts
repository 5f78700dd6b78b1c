// A stitched object as the files a user takes away: the arrays, and pictures of amplitude and phase.
import { join } from "node:path";
import { float32, float64 } from "../core/ndarray.js";
import { VERSION } from "../core/version.js";
import { writeFileAtomic } from "../formats/files.js";
import type { NpyArray } from "../formats/npy.js";
import { writeNpz } from "../formats/npz.js";
import { encodePng } from "../formats/png.js";
import { drawPicture } from "../inference/picture.js";
import type { StitchedObject } from "../inference/stitch-patches.js";
import { type PhaseRange, phasePicture } from "./phase-picture.js";

/** Share of the largest coverage below which a picture shows no data: what so little light reached is not known. */
const SEEN = 0.01;

export interface ReconstructionFiles {
  readonly reconstructionPath: string;
  readonly amplitudePicturePath: string;
  readonly phasePicturePath: string;
}

export interface ReconstructionExtras {
  /** Further arrays of reconstruction.npz. */
  readonly more?: readonly (readonly [name: string, array: NpyArray])[];
  /** Edge of an object pixel; the scale bars are in pixels where it is not known. */
  readonly pixelSizeM?: number | undefined;
  /** Ends of the colours of the phase picture. */
  readonly phaseRange?: PhaseRange;
}

/** Writes reconstruction.npz, reconstructed_amplitude.png and reconstructed_phase.png, each whole or not at all. */
export function writeReconstruction(
  outputDir: string,
  { object, coverage, originPx }: StitchedObject,
  provenance: Readonly<Record<string, unknown>>,
  { more = [], phaseRange, pixelSizeM }: ReconstructionExtras = {},
): ReconstructionFiles {
  const amplitude = object.re.map((re, i) => Math.hypot(re, object.im[i]));
  const files = {
    reconstructionPath: join(outputDir, "reconstruction.npz"),
    amplitudePicturePath: join(outputDir, "reconstructed_amplitude.png"),
    phasePicturePath: join(outputDir, "reconstructed_phase.png"),
  };
  const record = {
    program: "ptychopinn",
    version: VERSION,
    created: new Date().toISOString(),
    ...provenance,
  };
  writeNpz(files.reconstructionPath, [
    ["object", object],
    ["coverage", coverage],
    ["origin_px", float64([2], originPx)],
    ...(pixelSizeM === undefined ? [] : [["pixel_size_m", float64([], [pixelSizeM])] as const]),
    ...more,
    ["provenance", { dtype: "text", shape: [], values: [JSON.stringify(record)] }],
  ]);
  const largest = coverage.data.reduce((most, weight) => Math.max(most, weight), 0);
  const seen = float32(
    coverage.shape,
    coverage.data.map((weight) => (weight > SEEN * largest ? weight : 0)),
  );
  const amplitudeImage = drawPicture(float32(object.shape, amplitude), {
    title: "reconstructed amplitude",
    map: "gray",
    coverage: seen,
    ...(pixelSizeM === undefined ? {} : { pixelSizeM }),
  });
  writeFileAtomic(files.amplitudePicturePath, encodePng(amplitudeImage));
  writeFileAtomic(files.phasePicturePath, encodePng(phasePicture(object, seen, phaseRange, pixelSizeM)));
  return files;
}
