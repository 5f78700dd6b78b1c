// Shape checks at public doors, with the axes named.
import { PtychoError } from "./errors.js";

/**
 * Checks `shape` against a pattern of axis names and numbers, such as "B C P N N" or "n 2". A name that occurs twice
 * must have the same extent; `known` fixes names beforehand. Returns the extents by name.
 *
 * @throws PtychoError ShapeError, naming `where` and the axes.
 */
export function expectShape(
  where: string,
  shape: readonly number[],
  pattern: string,
  known: Readonly<Record<string, number>> = {},
): Record<string, number> {
  const axes = pattern.split(" ").filter((axis) => axis !== "");
  const extents: Record<string, number> = { ...known };
  let matches = axes.length === shape.length;
  for (let i = 0; matches && i < axes.length; i++) {
    const axis = axes[i];
    const fixed = /^\d+$/.test(axis) ? Number(axis) : extents[axis];
    if (fixed === undefined) extents[axis] = shape[i];
    else matches = fixed === shape[i];
  }
  if (matches) return extents;
  const named = Object.entries(known).map(([axis, extent]) => `${axis}=${extent}`);
  const suffix = named.length > 0 ? ` with ${named.join(", ")}` : "";
  throw new PtychoError(
    "ShapeError",
    `${where}: expected shape [${axes.join(", ")}]${suffix}, got [${shape.join(", ")}]`,
  );
}
