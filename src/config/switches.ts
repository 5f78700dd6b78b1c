// Options that set fields to fixed values: the original's --quiet, --disable_mlflow, --disable-checkpointing.
import type { FieldValue, Surface } from "./field.js";
import { ALL, INFER, TRAIN } from "./field.js";
import type { FieldName } from "./fields.js";

export interface Switch {
  readonly surfaces: readonly Surface[];
  readonly sets: Readonly<Partial<Record<FieldName, FieldValue>>>;
  readonly help: string;
  /** Warned once when it is given. */
  readonly deprecated?: string;
}

export const switches: Readonly<Record<string, Switch>> = {
  quiet: {
    surfaces: ALL,
    sets: { enable_progress_bar: false, console_level: "WARNING" },
    help: "print results, warnings and errors only (--console_level WARNING, without a progress line)",
  },
  verbose: {
    surfaces: ALL,
    sets: { console_level: "DEBUG" },
    help: "print also every setting with its source (--console_level DEBUG)",
  },
  debug: {
    surfaces: INFER,
    sets: { console_level: "DEBUG" },
    help: "the same as --verbose",
  },
  disable_checkpointing: {
    surfaces: TRAIN,
    sets: { enable_checkpointing: false },
    help: "save no checkpoints while training",
  },
  disable_mlflow: {
    surfaces: TRAIN,
    sets: { logger_backend: "none", enable_progress_bar: false },
    help: "no logger and no progress line",
    deprecated: "--disable_mlflow is deprecated. Use --logger none (and --quiet) instead.",
  },
};
