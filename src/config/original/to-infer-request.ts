// An inference payload of the original as a request to our own configuration. What the payload says of the model must be
// what the archive says: a run takes its network from there, and the original would go on with another one.
import { PtychoError } from "../../core/errors.js";
import type { Config } from "../fields.js";
import { checkFixed } from "../fixed-fields.js";
import type { Layer } from "../layer.js";
import { namesOf, unknownName } from "../names.js";
import type { ConfigRequest } from "../resolve.js";
import { checkedValue } from "../value.js";
import type { AuditEntry, InferencePayload } from "./payload.js";
import { dataDefaults, defaultsIn, EXPLICIT, isDefault, ORDER, ownName, ownValue } from "./to-request.js";

/** Names whose default here follows from the archive or the scan, so that the original's is not handed on. */
const DECIDED_HERE = [
  ...[
    "scale_contract_version",
    "measurement_domain",
    "probe_mask",
    "probe_mask_sigma",
    "probe_mask_diameter",
  ],
  ...["model_path", "test_data_file", "output_dir", "accelerator", "backend", "n_groups"],
];

/** The scales of the original's default are fitted to counts; without these they have no meaning, and are refused here. */
const OF_COUNTS = ["varpro_scaling"];

/** Follow from the gridsize of the model. */
const CHANNELS = ["C", "C_model", "C_forward"];

/**
 * The layers, weakest first: the original's defaults, then what was given.
 *
 * @param trained what the archive of the payload was trained with.
 * @throws PtychoError UsageError for a given value that contradicts the archive, or that our table lacks and that is not
 *   the original's default.
 */
export function toInferRequest(payload: InferencePayload, trained: Config<"train">): ConfigRequest {
  const { values } = payload.tfInferenceConfig;
  const lines = payload.overridesApplied.filter(
    ({ source, yieldsTo }) => EXPLICIT.includes(source) && yieldsTo === undefined,
  );
  const carried = new Map(ORDER.map((source) => [source, {} as Record<string, unknown>]));
  for (const line of lines) {
    const own = carriedLine(line, lines, trained);
    const layer = carried.get(line.source);
    if (own !== undefined && layer !== undefined) layer[own.name] = own.value;
  }
  const { ptDataConfig, ptInferenceConfig, executionConfig } = payload;
  const { inference_batch_size: batch, ...execution } = executionConfig.values;
  const records = [
    ...[values, dataDefaults(ptDataConfig), ptInferenceConfig.values, execution],
    { inference_batch_size: batch ?? ptInferenceConfig.values.batch_size },
  ];
  const settled = new Set([
    ...[...DECIDED_HERE, ...(trained.data.measurement_domain === "count_intensity" ? [] : OF_COUNTS)],
    ...[...carried.values()].flatMap((layer) => Object.keys(layer)),
  ]);
  // The unrolled network is ours, not the original's: defaults for single patches mean nothing to it.
  const defaults = trained.model.architecture === "unrolled" ? {} : defaultsIn(records, "infer", settled);
  const { model_path, test_data_file, output_dir } = values;
  const arguments_: Layer = { source: "override", values: { model_path, test_data_file, output_dir } };
  return {
    layers: [
      { source: "default of the original", values: defaults },
      ...ORDER.map((source) => ({ source, values: carried.get(source) ?? {} })),
      arguments_,
    ],
  };
}

/** A line under our name for it; undefined where it says what is the case anyway. */
function carriedLine(
  { name, value, source }: AuditEntry,
  lines: readonly AuditEntry[],
  trained: Config<"train">,
): { name: string; value: unknown } | undefined {
  if (name === "batch_size") {
    // In the original, too, inference_batch_size is the stronger one.
    const isOverruled = lines.some((line) => line.name === "inference_batch_size" && line.value !== null);
    return isOverruled ? undefined : { name: "inference_batch_size", value };
  }
  const own = { name: ownName(name), value: ownValue(name, value) };
  if (namesOf("infer").has(own.name)) return own;
  const { gridsize } = trained.model;
  if (CHANNELS.includes(name)) {
    if (value !== gridsize ** 2) throw contradiction(source, name, value, `gridsize ${gridsize}`);
    return undefined;
  }
  const meaning = namesOf("train").get(own.name);
  if (meaning?.kind === "field") {
    const { entry } = meaning;
    const given = checkedValue(`${source}: ${name}`, entry.field, "train", own.value);
    const stored = (trained[entry.section] as Readonly<Record<string, unknown>>)[entry.name];
    if (given === stored) return undefined;
    if (["model", "data"].includes(entry.section))
      throw contradiction(source, name, value, `${entry.name} ${stored ?? "none"}`);
  }
  if (isDefault(name, value, source)) return undefined;
  if (meaning?.kind !== "fixed") throw unknownName(source, own.name, "infer");
  checkFixed(`${source}: ${name}`, meaning.rule, own.value);
  return undefined;
}

function contradiction(source: string, name: string, value: unknown, stored: string): PtychoError {
  return new PtychoError(
    "UsageError",
    `${source}: ${name} ${JSON.stringify(value)} contradicts the model archive, which was trained with ${stored}; leave ` +
      `${name} out, or give another model`,
  );
}
