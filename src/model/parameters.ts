// What a network's parameters are called, how large they are, how they start, and how they lie in one flat vector.
import { reshape, sliceAxis } from "../compute/build-shape.js";
import type { Expr } from "../compute/expr.js";
import { check } from "../core/errors.js";
import { float32, type NdArray, sizeOf } from "../core/ndarray.js";

/** The layers whose weights the schemes tell apart. */
export type LayerKind = "conv2d" | "conv1d" | "linear";

export type Initialiser =
  | {
      readonly kind: "weight";
      readonly layer: LayerKind;
      /** Input values that one output value sums: input channels times kernel area. */
      readonly fanIn: number;
      /** Output values that one input value reaches: output channels times kernel area. */
      readonly fanOut: number;
    }
  | { readonly kind: "bias"; readonly layer: LayerKind; readonly fanIn: number }
  | { readonly kind: "uniform"; readonly low: number; readonly high: number }
  | { readonly kind: "constant"; readonly value: number };

export interface ParameterSpec {
  /** Key in the PyTorch state_dict. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly initial: Initialiser;
}

export interface LayoutEntry {
  readonly name: string;
  readonly shape: readonly number[];
  /** First element in the flat vector. */
  readonly offset: number;
  readonly size: number;
}

/** Where every parameter lies in one flat float32 vector, in the order of the specs. */
export interface ParameterLayout {
  readonly entries: readonly LayoutEntry[];
  readonly size: number;
}

export function layoutOf(specs: readonly Pick<ParameterSpec, "name" | "shape">[]): ParameterLayout {
  const entries: LayoutEntry[] = [];
  let offset = 0;
  for (const { name, shape } of specs) {
    const size = sizeOf(shape);
    entries.push({ name, shape, offset, size });
    offset += size;
  }
  return { entries, size: offset };
}

/**
 * Copies named arrays into the flat vector. Names outside the layout (a state_dict's buffers) are left alone.
 * Throws ArtefactError where a parameter is missing or has another shape.
 */
export function packParameters(
  layout: ParameterLayout,
  arrays: Readonly<Record<string, NdArray>>,
): Float32Array {
  const flat = new Float32Array(layout.size);
  for (const { name, shape, offset } of layout.entries) {
    const array = arrays[name];
    check(array !== undefined, "ArtefactError", () => `parameter '${name}' is missing; expected [${shape}]`);
    check(
      array.shape.length === shape.length && array.shape.every((extent, i) => extent === shape[i]),
      "ArtefactError",
      () =>
        `parameter '${name}': expected [${shape}], got [${array.shape}]; the weights belong to another network`,
    );
    check(
      array.dtype === "float32" || array.dtype === "float64",
      "ArtefactError",
      () => `parameter '${name}': expected floating values, got ${array.dtype}`,
    );
    flat.set(array.data as Float32Array | Float64Array, offset);
  }
  return flat;
}

/** Named copies of the parts of a flat vector. */
export function unpackParameters(
  layout: ParameterLayout,
  flat: Float32Array,
): Record<string, NdArray<"float32">> {
  check(
    flat.length === layout.size,
    "ShapeError",
    () => `flat parameters: expected ${layout.size} values, got ${flat.length}`,
  );
  const arrays: Record<string, NdArray<"float32">> = {};
  for (const { name, shape, offset, size } of layout.entries) {
    arrays[name] = float32(shape, flat.slice(offset, offset + size));
  }
  return arrays;
}

/** Named views of a flat vector expression [layout.size]. */
export function parameterExprs(layout: ParameterLayout, flat: Expr): Record<string, Expr> {
  check(
    flat.shape.length === 1 && flat.shape[0] === layout.size,
    "ShapeError",
    () => `flat parameters: expected [${layout.size}], got [${flat.shape}]`,
  );
  const named: Record<string, Expr> = {};
  for (const { name, shape, offset, size } of layout.entries) {
    named[name] = reshape(sliceAxis(flat, 0, offset, offset + size), shape);
  }
  return named;
}
