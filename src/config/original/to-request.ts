// A training payload of the original as a request to our own configuration: every value that was given goes on under its
// name, with its source; what our field table lacks is refused by name (contracts D34, D35), never dropped.
import { PtychoError } from "../../core/errors.js";
import type { FieldValue } from "../field.js";
import type { Layer } from "../layer.js";
import { namesOf, unknownName } from "../names.js";
import type { ConfigRequest } from "../resolve.js";
import { MODEL_CONFIG, TRAINING_CONFIG } from "./canonical.js";
import { type Row, shown } from "./dataclass.js";
import { EXECUTION_CONFIG } from "./execution-config.js";
import type { Source } from "./layers.js";
import type { AuditEntry, TrainingPayload } from "./payload.js";
import { TORCH_DATA, TORCH_INFERENCE, TORCH_MODEL, TORCH_TRAINING, type TorchData } from "./torch.js";

/** The sources as layers of a request, the weakest first; the profile is asked for by its name. */
export const ORDER: readonly Source[] = ["data file", "command line", "execution config", "override"];
export const EXPLICIT: readonly Source[] = ["command line", "execution config", "override"];

/** Lines of the audit that follow from others; the factory has checked that they agree. */
const NOT_FIELDS = ["profile", "nphotons_source", "C", "C_model", "C_forward"];

/** Names whose default here follows from the data or from other fields, so that the original's is not handed on. */
const DECIDED_HERE = [
  ...["N", "nphotons", "scale_contract_version", "measurement_domain", "accelerator", "loss_function"],
  ...["train_data_file", "output_dir", "backend", "n_groups"],
];

/**
 * The layers, weakest first: the original's defaults, what the data file told, then what was given. Resolving the request
 * gives the run that the payload describes.
 *
 * @throws PtychoError UsageError for a given value that our table lacks and that is not the original's default, which
 *   changes nothing.
 */
export function toTrainRequest(payload: TrainingPayload): ConfigRequest {
  const { values } = payload.tfTrainingConfig;
  const lines = payload.overridesApplied.filter(
    ({ name, yieldsTo }) => !NOT_FIELDS.includes(name) && yieldsTo === undefined,
  );
  const carried = new Map(ORDER.map((source) => [source, {} as Record<string, unknown>]));
  for (const line of lines) {
    const layer = carried.get(line.source);
    if (layer === undefined || (line.name === "N" && line.source === "data file")) continue; // a run reads N from its scan
    const own = carriedLine(payload, line);
    if (own !== undefined) layer[own.name] = own.value;
  }
  const settled = new Set([
    ...DECIDED_HERE,
    ...lines
      .filter(({ source }) => source === "profile ci" || carried.has(source))
      .map(({ name }) => ownName(name)),
  ]);
  const records = [
    values,
    values.model.values,
    dataDefaults(payload.ptDataConfig),
    payload.ptModelConfig.values,
    payload.ptTrainingConfig.values,
    payload.executionConfig.values,
  ];
  const arguments_: Layer = {
    source: "override",
    values: { train_data_file: values.train_data_file, output_dir: values.output_dir },
  };
  const profile = payload.overridesApplied.find(({ name }) => name === "profile")?.value;
  return {
    ...(typeof profile === "string" ? { profile } : {}),
    layers: [
      { source: "default of the original", values: defaultsIn(records, "train", settled) },
      ...ORDER.map((source) => ({ source, values: carried.get(source) ?? {} })),
      arguments_,
    ],
  };
}

/** A line under our name for it; undefined where it says what is the case anyway. */
function carriedLine(
  payload: TrainingPayload,
  { name, value, source }: AuditEntry,
): { name: string; value: unknown } | undefined {
  const own = { name: ownName(name), value: ownValue(name, value) };
  if (name === "loss_function") {
    const { torch_loss_mode: mode } = payload.ptTrainingConfig.values;
    if (String(value).toLowerCase() === mode) return undefined;
    throw new PtychoError(
      "UsageError",
      `${source}: loss_function ${shown(value)} contradicts torch_loss_mode '${mode}', which decides; leave loss_function out`,
    );
  }
  if (namesOf("train").has(own.name)) return own;
  if (isDefault(name, value, source) || !EXPLICIT.includes(source)) return undefined;
  throw unknownName(source, own.name, "train");
}

/** The original's name -> ours, where it is another one. */
export function ownName(name: string): string {
  return name === "grid_size" ? "gridsize" : (OURS[name] ?? name);
}

/** Names that mean one field of ours; the table's own aliases do the same for what is given. */
const OURS: Readonly<Record<string, string>> = {
  K: "neighbor_count",
  epochs: "nepochs",
  max_epochs: "nepochs",
  mode: "model_type",
};

/** Our way to write a value: no logger is `none`, a grid is its edge. */
export function ownValue(name: string, value: unknown): unknown {
  return name === "grid_size" && Array.isArray(value) ? value[0] : value;
}

/** Whether the class that the value is for has it by default, so that it changes nothing. */
export function isDefault(name: string, value: unknown, source: Source): boolean {
  const others = [TORCH_DATA, TORCH_MODEL, TORCH_TRAINING, TORCH_INFERENCE, TRAINING_CONFIG, MODEL_CONFIG];
  const classes = source === "execution config" ? [EXECUTION_CONFIG] : [...others, EXECUTION_CONFIG];
  const owner = classes.find(({ fields }) => Object.hasOwn(fields, name));
  const row: Row | undefined = (owner?.fields as Readonly<Record<string, Row>> | undefined)?.[name];
  return row !== undefined && JSON.stringify(row[1]) === JSON.stringify(value);
}

/** Without `n_subsample`, which there is groups per centre: here it is the patterns drawn, as in the canonical class (D8). */
export function dataDefaults({ values: { n_subsample: _, ...others } }: TorchData): object {
  return others;
}

/**
 * What the original does where nobody said anything, for every field of ours that one of its `records` knows.
 *
 * @param given fields of ours that have a value already, and those whose default is not the original's.
 */
export function defaultsIn(
  records: readonly object[],
  surface: "train" | "infer",
  given: ReadonlySet<string>,
): Record<string, FieldValue> {
  const found: Record<string, FieldValue> = {};
  const known = namesOf(surface);
  for (const [name, raw] of records.flatMap((record) => Object.entries(record))) {
    const own = ownName(name);
    const meaning = known.get(own);
    if (meaning?.kind !== "field" || given.has(meaning.entry.name)) continue;
    found[meaning.entry.name] = ownValue(name, raw) as FieldValue; // fields of our table hold single values
  }
  return found;
}
