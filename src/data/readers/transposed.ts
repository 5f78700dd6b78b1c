// Arrays that a column-major program (MATLAB, Fortran) stored: HDF5 shows their axes in the reverse order.
import { type ComplexArray, isComplex, type NdArray, sizeOf, stridesOf } from "../../core/ndarray.js";

/** The same array with its axes in the reverse order, row-major. */
export function reverseAxes<T extends NdArray | ComplexArray>(array: T): T {
  const shape = [...array.shape].reverse();
  const order = reversedOrder(array.shape);
  const moved = <V extends { [i: number]: unknown; slice(): V }>(source: V): V => {
    const target = source.slice();
    for (let to = 0; to < order.length; to++) target[to] = source[order[to]];
    return target;
  };
  // The parts keep their types; only their order changes.
  return isComplex(array)
    ? ({ ...array, shape, re: moved(array.re), im: moved(array.im) } as T)
    : ({ ...array, shape, data: moved(array.data as Float64Array) } as T);
}

/** For each place of the reversed array, the place in the stored one: the first stored axis varies fastest. */
function reversedOrder(stored: readonly number[]): Float64Array {
  const strides = stridesOf(stored);
  const index = new Array<number>(stored.length).fill(0);
  const order = new Float64Array(sizeOf(stored));
  for (let to = 0, from = 0; to < order.length; to++) {
    order[to] = from;
    for (let axis = 0; axis < stored.length; axis++) {
      from += strides[axis];
      if (++index[axis] < stored[axis]) break;
      from -= strides[axis] * stored[axis];
      index[axis] = 0;
    }
  }
  return order;
}
