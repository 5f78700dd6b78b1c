// The field table: everything that can be asked of train, infer and reconstruct. Types, defaults, ranges, flags and help follow.
import { type Field, SECTIONS, type Section, type Surface, type ValuesOf } from "./field.js";
import { dataFields } from "./fields/data.js";
import { engineFields } from "./fields/engine.js";
import { executionFields } from "./fields/execution.js";
import { inferenceFields } from "./fields/inference.js";
import { modelFields } from "./fields/model.js";
import { trainingFields } from "./fields/training.js";

const tables = {
  model: modelFields,
  data: dataFields,
  training: trainingFields,
  inference: inferenceFields,
  engine: engineFields,
  execution: executionFields,
} as const;

type Tables = typeof tables;

/** Network and physics. */
export type ModelConfig = ValuesOf<Tables["model"], "train">;
/** Files, groups and scaling. */
export type DataConfig = ValuesOf<Tables["data"], "train">;
/** Objective, optimiser, schedule. */
export type TrainingConfig = ValuesOf<Tables["training"], "train">;
/** Prediction and stitching. */
export type InferenceConfig = ValuesOf<Tables["inference"], "infer">;
/** Iterative reconstruction. */
export type EngineConfig = ValuesOf<Tables["engine"], "reconstruct">;
/** Machine, reproducibility, records. */
export type ExecutionConfig = ValuesOf<Tables["execution"], "train">;

/** The values of a surface by section. */
export type Config<S extends Surface> = { readonly [T in Section]: ValuesOf<Tables[T], S> };

/** The values of a surface in one flat record. */
export type Values<S extends Surface> = ValuesOf<
  Tables["model"] &
    Tables["data"] &
    Tables["training"] &
    Tables["inference"] &
    Tables["engine"] &
    Tables["execution"],
  S
>;

export type FieldName = { [T in Section]: keyof Tables[T] }[Section];

export interface FieldEntry {
  readonly name: FieldName;
  readonly section: Section;
  readonly field: Field;
}

/** The rows that `surface` accepts, in table order. */
export function fieldsOf(surface: Surface): FieldEntry[] {
  return allFields().filter(({ field }) => field.surfaces.includes(surface));
}

/** All rows, in table order. */
export function allFields(): FieldEntry[] {
  return SECTIONS.flatMap((section) =>
    Object.entries<Field>(tables[section]).map(([name, field]) => ({
      name: name as FieldName, // keys of the tables are the field names
      section,
      field,
    })),
  );
}

/** Default of a field on a surface. */
export function defaultOf(field: Field, surface: Surface) {
  const own = { train: undefined, infer: field.inferDefault, reconstruct: field.reconstructDefault }[surface];
  return own === undefined ? field.default : own;
}

/** Help of a field on a surface. */
export function helpOf(field: Field, surface: Surface): string {
  return surface === "infer" ? (field.inferHelp ?? field.help) : field.help;
}
