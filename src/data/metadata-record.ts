// Records for the `_metadata` member: made, extended, merged and compared with a configuration. CONTRACTS 2.7 (schema 1.0.0).
import type { TrainingConfig } from "../config/original/canonical.js";
import { PtychoError } from "../core/errors.js";
import type { Metadata } from "./metadata.js";

const SCHEMA = "1.0.0";
/** What two records of one data set must agree on. */
const PHYSICS_KEYS = ["nphotons", "N", "gridsize"] as const;

export interface Creation {
  /** ISO 8601, UTC. */
  readonly timestamp: string;
  readonly script: string;
  readonly hostname: string;
  /** Of this package. */
  readonly version: string;
}

/** The record of a data set that was made with `config`; `additional` holds what else its maker knows. */
export function makeMetadata(
  { values }: TrainingConfig,
  { timestamp, script, hostname, version }: Creation,
  additional: Readonly<Record<string, unknown>> = {},
): Metadata {
  const { model, nphotons, probe_trainable, intensity_scale_trainable, nll_weight } = values;
  const { n_images, batch_size, nepochs } = values;
  const { gridsize, N, model_type } = model.values;
  return {
    schema_version: SCHEMA,
    creation_info: { timestamp, script, hostname, ptychopinn_version: version },
    physics_parameters: {
      ...{ nphotons, gridsize, N, probe_trainable },
      ...{ intensity_scale_trainable, nll_weight, model_type },
    },
    training_parameters: { n_images, batch_size, nepochs },
    data_transformations: [],
    ...(Object.keys(additional).length === 0 ? {} : { additional_parameters: additional }),
  };
}

export interface Transformation {
  readonly tool: string;
  /** ISO 8601, UTC. */
  readonly timestamp: string;
  readonly operation: string;
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** The record with one more step of work on the data; a record is begun where there is none. */
export function withTransformation(metadata: Metadata | undefined, step: Transformation): Metadata {
  const before = metadata ?? { schema_version: SCHEMA };
  const steps = Array.isArray(before.data_transformations) ? before.data_transformations : [];
  const { tool, timestamp, operation, parameters } = step;
  return { ...before, data_transformations: [...steps, { tool, timestamp, operation, parameters }] };
}

/** Photons per pattern as stated, else `fallback`. */
export function photonsStated(metadata: Metadata | undefined, fallback = 1e9): unknown {
  return physicsOf(metadata).nphotons ?? fallback;
}

/** One sentence for each of photons, N and gridsize in which the data set and the configuration differ. */
export function metadataMismatches(metadata: Metadata | undefined, { values }: TrainingConfig): string[] {
  const physics = physicsOf(metadata);
  const { N, gridsize } = values.model.values;
  const asked = { nphotons: values.nphotons, N, gridsize };
  return PHYSICS_KEYS.flatMap((key) => {
    const stated = physics[key];
    if (stated === undefined || stated === null) return [];
    const equal = key === "nphotons" ? Math.abs(Number(stated) - asked[key]) <= 1e-9 : stated === asked[key];
    return equal ? [] : [`${key} mismatch: dataset=${stated}, config=${asked[key]}`];
  });
}

/**
 * The first record, with a note of how many there were; where there is none, the note alone.
 *
 * @param strategy `preserve_first`, or `validate_consistent`: photons, N and gridsize must agree.
 * @throws PtychoError UsageError for another strategy, DataError for records that do not agree.
 */
export function mergeMetadata(
  records: readonly (Metadata | undefined)[],
  strategy: string,
  timestamp: string,
): Metadata {
  const present = records.filter((record) => record !== undefined);
  const note = { merge_info: { timestamp, strategy, source_count: present.length } };
  if (present.length === 0) return { schema_version: SCHEMA, ...note };
  if (strategy === "validate_consistent") expectConsistent(present);
  else if (strategy !== "preserve_first")
    throw new PtychoError(
      "UsageError",
      `Unknown merge strategy: ${strategy}. Expected preserve_first or validate_consistent`,
    );
  return { ...present[0], ...note };
}

function expectConsistent(records: readonly Metadata[]): void {
  const first = physicsOf(records[0]);
  for (const [index, record] of records.entries()) {
    const other = physicsOf(record);
    for (const key of PHYSICS_KEYS)
      if (key in first && key in other && first[key] !== other[key])
        throw new PtychoError(
          "DataError",
          `Inconsistent ${key} in metadata ${index}: ${other[key]} vs ${first[key]}; merge data sets of one kind, or give preserve_first`,
        );
  }
}

function physicsOf(metadata: Metadata | undefined): Readonly<Record<string, unknown>> {
  const physics = metadata?.physics_parameters;
  return typeof physics === "object" && physics !== null ? (physics as Record<string, unknown>) : {};
}
