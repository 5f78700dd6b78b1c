// The original's PtychoModel: a configuration, and the trained network once there is one.
import { join } from "node:path";
import { ARCHIVE_NAME } from "../../bundle/archive-path.js";
import { type Bundle, loadBundle } from "../../bundle/load-bundle.js";
import { PtychoError } from "../../core/errors.js";
import { prepareOutputFolder, readRegularFile, writeFileAtomic } from "../../formats/files.js";
import { expectMembers } from "../request.js";
import { type ConfigManager, type ConfigManagerOptions, managerOf } from "./config-manager.js";

/** Where models are kept: the original's "pytorch" and "lightning" are the one archive here; "mlflow" is refused. */
export type Orchestration = "lightning" | "pytorch" | "mlflow";

export interface PtychoModelOptions extends ConfigManagerOptions {
  readonly config_manager?: ConfigManager;
}

export interface LoadOptions extends PtychoModelOptions {
  readonly strategy?: Orchestration;
  /** Folder of a training run, or the archive in it. */
  readonly run_path: string;
}

const CONFIGS = [
  ...["data_config", "model_config", "training_config", "inference_config", "datagen_config"],
  ...["config_manager", "onWarning"],
];

/** @deprecated call `train`, and `loadBundle` for a saved model. */
export class PtychoModel {
  readonly config_manager: ConfigManager;
  /** The trained network; undefined until it was loaded or trained. */
  model: Bundle | undefined;

  constructor(options: PtychoModelOptions = {}) {
    expectMembers("PtychoModel", options, CONFIGS);
    this.config_manager = managerOf("PtychoModel", options);
  }

  /** A model to train; its network is the one that `model_config.architecture` names. @deprecated */
  static _new_model(options: PtychoModelOptions = {}): PtychoModel {
    expectMembers("PtychoModel._new_model", options, CONFIGS);
    return new PtychoModel(options);
  }

  /** A saved model. @throws PtychoError as `loadBundle`; UsageError for "mlflow". @deprecated */
  static _load(options: LoadOptions): PtychoModel {
    expectMembers("PtychoModel._load", options, ["strategy", "run_path", ...CONFIGS]);
    const { strategy = "lightning", run_path, ...configs } = options;
    expectArchive("PtychoModel._load", strategy);
    const loaded = new PtychoModel(configs);
    loaded.model = loadBundle(run_path);
    return loaded;
  }

  /**
   * Copies the archive of the model into the folder `path`, and gives the path of the copy.
   *
   * @throws PtychoError UsageError for "mlflow", and for a model that was neither trained nor loaded; ResourceError.
   * @deprecated copy `wts.h5.zip`
   */
  save(path: string, strategy: Orchestration = "lightning"): string {
    expectArchive("PtychoModel.save", strategy);
    const { path: source } = trainedModel("PtychoModel.save", this);
    prepareOutputFolder(path);
    const copy = join(path, ARCHIVE_NAME);
    writeFileAtomic(copy, readRegularFile(source, { tag: "ArtefactError" }));
    return copy;
  }
}

/** The network of a model. @throws PtychoError UsageError where there is none yet. */
export function trainedModel(where: string, { model }: PtychoModel): Bundle {
  if (model !== undefined) return model;
  throw new PtychoError(
    "UsageError",
    `${where}: the model has no weights yet; train it with Trainer.train, or load one with PtychoModel._load`,
  );
}

/** @throws PtychoError UsageError for "mlflow" and unknown names. */
function expectArchive(where: string, strategy: string): void {
  if (strategy === "lightning" || strategy === "pytorch") return;
  const why =
    strategy === "mlflow"
      ? "models are not kept in MLflow here; give 'lightning', which is the archive wts.h5.zip"
      : `unknown strategy '${strategy}'; known: lightning, pytorch`;
  throw new PtychoError("UsageError", `${where}: ${why}`);
}
