// Which axis of a 3-D pattern stack counts the patterns: (n, H, W), or the older (H, W, n).

import { check } from "../core/errors.js";

export type AxisOrder = "NHW" | "HWN";

/**
 * The axis order of a stack, by a fixed rule: (1) the one order that has square patterns; (2) else the one whose
 * pattern axis has as many entries as there are positions; (3) else the one with fewer patterns than positions;
 * (4) else HWN only if its pattern axis is the longest.
 *
 * @throws PtychoError DataError if the stack is not 3-D, or all three axes are equal so that nothing decides.
 */
export function detectAxisOrder(where: string, shape: readonly number[], positions: number): AxisOrder {
  check(
    shape.length === 3,
    "DataError",
    () =>
      `${where}: diffraction must be 3-D (n, H, W) or legacy (H, W, n), got shape [${shape.join(", ")}]; ` +
      `remove extra axes`,
  );
  const [a, b, c] = shape;
  check(
    a !== b || b !== c,
    "DataError",
    () =>
      `${where}: diffraction shape [${shape.join(", ")}] fits both (n, H, W) and (H, W, n); ` +
      `state which with the axis order NHW or HWN (--axis-order)`,
  );
  if ((b === c) !== (a === b)) return a === b ? "HWN" : "NHW";
  if ((a === positions) !== (c === positions)) return c === positions ? "HWN" : "NHW";
  if (a < positions !== c < positions) return c < positions ? "HWN" : "NHW";
  return c > Math.max(a, b) ? "HWN" : "NHW";
}

/** Moves the last axis of [H, W, n] first. */
export function toPatternsFirst(
  data: Float32Array,
  [height, width, n]: readonly number[],
): { readonly shape: readonly number[]; readonly data: Float32Array } {
  const pixels = height * width;
  const moved = new Float32Array(data.length);
  for (let p = 0; p < pixels; p++) for (let i = 0; i < n; i++) moved[i * pixels + p] = data[p * n + i];
  return { shape: [n, height, width], data: moved };
}
