// Counts to amplitudes, for models and engines that are fitted to amplitudes.
import { float32 } from "../core/ndarray.js";
import { expectDomain, type RawData } from "./raw-data.js";

/**
 * The scan with amplitude = sqrt(counts) in place of every count [n, N, N]; all else, the probe too, stays as it is.
 *
 * @throws PtychoError DataError for a scan of amplitudes.
 */
export function toAmplitude(raw: RawData<"counts">): RawData<"amplitude"> {
  const { diffraction, ...rest } = expectDomain("toAmplitude", raw, "counts");
  const { shape, data } = diffraction.array;
  return { ...rest, diffraction: { domain: "amplitude", array: float32(shape, data.map(Math.sqrt)) } };
}
