// Diffraction to complex object patches with a trained network, compiled once and run batch by batch.
import { constant, input, mul } from "../compute/build-elementwise.js";
import type { Expr } from "../compute/expr.js";
import { compile, type RuntimeOptions } from "../compute/runtime.js";
import { check } from "../core/errors.js";
import { type ComplexArray, complex64, float32, type NdArray } from "../core/ndarray.js";
import { expectShape } from "../core/shape.js";
import type { Network } from "../model/network.js";
import { type ComplexExpr, polar } from "../physics/complex.js";

/** Names of the inputs and outputs of the prediction program, and so of `model.onnx` in an archive. */
export const PREDICTION_INPUTS = { diffraction: "diffraction", inputScale: "input_scale" } as const;
export const PREDICTION_OUTPUTS = { re: "object_re", im: "object_im" } as const;

export interface Predictor {
  readonly channels: number;
  readonly patchPx: number;
  /**
   * Complex patches [B, C, N, N] of diffraction [B, C, N, N]; `inputScale` multiplies the input, one number for all or one
   * per sample [B].
   */
  predict(diffraction: NdArray<"float32">, inputScale: number | Float32Array): Promise<ComplexArray>;
  release(): Promise<void>;
}

/**
 * The outputs of the prediction program for one batch of symbolic size: x = diffraction x scale through the network in
 * eval mode, its two planes combined to a complex patch.
 *
 * @param weights parameters and buffers by their specs' names.
 * @throws PtychoError ArtefactError when a weight is missing or has another shape.
 */
export function predictionOutputs(
  network: Network,
  weights: Readonly<Record<string, NdArray>>,
): Record<string, Expr> {
  const named = (specs: readonly { readonly name: string; readonly shape: readonly number[] }[]) =>
    Object.fromEntries(specs.map((spec) => [spec.name, weightConstant(spec.name, spec.shape, weights)]));
  const { N, inputChannels: C } = network;
  const x = mul(
    input(PREDICTION_INPUTS.diffraction, [1, C, N, N]),
    input(PREDICTION_INPUTS.inputScale, [1, 1, 1, 1]),
  );
  const planes = network.apply(x, named(network.parameters), "eval", named(network.buffers));
  const patches: ComplexExpr =
    planes.kind === "amp_phase"
      ? polar(planes.first, planes.second)
      : { re: planes.first, im: planes.second };
  return { [PREDICTION_OUTPUTS.re]: patches.re, [PREDICTION_OUTPUTS.im]: patches.im };
}

/** A predictor of `network` with `weights`. @throws PtychoError ArtefactError, EngineError. */
export async function openPredictor(
  network: Network,
  weights: Readonly<Record<string, NdArray>>,
  options: Pick<RuntimeOptions, "threads" | "device" | "repeatable"> = {},
): Promise<Predictor> {
  const program = { outputs: predictionOutputs(network, weights) };
  const executable = await compile(program, { ...options, batchAxis: "batch" });
  const { N: patchPx, inputChannels: channels } = network;
  const predict = async (
    diffraction: NdArray<"float32">,
    inputScale: number | Float32Array,
  ): Promise<ComplexArray> => {
    const { B } = expectShape("diffraction", diffraction.shape, "B C N N", { C: channels, N: patchPx });
    const scales = typeof inputScale === "number" ? new Float32Array(B).fill(inputScale) : inputScale;
    check(
      scales.length === B && scales.every(Number.isFinite),
      "DataError",
      () => `input scale: expected ${B} finite numbers, one per sample, got ${scales.length}: ${scales}`,
    );
    const outputs = await executable.run({
      [PREDICTION_INPUTS.diffraction]: diffraction,
      [PREDICTION_INPUTS.inputScale]: float32([B, 1, 1, 1], scales),
    });
    const re = outputs[PREDICTION_OUTPUTS.re];
    const im = outputs[PREDICTION_OUTPUTS.im];
    return complex64(re.shape, re.data as Float32Array, im.data as Float32Array);
  };
  return { channels, patchPx, predict, release: () => executable.release() };
}

function weightConstant(
  name: string,
  shape: readonly number[],
  weights: Readonly<Record<string, NdArray>>,
): Expr {
  const found = weights[name];
  check(
    found !== undefined && found.shape.join() === shape.join(),
    "ArtefactError",
    () =>
      `weight '${name}': expected shape [${shape}], got ${found === undefined ? "none" : `[${found.shape}]`}; ` +
      "the weights belong to another network",
  );
  return constant(float32(shape, Float32Array.from(found.data as ArrayLike<number | bigint>, Number)));
}
