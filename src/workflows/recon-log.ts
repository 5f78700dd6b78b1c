// Pictures of what a network in training predicts, every few epochs: recon_log/epoch_NNNN in the output folder. Only the
// patterns are read for them, never the truth.
import { join } from "node:path";
import type { ExecutionConfig } from "../config/fields.js";
import { indicesOf } from "../config/value.js";
import { PtychoError } from "../core/errors.js";
import { type ComplexArray, complex64, float32, float64 } from "../core/ndarray.js";
import { prepareOutputFolder, writeFileAtomic } from "../formats/files.js";
import { encodePng } from "../formats/png.js";
import { drawPicture, joinPictures } from "../inference/picture.js";
import { addPatches, finishStitch, startStitch } from "../inference/stitch-patches.js";
import { type ParameterLayout, unpackParameters } from "../model/parameters.js";
import type { FitRequest } from "../training/fit.js";
import type { TrainingState } from "../training/step.js";
import type { Preview } from "./training-task.js";

/** Groups predicted at a time. */
const BATCH = 16;

export type ReconLogSettings = Pick<
  ExecutionConfig,
  | "output_dir"
  | "recon_log_every_n_epochs"
  | "recon_log_num_patches"
  | "recon_log_fixed_indices"
  | "recon_log_stitch"
  | "recon_log_max_stitch_samples"
>;

/**
 * What to do after every epoch; undefined where nothing was asked for. A folder holds patch_GGGG_C.png (amplitude | phase of
 * channel C of group G) and, with recon_log_stitch, object.png.
 *
 * @throws PtychoError UsageError for an index that no group has.
 */
export function openReconLog(
  settings: ReconLogSettings,
  layout: ParameterLayout,
  preview: Preview,
): NonNullable<FitRequest["inspect"]> | undefined {
  const { output_dir: outputDir, recon_log_every_n_epochs: every } = settings;
  if (every === null) return undefined;
  const shown = shownGroups(settings, preview.groups);
  const stitched = settings.recon_log_stitch
    ? Math.min(settings.recon_log_max_stitch_samples ?? preview.groups, preview.groups)
    : 0;
  return async (state, history) => {
    const epoch = history.trainLoss.length;
    if (epoch % every !== 0) return;
    const folder = join(outputDir, "recon_log", `epoch_${padded(epoch)}`);
    prepareOutputFolder(folder);
    const { predictor, inputScale } = await preview.open(weightsOf(layout, state));
    try {
      for (const group of shown) {
        const { diffraction } = preview.batchOf(Int32Array.of(group));
        const patches = await predictor.predict(diffraction, inputScale);
        const [, channels, N] = patches.shape;
        for (let channel = 0; channel < channels; channel++) {
          const [from, to] = [channel * N * N, (channel + 1) * N * N];
          const patch = complex64([N, N], patches.re.subarray(from, to), patches.im.subarray(from, to));
          draw(
            join(folder, `patch_${padded(group)}_${channel}.png`),
            patch,
            `group ${group}, epoch ${epoch}`,
          );
        }
      }
      if (stitched === 0) return;
      const all = preview.batchOf(Int32Array.from({ length: stitched }, (_, i) => i)).positionsPx;
      const stitch = startStitch(all, { patchPx: predictor.patchPx, weighting: { kind: "uniform" } });
      for (let first = 0; first < stitched; first += BATCH) {
        const groups = Int32Array.from({ length: Math.min(BATCH, stitched - first) }, (_, i) => first + i);
        const { diffraction, positionsPx } = preview.batchOf(groups);
        const { re, im, shape } = await predictor.predict(diffraction, inputScale);
        addPatches(stitch, complex64([shape[0] * shape[1], shape[2], shape[3]], re, im), positionsPx);
      }
      const { object, coverage } = finishStitch(stitch);
      draw(join(folder, "object.png"), object, `object, epoch ${epoch}`, coverage);
    } finally {
      await predictor.release();
    }
  };
}

/** Evenly spaced as in the original, or those asked for. */
function shownGroups(
  { recon_log_num_patches: count, recon_log_fixed_indices: asked }: ReconLogSettings,
  groups: number,
): number[] {
  if (asked === null) {
    const shown = Math.min(count, groups);
    return Array.from({ length: shown }, (_, i) => i * Math.floor(groups / shown));
  }
  const indices = indicesOf(asked);
  const beyond = indices.find((index) => index >= groups);
  if (beyond === undefined) return [...new Set(indices)];
  throw new PtychoError(
    "UsageError",
    `recon_log_fixed_indices: there is no group ${beyond}; expected 0 to ${groups - 1}, the groups of test_data_file, or of ` +
      "train_data_file where there is none",
  );
}

function weightsOf(layout: ParameterLayout, { parameters, buffers }: TrainingState) {
  return { ...unpackParameters(layout, parameters.data), ...buffers };
}

function draw(
  path: string,
  { shape, re, im }: ComplexArray,
  title: string,
  coverage = float32(shape, new Float32Array(re.length).fill(1)),
): void {
  const amplitude = float64(
    shape,
    Float64Array.from(re, (value, i) => Math.hypot(value, im[i])),
  );
  const phase = float64(
    shape,
    Float64Array.from(re, (value, i) => Math.atan2(im[i], value)),
  );
  const picture = joinPictures([
    drawPicture(amplitude, { title: `amplitude: ${title}`, map: "gray", coverage }),
    drawPicture(phase, { title: `phase: ${title}`, map: "phase", coverage }),
  ]);
  writeFileAtomic(path, encodePng(picture));
}

const padded = (count: number): string => String(count).padStart(4, "0");
