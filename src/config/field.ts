// What one row of the field table says, and the types that follow from it.

/** The commands that take a configuration. */
export type Surface = "train" | "infer" | "reconstruct";

export const SECTIONS = ["model", "data", "training", "inference", "engine", "execution"] as const;
export type Section = (typeof SECTIONS)[number];

export type FieldValue = number | boolean | string | null;

/** Another name of a field. */
export interface Alias {
  readonly name: string;
  /** Why the name should not be used any more; warned once when it is given. */
  readonly deprecated?: string;
  /** Gives way, with a warning, when the field is also given by its own name; otherwise two values are a contradiction. */
  readonly yields?: true;
  /** Not offered on these surfaces. */
  readonly only?: readonly Surface[];
}

/** A value that is known by name and cannot be had here. */
export interface Refusal {
  readonly tag: "UsageError" | "EngineError";
  /** Why, and what to do instead. */
  readonly reason: string;
}

interface Row {
  readonly surfaces: readonly Surface[];
  readonly help: string;
  /** Help of `infer` where it differs. */
  readonly inferHelp?: string;
  /** `null` where the field must be given (or, on a surface of `nullOn`, may stay open). */
  readonly default: FieldValue;
  /** Default of `infer` where it differs. */
  readonly inferDefault?: FieldValue;
  /** Default of `reconstruct` where it differs. */
  readonly reconstructDefault?: FieldValue;
  /** Surfaces on which null ("none" on the command line) is a value. */
  readonly nullOn?: readonly Surface[];
  readonly unit?: string;
  readonly aliases?: readonly Alias[];
  /** Key in the original's legacy record; absent for fields which that record does not have. */
  readonly legacy?: string;
  /** Values known by name and refused, with the reason. */
  readonly refused?: Readonly<Record<string, Refusal>>;
  /** The field has an effect only where each of these fields has one of these values. */
  readonly effectWhen?: Readonly<Record<string, readonly FieldValue[]>>;
}

export interface NumberField extends Row {
  readonly type: "int" | "float";
  readonly min?: number;
  readonly max?: number;
  /** The value must be greater than this. */
  readonly above?: number;
  readonly values?: readonly number[];
  readonly rule?: "power of 2" | "odd";
  /** A number of MiB that may also be written with its unit: 512M, 1.5G, 2 GiB. */
  readonly sizes?: true;
}

export interface BoolField extends Row {
  readonly type: "bool";
  /** A third value beside true and false. */
  readonly also?: string;
}

/** Whole numbers, held as their text ("0,5,9") so that values can be compared as the others; read with `indicesOf`. */
export interface IntsField extends Row {
  readonly type: "ints";
  readonly min: number;
}

export interface EnumField extends Row {
  readonly type: "enum";
  readonly values: readonly string[];
  /** Other spellings of values. */
  readonly spellings?: Readonly<Record<string, string>>;
}

export interface PathField extends Row {
  readonly type: "path";
  /** The value of the option when it is given without one. */
  readonly bare?: string;
  /** Words that mean something else than a path. */
  readonly words?: readonly string[];
}

export type Field = NumberField | BoolField | EnumField | PathField | IntsField;

/** A setting of the original that has one value here. */
export interface FixedField {
  readonly surfaces: readonly Surface[];
  readonly only: FieldValue;
  /** Another word for it. */
  readonly also?: FieldValue;
  /** Why there is no other, and what to do instead. */
  readonly reason: string;
}

export type FieldTable = Readonly<Record<string, Field>>;

type Raw<F> = F extends { type: "int" | "float" }
  ? number
  : F extends { type: "bool" }
    ? boolean | (F extends { also: infer V } ? V : never)
    : F extends { type: "enum"; values: readonly (infer V)[] }
      ? V
      : string;

type ValueOn<F, S extends Surface> = F extends { nullOn: readonly (infer O)[] }
  ? S extends O
    ? Raw<F> | null
    : Raw<F>
  : Raw<F>;

/** The record of values which the fields of table `T` take on surface `S`. */
export type ValuesOf<T, S extends Surface> = {
  readonly [K in keyof T as T[K] extends { surfaces: readonly (infer O)[] }
    ? S extends O
      ? K
      : never
    : never]: ValueOn<T[K], S>;
};

export const TRAIN = ["train"] as const;
export const INFER = ["infer"] as const;
export const BOTH = ["train", "infer"] as const;
export const RECONSTRUCT = ["reconstruct"] as const;
export const ALL = ["train", "infer", "reconstruct"] as const;
