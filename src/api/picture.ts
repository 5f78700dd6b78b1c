// A reconstruction that lies in a file, as arrays.
import { type ComplexArray, float32, type NdArray } from "../core/ndarray.js";
import { readReconstruction } from "../workflows/read-reconstruction.js";

/** A reconstructed object on its canvas, object pixels. */
export interface Reconstructed {
  /** Complex object [H, W]; 0 where no pattern reached. */
  readonly object: ComplexArray;
  /** |object| [H, W]. */
  readonly amplitude: NdArray<"float32">;
  /** Its phase [H, W], radians in (-pi, pi]. */
  readonly phase: NdArray<"float32">;
  /** Sum of the weights of the patterns [H, W]; 0 where none reached. */
  readonly coverage: NdArray<"float32">;
  /** (x, y) of pixel [0, 0] in the frame of the scan positions, pixels. */
  readonly originPx: readonly [number, number];
}

/**
 * The arrays of a `reconstruction.npz`, or of the folder that holds one.
 *
 * @throws PtychoError DataError when it is none.
 */
export function loadReconstruction(path: string): Reconstructed {
  const { object, coverage, originPx } = readReconstruction(path);
  const { shape, re, im } = object;
  return {
    object,
    amplitude: float32(
      shape,
      re.map((value, i) => Math.hypot(value, im[i])),
    ),
    phase: float32(
      shape,
      re.map((value, i) => Math.atan2(im[i], value)),
    ),
    coverage,
    originPx,
  };
}
