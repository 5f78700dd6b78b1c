// Sizes, crops and trims of square images: which pixels of a padded or merged image are kept.
import { check } from "../core/errors.js";
import { float32, type NdArray, sizeOf } from "../core/ndarray.js";

/** Keeps [d // 2, M - (d - d // 2)) of the last two axes of a float32 array [..., M, M], d = M - N. */
export function trimReconstruction(image: NdArray<"float32">, patchPx: number): NdArray<"float32"> {
  const side = sideOf(image);
  return cropSquare(image, Math.floor((side - patchPx) / 2), patchPx);
}

/** The central `targetPx` square of [..., H, H], starting at (H - target) // 2. */
export function centreCrop(image: NdArray<"float32">, targetPx: number): NdArray<"float32"> {
  return cropSquare(image, Math.floor((sideOf(image) - targetPx) / 2), targetPx);
}

/**
 * Keeps the central (N - 2 edgePad) // 2 square of [..., N, N] and sets the rest to zero; of an odd remainder the right
 * and the bottom get one pixel more.
 */
export function trimAndPadOutput(image: NdArray<"float32">, edgePadPx: number): NdArray<"float32"> {
  const side = sideOf(image);
  const inner = Math.floor((side - 2 * edgePadPx) / 2);
  check(
    inner > 0 && inner <= side,
    "UsageError",
    () => `edge_pad: ${edgePadPx} leaves ${inner} pixels of ${side}; expected at least one`,
  );
  const first = Math.floor((side - inner) / 2);
  return padSquare(cropSquare(image, first, inner), first, side);
}

/** Zero padding by H // 4 on every side of [..., H, H], so that the diffraction of the image is not aliased. */
export function padObject(image: NdArray<"float32">): NdArray<"float32"> {
  const margin = Math.floor(sideOf(image) / 4);
  return padSquare(image, margin, sideOf(image) + 2 * margin);
}

/** The square [first, first + size) of both last axes. */
function cropSquare(image: NdArray<"float32">, first: number, size: number): NdArray<"float32"> {
  const side = sideOf(image);
  check(
    first >= 0 && size > 0 && first + size <= side,
    "UsageError",
    () => `crop: the square of ${size} pixels does not fit into an image of ${side} pixels`,
  );
  return moveSquare(image, size, first, 0, size);
}

/** The image in a zero canvas of `size`, beginning at `first`. */
function padSquare(image: NdArray<"float32">, first: number, size: number): NdArray<"float32"> {
  return moveSquare(image, size, 0, first, sideOf(image));
}

function moveSquare(
  image: NdArray<"float32">,
  size: number,
  from: number,
  to: number,
  length: number,
): NdArray<"float32"> {
  const side = sideOf(image);
  const leading = image.shape.slice(0, -2);
  const out = float32([...leading, size, size]);
  for (let k = 0; k < sizeOf(leading); k++)
    for (let r = 0; r < length; r++) {
      const source = (k * side + from + r) * side + from;
      out.data.set(image.data.subarray(source, source + length), (k * size + to + r) * size + to);
    }
  return out;
}

function sideOf(image: NdArray): number {
  const [height, width] = image.shape.slice(-2);
  check(
    image.shape.length >= 2 && height === width,
    "ShapeError",
    () => `image: expected square last axes, got [${image.shape.join(", ")}]`,
  );
  return height;
}
