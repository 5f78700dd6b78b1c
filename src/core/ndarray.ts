// Arrays as data: { dtype, shape, data }, row-major. A complex array is a pair of real arrays.

export interface TypedArrays {
  readonly float32: Float32Array;
  readonly float64: Float64Array;
  readonly int8: Int8Array;
  readonly int16: Int16Array;
  readonly int32: Int32Array;
  readonly int64: BigInt64Array;
  readonly uint8: Uint8Array;
  readonly uint16: Uint16Array;
  readonly uint32: Uint32Array;
  readonly uint64: BigUint64Array;
  readonly bool: Uint8Array;
}

export type DType = keyof TypedArrays;

/** A row-major array of one element type. `data.length` is the product of `shape`. */
export interface NdArray<D extends DType = DType> {
  readonly dtype: D;
  readonly shape: readonly number[];
  readonly data: TypedArrays[D];
}

/** A row-major complex array, real and imaginary parts apart. */
export interface ComplexArray<D extends "float32" | "float64" = "float32"> {
  readonly dtype: D extends "float32" ? "complex64" : "complex128";
  readonly shape: readonly number[];
  readonly re: TypedArrays[D];
  readonly im: TypedArrays[D];
}

/** Number of elements of a shape; 1 for a 0-d array. */
export function sizeOf(shape: readonly number[]): number {
  let size = 1;
  for (const extent of shape) size *= extent;
  return size;
}

/** Row-major strides of a shape, in elements. */
export function stridesOf(shape: readonly number[]): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis];
  }
  return strides;
}

export function float32(
  shape: readonly number[],
  data?: Float32Array | readonly number[],
): NdArray<"float32"> {
  return { dtype: "float32", shape, data: toTyped(Float32Array, shape, data) };
}

export function float64(
  shape: readonly number[],
  data?: Float64Array | readonly number[],
): NdArray<"float64"> {
  return { dtype: "float64", shape, data: toTyped(Float64Array, shape, data) };
}

export function int32(shape: readonly number[], data?: Int32Array | readonly number[]): NdArray<"int32"> {
  return { dtype: "int32", shape, data: toTyped(Int32Array, shape, data) };
}

/** A mask: 0 or 1 per element. */
export function bool(shape: readonly number[], data?: Uint8Array | readonly number[]): NdArray<"bool"> {
  return { dtype: "bool", shape, data: toTyped(Uint8Array, shape, data) };
}

export function complex64(shape: readonly number[], re?: Float32Array, im?: Float32Array): ComplexArray {
  return {
    dtype: "complex64",
    shape,
    re: toTyped(Float32Array, shape, re),
    im: toTyped(Float32Array, shape, im),
  };
}

export function isComplex(array: NdArray | ComplexArray<"float32" | "float64">): array is ComplexArray {
  return "re" in array;
}

function toTyped<T extends { length: number }>(
  type: { new (length: number): T; from(values: readonly number[]): T },
  shape: readonly number[],
  data: T | readonly number[] | undefined,
): T {
  const size = sizeOf(shape);
  if (data === undefined) return new type(size);
  if (data.length !== size)
    throw new RangeError(`array of shape [${shape}] needs ${size} values, got ${data.length}`);
  return Array.isArray(data) ? type.from(data) : (data as T);
}
