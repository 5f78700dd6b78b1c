// Predicted patches as they come by, kept as statistics and a few pictures: --log_patch_stats and --debug_dump.
import { join } from "node:path";
import type { Config } from "../config/fields.js";
import { type ComplexArray, complex64 } from "../core/ndarray.js";
import { prepareOutputFolder, writeFileAtomic } from "../formats/files.js";
import { encodePng } from "../formats/png.js";
import {
  addMoments,
  amplitudeMoments,
  type BatchStatistics,
  batchStatistics,
  type Moments,
  patchGrid,
  summaryOf,
} from "../inference/patch-statistics.js";
import { drawPicture } from "../inference/picture.js";

/** Patches that are drawn and listed. */
const SHOWN = 16;

/** What a run was asked to keep of its patches. */
export interface PatchWatch {
  /** Takes the next patches, [B, C, N, N], at (x, y) of each in the frame of the scan, pixels. */
  readonly add: (patches: ComplexArray, positionsPx: ArrayLike<number>) => void;
  /** Writes the files, and returns where. `object` is the stitched object [H, W]. */
  readonly write: (object: ComplexArray) => readonly { readonly what: string; readonly path: string }[];
}

/** What --log_patch_stats and --debug_dump ask of infer. */
export function watchPatches({ execution, inference }: Config<"infer">): PatchWatch {
  const { output_dir: outputDir, log_patch_stats, patch_stats_limit: limit } = execution;
  const log = log_patch_stats ? openPatchLog(outputDir, "inference", limit) : undefined;
  const { debug_dump: asked } = inference;
  const folder = asked === "auto" ? join(outputDir, "debug_dump") : asked;
  const dump = folder === null ? undefined : openPatchDump(folder);
  return {
    add(patches, positionsPx) {
      log?.add(patches);
      dump?.add(patches, positionsPx);
    },
    write: (object) => [
      ...(log === undefined ? [] : [{ what: "patch statistics", path: log.write() }]),
      ...(dump === undefined ? [] : [{ what: "patches and positions", path: dump.write(object) }]),
    ],
  };
}

export interface PatchLog {
  /** Takes the next patches, [B, C, N, N]. */
  readonly add: (patches: ComplexArray) => void;
  /** Whether it wants to see more. */
  readonly isOpen: () => boolean;
  /** Writes analysis/torch_patch_stats.json and torch_patch_grid.png, and returns the folder. */
  readonly write: () => string;
}

/** Statistics of every batch up to `limit` (null: of all). */
export function openPatchLog(
  outputDir: string,
  phase: BatchStatistics["phase"],
  limit: number | null,
): PatchLog {
  const batches: BatchStatistics[] = [];
  const shown = firstPatches();
  const isOpen = () => limit === null || batches.length < limit;
  return {
    isOpen,
    add(patches) {
      if (!isOpen()) return;
      batches.push(batchStatistics(patches, phase, batches.length));
      shown.add(patches);
    },
    write() {
      const folder = join(outputDir, "analysis");
      prepareOutputFolder(folder);
      writeJson(join(folder, "torch_patch_stats.json"), batches);
      writeGrid(join(folder, "torch_patch_grid.png"), shown.patches());
      return folder;
    },
  };
}

/** offsets.json, stats.json, canvas.json and pred_patches_amp_grid.png, with the keys of the original. */
function openPatchDump(folder: string) {
  let moments: Moments | undefined;
  let patchPx = 0;
  const [xPx, yPx]: [number[], number[]] = [[], []];
  const shown = firstPatches();
  return {
    add(patches: ComplexArray, positionsPx: ArrayLike<number>): void {
      patchPx = patches.shape[3];
      const added = amplitudeMoments(patches, patchPx * patchPx);
      moments = moments === undefined ? added : addMoments(moments, added);
      for (let i = 0; i < positionsPx.length; i += 2) {
        xPx.push(positionsPx[i]);
        yPx.push(positionsPx[i + 1]);
      }
      shown.add(patches);
    },
    write(object: ComplexArray): string {
      prepareOutputFolder(folder);
      const [height, width] = object.shape;
      writeJson(join(folder, "offsets.json"), {
        count: xPx.length,
        first_offsets_px: xPx.slice(0, SHOWN).map((dx, i) => ({ dx, dy: yPx[i] })),
        ...{ mean_dx: meanOf(xPx), mean_dy: meanOf(yPx), std_dx: stdOf(xPx), std_dy: stdOf(yPx) },
        ...{ centered_std_dx: stdOf(xPx), centered_std_dy: stdOf(yPx) },
      });
      writeJson(join(folder, "stats.json"), {
        patch_amplitude: moments && spread(moments),
        canvas_amplitude: spread(amplitudeMoments(object, height * width)),
      });
      writeJson(join(folder, "canvas.json"), {
        ...{ patch_size: patchPx, canvas_size: width, num_patch_slots: xPx.length },
        ...{ max_abs_dx: farthest(xPx), max_abs_dy: farthest(yPx) },
      });
      writeGrid(join(folder, "pred_patches_amp_grid.png"), shown.patches());
      return folder;
    },
  };
}

function spread(moments: Moments) {
  const { mean, std, min, max, varZeroMean } = summaryOf(moments, 0);
  return { mean, std, min, max, var_zero_mean: varZeroMean };
}

/** Keeps the first SHOWN planes of what is added. */
function firstPatches() {
  const parts: ComplexArray[] = [];
  let kept = 0;
  return {
    add({ re, im, shape: [samples, channels, N] }: ComplexArray): void {
      const planes = Math.min(SHOWN - kept, samples * channels);
      if (planes <= 0) return;
      const pixels = planes * N * N;
      parts.push(complex64([planes, N, N], re.slice(0, pixels), im.slice(0, pixels)));
      kept += planes;
    },
    patches(): ComplexArray {
      const N = parts[0]?.shape[1] ?? 0;
      const joined = complex64([kept, N, N]);
      let at = 0;
      for (const { re, im } of parts) {
        joined.re.set(re, at);
        joined.im.set(im, at);
        at += re.length;
      }
      return joined;
    },
  };
}

function writeGrid(path: string, patches: ComplexArray): void {
  if (patches.shape[0] === 0) return;
  const options = { title: "amplitude of predicted patches", map: "viridis", unit: "a.u." } as const;
  writeFileAtomic(path, encodePng(drawPicture(patchGrid(patches), options)));
}

function writeJson(path: string, value: unknown): void {
  writeFileAtomic(path, Buffer.from(`${JSON.stringify(value, null, 2)}\n`));
}

const meanOf = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

function stdOf(values: readonly number[]): number {
  const mean = meanOf(values);
  return Math.sqrt(meanOf(values.map((value) => (value - mean) ** 2)));
}

const farthest = (values: readonly number[]): number =>
  values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
