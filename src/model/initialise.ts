// How parameters start. One seed gives one set of weights on every machine.
import { float32, type NdArray, sizeOf } from "../core/ndarray.js";
import { pcg64Random } from "../numeric/random-pcg64.js";
import type { Initialiser, ParameterSpec } from "./parameters.js";

/**
 * `default`: weights and biases uniform in +-1/sqrt(fanIn), which is PyTorch's kaiming_uniform with a = sqrt(5).
 * `tf_glorot`: 2-d convolutions get weights uniform in +-sqrt(6 / (fanIn + fanOut)) (Glorot & Bengio 2010) and zero
 * biases; all other layers start as in `default`.
 */
export type InitialisationScheme = "default" | "tf_glorot";

/** Draws every parameter from one PCG64 stream, in the order of `specs`. */
export function initialParameters(
  specs: readonly ParameterSpec[],
  seed: number | bigint,
  scheme: InitialisationScheme = "default",
): Record<string, NdArray<"float32">> {
  const random = pcg64Random(seed);
  const parameters: Record<string, NdArray<"float32">> = {};
  for (const { name, shape, initial } of specs) {
    const [low, high] = initialRange(initial, scheme);
    const values =
      low === high
        ? new Float32Array(sizeOf(shape)).fill(low)
        : Float32Array.from(random.uniform(low, high, sizeOf(shape)));
    parameters[name] = float32(shape, values);
  }
  return parameters;
}

/** The bounds of the uniform distribution; equal bounds mean a constant. */
function initialRange(initial: Initialiser, scheme: InitialisationScheme): [number, number] {
  switch (initial.kind) {
    case "constant":
      return [initial.value, initial.value];
    case "uniform":
      return [initial.low, initial.high];
    case "bias":
      return scheme === "tf_glorot" && initial.layer === "conv2d" ? [0, 0] : fanInRange(initial.fanIn);
    case "weight":
      return scheme === "tf_glorot" && initial.layer === "conv2d"
        ? symmetric(Math.sqrt(6 / (initial.fanIn + initial.fanOut)))
        : fanInRange(initial.fanIn);
  }
}

const fanInRange = (fanIn: number): [number, number] =>
  fanIn === 0 ? [0, 0] : symmetric(1 / Math.sqrt(fanIn));

const symmetric = (bound: number): [number, number] => [-bound, bound];
