// Adapting from a program: a trained model goes a few epochs further on a new scan, and infers it.
import { ADAPT_FIELDS } from "../config/adapt-fields.js";
import { namesOf } from "../config/names.js";
import { check } from "../core/errors.js";
import { adaptWorkflow } from "../workflows/adapt.js";
import type { AdaptResult, Work } from "../workflows/contract.js";
import { loadReconstruction, type Reconstructed } from "./picture.js";
import { expectMembers, expectPath, type ScanSource, type Settings, scanOf } from "./request.js";
import { type Run, startRun } from "./run.js";

/** What may be asked of an adaptation; the rest is what the model was trained with. */
export type AdaptSettings = Pick<
  Settings<"train">,
  | "n_groups"
  | "n_subsample"
  | "subsample_seed"
  | "axis_order"
  | "nepochs"
  | "learning_rate"
  | "seed"
  | "resume"
  | "allow_mismatch"
  | "accelerator"
>;

export interface AdaptOptions {
  /** Archive of the trained model, or the folder that holds it. */
  readonly model: string;
  /** Scan to adapt to and to reconstruct. */
  readonly data: ScanSource;
  /** Folder for the results; another one than the model's. */
  readonly outputDir: string;
  readonly settings?: AdaptSettings;
  readonly signal?: AbortSignal;
}

/** What `train` and `infer` leave, all in `outputDir`. */
export interface Adapted extends AdaptResult, Reconstructed {}

const MEMBERS = ["model", "data", "outputDir", "settings", "signal"];

/** Adapts and infers, as `ptychopinn adapt` does. The run is rejected as those of `train` and `infer`. */
export function adapt(options: AdaptOptions): Run<Adapted> {
  return startRun((signal) => adaptNow(options, signal), options.signal);
}

async function* adaptNow(options: AdaptOptions, signal: AbortSignal): Work<Adapted> {
  expectMembers("adapt()", options, MEMBERS);
  const { model: modelPath, outputDir, settings = {} } = options;
  expectPath("adapt(): model", modelPath);
  expectPath("adapt(): outputDir", outputDir);
  const { path: scanFile, scan } = scanOf("adapt(): data", options.data);
  expectAdaptable(settings, scan !== undefined);
  const asked = { source: "settings", values: { ...settings, output_dir: outputDir } };
  const given = scan === undefined ? {} : { scan };
  const result = yield* adaptWorkflow({ modelPath, scanFile, ...given, asked, signal });
  return { ...result, ...loadReconstruction(result.reconstructionPath) };
}

/** Unknown names are refused where the configuration is resolved. */
function expectAdaptable(settings: object, inMemory: boolean): void {
  const names = namesOf("train");
  for (const name of Object.keys(settings)) {
    const meaning = names.get(name);
    if (meaning?.kind !== "field") continue;
    const field = meaning.entry.name;
    check(
      ADAPT_FIELDS.includes(field) && field !== "output_dir",
      "UsageError",
      () => `adapt(): settings.${name} is what the model was trained with; leave it out, or train anew`,
    );
    check(
      !inMemory || field !== "axis_order",
      "UsageError",
      () => `settings.${name}: a scan in memory is [n, N, N] already; leave it out`,
    );
  }
}
