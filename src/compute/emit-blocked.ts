// Convolutions in ONNX Runtime's blocked image layout, [B, C / block, H, W, block] (domain com.microsoft.nchwc).
// ONNX Runtime chooses it by itself only for kernels that are constant; in training they are not. It is a third faster
// than the plain convolution, and elementwise ops can follow in the same layout.
import type { Emitter } from "./rule.js";

export const BLOCKED_DOMAIN = "com.microsoft.nchwc";

/** Plain names and extents: x [B, inputs, H, W], bias [outputs]. */
export interface BlockedConvolution {
  readonly x: string;
  readonly inputs: number;
  readonly outputs: number;
  readonly bias?: string | undefined;
  /** [outputs, inputs, kh, kw], or for an adjoint the convolution's own weight, [inputs, outputs, kh, kw]. */
  readonly weight: string;
  readonly adjoint: boolean;
  readonly kernel: readonly [number, number];
  readonly pads: readonly number[];
}

/** Whether a convolution of an image [B, C, H, W] to `outputs` channels can and should be blocked. */
export function canBlock({ blockSize }: Emitter, image: readonly number[], outputs: number): boolean {
  const [, inputs, height, width] = image;
  if (blockSize === undefined || height * width === 1) return false;
  // Missing output channels are filled up with zeros; fewer input channels than a block are read from the plain image.
  return inputs % blockSize === 0 || (inputs < blockSize && outputs % blockSize === 0);
}

/** Plain name of the result [B, outputs, H', W']; later blocked ops read its blocked form. */
export function emitBlockedConvolution(emitter: Emitter, convolution: BlockedConvolution): string {
  const { x, inputs, outputs, bias, kernel, pads } = convolution;
  const block = emitter.blockSize as number;
  const filled = Math.ceil(outputs / block) * block;
  const image = inputs % block === 0 ? emitter.blocked(x) : x;
  const ordered = convolution.adjoint
    ? turnedKernel(emitter, convolution, filled)
    : directKernel(emitter, convolution, filled);
  const operands = [image, emitter.node("Reshape", [ordered, emitter.integers([filled, inputs, ...kernel])])];
  if (bias !== undefined) operands.push(fill(emitter, bias, [filled - outputs]));
  return emitter.fromBlocked(emitter.node("Conv", operands, { pads }, BLOCKED_DOMAIN), outputs);
}

/**
 * [O, I, taps] -> [O / block, I / block, taps, block of I, block of O]; for a plain image [O / block, I, taps, block].
 * In two moves, each of a fast kind. The Gather between them changes nothing; without it ONNX Runtime would merge them
 * into one move of single elements, which takes three times as long.
 */
function directKernel(emitter: Emitter, convolution: BlockedConvolution, outputs: number): string {
  const { weight, inputs, kernel } = convolution;
  const block = emitter.blockSize as number;
  const taps = kernel[0] * kernel[1];
  const filled = fill(emitter, weight, [outputs - convolution.outputs, 0, 0, 0]);
  const rows = emitter.node("Reshape", [filled, emitter.integers([outputs / block, block, inputs * taps])]);
  const last = emitter.node("Transpose", [rows], { perm: [0, 2, 1] });
  if (inputs % block !== 0) return last;
  const byTap = emitter.node("Reshape", [last, emitter.integers([(outputs / block) * inputs, taps, block])]);
  const same = emitter.node("Gather", [byTap, order(emitter, taps, 1)], { axis: 1 });
  const blocks = (outputs / block) * (inputs / block);
  const split = emitter.node("Reshape", [same, emitter.integers([blocks, block, taps, block])]);
  return emitter.node("Transpose", [split], { perm: [0, 2, 1, 3] });
}

/** The same of the kernel with its taps turned, from [I, O, taps]. */
function turnedKernel(emitter: Emitter, convolution: BlockedConvolution, outputs: number): string {
  const { weight, inputs, kernel } = convolution;
  const block = emitter.blockSize as number;
  const taps = kernel[0] * kernel[1];
  const filled = fill(emitter, weight, [0, outputs - convolution.outputs, 0, 0]);
  const flat = emitter.node("Reshape", [filled, emitter.integers([inputs, outputs, taps])]);
  const byTap = emitter.node("Transpose", [flat], { perm: [0, 2, 1] });
  const turned = emitter.node("Gather", [byTap, order(emitter, taps, -1)], { axis: 1 });
  const whole = inputs % block === 0;
  const groups = whole ? [inputs / block, block] : [1, inputs];
  const split = emitter.node("Reshape", [
    turned,
    emitter.integers([...groups, taps, outputs / block, block]),
  ]);
  return emitter.node("Transpose", [split], { perm: whole ? [3, 0, 2, 1, 4] : [3, 0, 1, 2, 4] });
}

function order(emitter: Emitter, taps: number, direction: 1 | -1): string {
  const forwards = Array.from({ length: taps }, (_, tap) => tap);
  return emitter.integers(direction === 1 ? forwards : forwards.reverse());
}

/** Zeros after the end of every axis. */
function fill(emitter: Emitter, x: string, after: readonly number[]): string {
  if (after.every((count) => count === 0)) return x;
  return emitter.node("Pad", [x, emitter.integers([...after.map(() => 0), ...after])]);
}
