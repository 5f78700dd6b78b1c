// The probe in front of the object: its layout, the mask that confines it, and the illumination. The values of masks
// are data (data/probe-normalisation.ts).
import { mul } from "../compute/build-elementwise.js";
import { reshape } from "../compute/build-shape.js";
import type { Expr } from "../compute/expr.js";
import { check } from "../core/errors.js";
import { type ComplexExpr, insertAxis, mapParts, mulComplex } from "./complex.js";

/**
 * Checks the probe layout [B|1, C|1, P, N, N] against object patches [B, C, N, N]. A probe of lower rank would
 * broadcast into the mode axis and be summed there, a silent gain.
 *
 * @throws PtychoError ShapeError
 */
export function expectProbeLayout(
  where: string,
  probeShape: readonly number[],
  patchShape: readonly number[],
): void {
  const [batch, channels, height, width] = patchShape;
  const [b, c, , h, w] = probeShape;
  const fits =
    probeShape.length === 5 &&
    (b === 1 || b === batch) &&
    (c === 1 || c === channels) &&
    h === height &&
    w === width;
  check(fits, "ShapeError", () => {
    const wanted = `[${batch}|1, ${channels}|1, P, ${height}, ${width}]`;
    return `${where}: probe layout must be [B|1, C|1, P, N, N] = ${wanted}, got [${probeShape.join(", ")}]; reshape the probe and name its batch, channel and mode axes`;
  });
}

/**
 * Exit waves of object patches [B, C, N, N] under a probe [B|1, C|1, P, N, N] -> [B, C, P, N, N].
 * `mask` [N, N] multiplies every mode.
 */
export function illuminate(patches: ComplexExpr, probe: ComplexExpr, mask?: Expr): ComplexExpr {
  expectProbeLayout("illuminate", probe.re.shape, patches.re.shape);
  const confined = mask === undefined ? probe : maskedProbe(probe, mask);
  return mulComplex(
    mapParts(patches, (part) => insertAxis(part, 2)),
    confined,
  );
}

/** Probe [..., N, N] times mask [N, N]. */
export function maskedProbe(probe: ComplexExpr, mask: Expr): ComplexExpr {
  const leading = probe.re.shape.slice(0, -2).map(() => 1);
  return mapParts(probe, (part) => mul(part, reshape(mask, [...leading, ...mask.shape])));
}
