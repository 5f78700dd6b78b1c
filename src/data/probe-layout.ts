// The probe guess of a file as modes first: [P, N, N].

import { check, PtychoError } from "../core/errors.js";
import { type ComplexArray, complex64 } from "../core/ndarray.js";

/**
 * Accepts (N, N), (N, N, 1) and (P, N, N) with N the width of the patterns.
 *
 * @throws PtychoError DataError for another shape, a value that is not finite, or an all-zero probe.
 */
export function toProbeModes(
  where: string,
  shape: readonly number[],
  re: Float32Array,
  im: Float32Array,
  N: number,
): ComplexArray {
  const modes = countModes(shape, N);
  if (modes === undefined) {
    throw new PtychoError(
      "DataError",
      `${where}: probe: expected [N, N], [N, N, 1] or [P, N, N] with N=${N} to match diffraction, ` +
        `got [${shape.join(", ")}]; crop or pad it`,
    );
  }
  let energy = 0;
  for (let i = 0; i < re.length; i++) {
    check(
      Number.isFinite(re[i]) && Number.isFinite(im[i]),
      "DataError",
      () => `${where}: probe value ${i} is ${re[i]} + ${im[i]}i; expected finite numbers`,
    );
    energy += re[i] * re[i] + im[i] * im[i];
  }
  check(energy > 0, "DataError", () => `${where}: the probe is zero everywhere; give a probe guess`);
  return complex64([modes, N, N], re, im);
}

function countModes(shape: readonly number[], N: number): number | undefined {
  const text = shape.join(",");
  if (text === `${N},${N}` || text === `${N},${N},1`) return 1;
  return shape.length === 3 && shape[0] > 0 && shape[1] === N && shape[2] === N ? shape[0] : undefined;
}
