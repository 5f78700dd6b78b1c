// Layers -> one frozen configuration with the source of every value. Pure: opens no file, prints nothing.
import { PtychoError } from "../core/errors.js";
import { type FieldValue, SECTIONS, type Surface } from "./field.js";
import { type Config, defaultOf, type FieldName, fieldsOf, helpOf } from "./fields.js";
import { type Given, type Layer, readLayer } from "./layer.js";
import { CI_BUNDLE, presetOf } from "./presets.js";
import { checkProfile, checkScalePair, checkTogether, warningsFor } from "./rules.js";
import type { Sourced, Sources } from "./sourced.js";

export interface ConfigRequest {
  /** Name of a preset; below everything explicit. */
  readonly preset?: string | undefined;
  /** Name of a profile of the original: "ci". Its contract cannot be overridden. */
  readonly profile?: string | undefined;
  /** Explicit values, weakest first. */
  readonly layers: readonly Layer[];
  /** Leave fields that must be given open (null) instead of refusing: to look at a configuration, not to run it. */
  readonly open?: boolean | undefined;
}

export interface ResolvedConfig<S extends Surface = Surface> {
  readonly surface: S;
  /** The values by section. Frozen. */
  readonly config: Config<S>;
  /** The same values by field name, each with its source. Frozen. */
  readonly sources: Sources;
  /** What the user should know, one sentence each, in order. */
  readonly warnings: readonly string[];
}

/**
 * Resolves defaults <- preset <- profile <- explicit layers into one configuration.
 *
 * @throws PtychoError UsageError for unknown names, wrong values, missing fields and contradictions; EngineError for an
 *   accelerator that is not available.
 */
export function resolveConfig<S extends Surface>(surface: S, request: ConfigRequest): ResolvedConfig<S> {
  const warnings = new Set<string>();
  const explicit = request.layers.map((layer) => readLayer(surface, layer, (text) => warnings.add(text)));
  for (const given of explicit) checkScalePair(given);
  const layers = [...bundles(surface, request, explicit), ...explicit];
  const sources = merge(surface, layers);
  derive(sources);
  for (const { name, field } of fieldsOf(surface)) {
    if (request.open || sources[name]?.value !== null || field.nullOn?.includes(surface)) continue;
    const alias = surface === "infer" && name === "test_data_file" ? "test_data" : name;
    throw new PtychoError("UsageError", `--${alias} is required: ${helpOf(field, surface)}`);
  }
  checkTogether(surface, sources);
  for (const text of warningsFor(surface, sources)) warnings.add(text);
  return frozen(surface, sources, [...warnings]);
}

/** The frozen result for `sources`: sections filled in table order. */
export function frozen<S extends Surface>(
  surface: S,
  sources: Sources,
  warnings: readonly string[],
): ResolvedConfig<S> {
  const sections = Object.fromEntries(SECTIONS.map((section) => [section, {} as Record<string, FieldValue>]));
  for (const { name, section } of fieldsOf(surface)) sections[section][name] = sources[name]?.value ?? null;
  for (const section of SECTIONS) Object.freeze(sections[section]);
  for (const sourced of Object.values(sources)) Object.freeze(sourced);
  return Object.freeze({
    surface,
    config: Object.freeze(sections) as Config<S>, // filled from the same table that Config is made from
    sources: Object.freeze({ ...sources }),
    warnings: Object.freeze([...warnings]),
  });
}

function bundles(
  surface: Surface,
  { preset, profile }: ConfigRequest,
  explicit: readonly ReadonlyMap<FieldName, Given>[],
): ReadonlyMap<FieldName, Given>[] {
  const layers: ReadonlyMap<FieldName, Given>[] = [];
  for (const [option, name] of Object.entries({ preset, profile })) {
    if (name !== undefined && surface !== "train")
      throw new PtychoError(
        "UsageError",
        `--${option} belongs to train, not to ${surface}; the model archive carries what it was trained with`,
      );
  }
  if (preset !== undefined) layers.push(bundle(`preset ${preset}`, presetOf(preset).values));
  if (profile !== undefined) {
    checkProfile(profile, explicit);
    layers.push(bundle(`profile ${profile}`, CI_BUNDLE));
  }
  return layers;
}

function bundle(source: string, values: Readonly<Record<string, FieldValue>>): Map<FieldName, Given> {
  const layer = { source, values };
  return readLayer("train", layer, (text) => {
    throw new Error(`${source}: ${text}`); // a bundle of ours must not use deprecated names
  });
}

function merge(
  surface: Surface,
  layers: readonly ReadonlyMap<FieldName, Given>[],
): Partial<Record<FieldName, Sourced>> {
  const sources: Partial<Record<FieldName, Sourced>> = {};
  for (const { name, field } of fieldsOf(surface))
    sources[name] = { value: defaultOf(field, surface), source: "default" };
  for (const layer of layers)
    for (const [name, { value, source, givenAs }] of layer) sources[name] = { value, source, givenAs };
  return sources;
}

/** Fields whose value, when nobody gave one, follows from another field. */
function derive(sources: Partial<Record<FieldName, Sourced>>): void {
  if (sources.object_big?.source === "default" && sources.gridsize !== undefined)
    sources.object_big = { value: Number(sources.gridsize.value) > 1, source: "derived" };
  if (sources.physics_forward_mode?.value !== "amplitude") return;
  if (sources.scale_contract_version?.source !== "default") return;
  sources.scale_contract_version = { value: "legacy_v1", source: "derived" };
  sources.measurement_domain = { value: "normalized_amplitude", source: "derived" };
}
