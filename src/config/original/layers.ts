// Where each value of a payload comes from: explicit override -> execution config -> command line -> profile, the stronger
// first (contract D38). Names of one thing meet under one name; who lost is kept.
import { PtychoError } from "../../core/errors.js";
import { checkAnnotation, type DataClass, type Given, type Row, unknownField } from "./dataclass.js";

export type Source =
  | "override"
  | "execution config"
  | "command line"
  | "profile ci"
  | "data file"
  | "fallback"
  | "derived"
  | "PyTorch default"
  | "TensorFlow default"
  | "execution default";

/** The values of one source, by the names the caller used. */
export interface SourceLayer {
  readonly source: Source;
  readonly values: Given;
}

/** One value that was given. */
export interface GivenValue {
  readonly value: unknown;
  readonly source: Source;
  /** The name the caller used. */
  readonly name: string;
}

/** A value that stands, and those of weaker sources that do not. */
export interface Standing extends GivenValue {
  readonly overruled: readonly GivenValue[];
}

/** Other names of a field of the PyTorch classes, the weaker name first; `toOwn` turns a value into the field's. */
export const OTHER_NAMES: Readonly<
  Record<string, { readonly field: string; toOwn?(value: unknown): unknown }>
> = {
  max_epochs: { field: "epochs" },
  nepochs: { field: "epochs" },
  neighbor_count: { field: "K" },
  model_type: { field: "mode" },
  gridsize: { field: "grid_size", toOwn: (value) => [value, value] },
};

/** The field that a name stands for. */
export function fieldOf(name: string): string {
  return OTHER_NAMES[name]?.field ?? name;
}

/** Every given value under the name of its field; within one source a field's own name wins over its other names. */
export function standing(strongestFirst: readonly SourceLayer[]): ReadonlyMap<string, Standing> {
  const found = new Map<string, GivenValue[]>();
  for (const { source, values } of strongestFirst) {
    const names = Object.keys(values).filter((name) => values[name] !== undefined);
    const ownFirst = [
      ...names.filter((name) => fieldOf(name) === name),
      ...names.filter((name) => fieldOf(name) !== name),
    ];
    for (const name of ownFirst) {
      const { field, toOwn } = OTHER_NAMES[name] ?? { field: name };
      const value = toOwn === undefined ? values[name] : toOwn(values[name]);
      found.set(field, [...(found.get(field) ?? []), { value, source, name }]);
    }
  }
  return new Map([...found].map(([field, [first, ...overruled]]) => [field, { ...first, overruled }]));
}

/** The annotation of every name that may be given: fields of `classes` (the first that has one decides) and other names. */
export function namesOfClasses(classes: readonly DataClass[]): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const { fields } of classes)
    for (const [name, [annotation]] of Object.entries<Row>(fields))
      if (!names.has(name)) names.set(name, annotation);
  for (const [name, { field }] of Object.entries(OTHER_NAMES)) {
    const annotation = names.get(field);
    if (annotation !== undefined) names.set(name, name === "gridsize" ? "int" : annotation);
  }
  return names;
}

/**
 * @param unchecked names whose value has a check of its own, with its own words.
 * @param elsewhere names that cannot be given in this way, each with the reason.
 * @throws PtychoError UsageError for a name that is not known (with the nearest one) or a value of a wrong type.
 */
export function checkGiven(
  where: string,
  { values }: SourceLayer,
  known: ReadonlyMap<string, string>,
  unchecked: readonly string[],
  elsewhere: Given,
): void {
  for (const [name, value] of Object.entries(values)) {
    if (Object.hasOwn(elsewhere, name))
      throw new PtychoError("UsageError", `${where}: '${name}' ${elsewhere[name]}; leave it out here`);
    const annotation = known.get(name);
    if (annotation === undefined) throw unknownField(where, name, [...known.keys()]);
    if (value !== undefined && !unchecked.includes(name)) checkAnnotation(where, name, annotation, value);
  }
}

/** Refuses a given value that contradicts the one derived from others. */
export function expectDerived(where: string, given: ReadonlyMap<string, Standing>, derived: Given): void {
  for (const [name, value] of Object.entries(derived)) {
    const found = given.get(name);
    if (found === undefined || found.value === value) continue;
    throw new PtychoError(
      "UsageError",
      `${where}: ${name} is ${value}, made from the other values, and ${found.value} was given; leave ${name} out`,
    );
  }
}
