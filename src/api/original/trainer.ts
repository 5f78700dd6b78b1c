// The original's Trainer over train().
import { loadBundle } from "../../bundle/load-bundle.js";
import { PtychoError } from "../../core/errors.js";
import type { TrainResult, Work } from "../../workflows/contract.js";
import { expectMembers, type Settings } from "../request.js";
import { type Run, startRun } from "../run.js";
import { trainNow } from "../train.js";
import type { ConfigManager } from "./config-manager.js";
import type { PtychoDataLoader } from "./data-loader.js";
import type { PtychoModel } from "./model.js";
import { trainSettings } from "./settings.js";

export interface TrainerOptions {
  readonly model: PtychoModel;
  readonly dataloader: PtychoDataLoader;
  /** The model's own when absent. */
  readonly config_manager?: ConfigManager;
  /** Of the record that the training keeps: "lightning" (metrics.csv), or "mlflow". */
  readonly orchestration?: "lightning" | "mlflow";
}

export interface TrainerRun {
  readonly orchestration?: "lightning" | "mlflow";
  /** Empty: a run is named by its folder. */
  readonly experiment_name?: "";
  readonly signal?: AbortSignal;
}

/** @deprecated call `train`. */
export class Trainer {
  readonly ptycho_model: PtychoModel;
  readonly dataloader: PtychoDataLoader;
  readonly config_manager: ConfigManager;
  readonly #orchestration: string;

  /** @throws PtychoError UsageError for a loader without `output_dir`. */
  private constructor({ model, dataloader, config_manager, orchestration = "lightning" }: TrainerOptions) {
    this.ptycho_model = model;
    this.dataloader = dataloader;
    this.config_manager = config_manager ?? model.config_manager;
    this.#orchestration = orchestration;
  }

  /** @deprecated */
  static _from_lightning(options: TrainerOptions): Trainer {
    const known = ["model", "dataloader", "config_manager", "orchestration"];
    expectMembers("Trainer._from_lightning", options, known);
    return new Trainer(options);
  }

  /** Always refused, as the original has not built it either. @deprecated */
  static _from_pytorch(): never {
    throw new PtychoError(
      "UsageError",
      "Trainer._from_pytorch: there is one training loop; use _from_lightning",
    );
  }

  /**
   * Trains into `dataloader.output_dir`; the model has its weights when the run has ended. Where the original returns the
   * folder, the run gives the result of `train`, with `outputDir` in it.
   *
   * @deprecated call `train`
   */
  train(options: TrainerRun = {}): Run<TrainResult> {
    return startRun((signal) => this.#work(options, signal), options.signal);
  }

  async *#work(options: TrainerRun, signal: AbortSignal): Work<TrainResult> {
    expectMembers("Trainer.train", options, ["orchestration", "experiment_name", "signal"]);
    const { orchestration = this.#orchestration, experiment_name: name } = options;
    const { output_dir: outputDir, data } = this.dataloader;
    if (name !== undefined && name !== "")
      throw new PtychoError(
        "UsageError",
        `Trainer.train: experiment_name '${name}': a run is named by its folder; leave it out`,
      );
    if (outputDir === undefined)
      throw new PtychoError(
        "UsageError",
        "Trainer.train: the PtychoDataLoader has no output_dir; name the folder of the run there",
      );
    const settings = { ...trainSettings(this.config_manager), ...recordOf(orchestration) };
    const result = yield* trainNow({ data, outputDir, settings }, signal);
    this.ptycho_model.model = loadBundle(result.archivePath);
    return result;
  }
}

function recordOf(orchestration: string): Settings<"train"> {
  if (orchestration === "lightning") return {};
  if (orchestration === "mlflow") return { logger_backend: "mlflow" };
  throw new PtychoError(
    "UsageError",
    `Trainer: unknown orchestration '${orchestration}'; known: lightning, mlflow`,
  );
}
