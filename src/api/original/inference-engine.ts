// The original's InferenceEngine over infer().
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { check, PtychoError } from "../../core/errors.js";
import type { Work } from "../../workflows/contract.js";
import { inferNow } from "../infer.js";
import type { Reconstructed } from "../picture.js";
import { expectMembers } from "../request.js";
import { type Run, startRun } from "../run.js";
import type { ConfigManager } from "./config-manager.js";
import type { PtychoDataLoader } from "./data-loader.js";
import { type PtychoModel, trainedModel } from "./model.js";
import { inferSettings } from "./settings.js";

export interface InferenceEngineOptions {
  readonly ptycho_model: PtychoModel;
  /** The model's own when absent. */
  readonly config_manager?: ConfigManager;
}

/** @deprecated call `infer`. */
export class InferenceEngine {
  readonly ptycho_model: PtychoModel;
  readonly config_manager: ConfigManager;

  constructor(options: InferenceEngineOptions) {
    expectMembers("InferenceEngine", options, ["ptycho_model", "config_manager"]);
    this.ptycho_model = options.ptycho_model;
    this.config_manager = options.config_manager ?? options.ptycho_model.config_manager;
  }

  /** Always refused: patches are stitched as they are predicted. @deprecated */
  predict(): never {
    throw new PtychoError(
      "UsageError",
      "InferenceEngine.predict: patches are stitched as they are predicted and are not handed out; call predict_and_stitch",
    );
  }

  /**
   * The stitched object. As in the original no file is left; for the files call `infer`.
   *
   * @deprecated call `infer`
   */
  predict_and_stitch(dataloader: PtychoDataLoader, signal?: AbortSignal): Run<Reconstructed> {
    return startRun((either) => this.#work(dataloader, either), signal);
  }

  async *#work({ data }: PtychoDataLoader, signal: AbortSignal): Work<Reconstructed> {
    const model = trainedModel("InferenceEngine.predict_and_stitch", this.ptycho_model);
    const settings = inferSettings(this.config_manager);
    check(
      settings.log_patch_stats !== true,
      "UsageError",
      () =>
        "InferenceConfig.log_patch_stats: predict_and_stitch leaves no file behind; call infer() for them",
    );
    const outputDir = mkdtempSync(join(tmpdir(), "ptychopinn-predict-"));
    try {
      const inferred = yield* inferNow({ model, data, outputDir, settings }, signal);
      const { object, amplitude, phase, coverage, originPx } = inferred;
      return { object, amplitude, phase, coverage, originPx };
    } finally {
      rmSync(outputDir, { recursive: true, force: true });
    }
  }
}
