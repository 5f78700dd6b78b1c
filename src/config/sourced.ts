// The audit of a configuration: every value with its source.
import type { FieldValue } from "./field.js";
import type { FieldName } from "./fields.js";

/** A value and where it comes from. */
export interface Sourced {
  readonly value: FieldValue;
  /** "default", "derived", "data file", "preset NAME", "profile NAME", or the source of an explicit layer. */
  readonly source: string;
  /** The name by which it was given, where it was. */
  readonly givenAs?: string;
}

export type Sources = Readonly<Partial<Record<FieldName, Sourced>>>;
