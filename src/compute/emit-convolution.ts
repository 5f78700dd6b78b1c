// How a convolution and its two adjoints are written for ONNX Runtime. Figures: bench/BASELINE.md.
import { canBlock, emitBlockedConvolution } from "./emit-blocked.js";
import type { Expr } from "./expr.js";
import type { Emitter, OnnxAttributes } from "./rule.js";

export function emitConvolution(
  emitter: Emitter,
  node: Expr<"conv2d">,
  [x, weight, bias]: readonly string[],
): string {
  const [outputs, inputs, kh, kw] = node.inputs[1].shape;
  const [rows, columns] = node.attributes.pad;
  const pads = [rows, columns, rows, columns];
  // ONNX Runtime blocks constant kernels by itself, at load time.
  const constant = node.inputs[1].op === "constant";
  if (!constant && canBlock(emitter, node.inputs[0].shape, outputs)) {
    const kernel = [kh, kw] as const;
    return emitBlockedConvolution(emitter, {
      x,
      inputs,
      outputs,
      bias,
      weight,
      adjoint: false,
      kernel,
      pads,
    });
  }
  return convolve(emitter, { x, kernel: weight, channels: inputs, bias }, { pads });
}

interface Convolved {
  /** [B, C, H, W]. */
  readonly x: string;
  /** [O, C / groups, kh, kw]. */
  readonly kernel: string;
  /** C / groups. */
  readonly channels: number;
  readonly bias?: string | undefined;
}

/**
 * A plain Conv node. WebGPU's reads the image in threes where it has 6, 9, 15 ... channels, and gives wrong numbers for it
 * (onnxruntime#29651; half of the norm was measured for 6): there it gets further channels of zeros.
 */
function convolve(
  emitter: Emitter,
  { x, kernel, channels, bias }: Convolved,
  attributes: OnnxAttributes,
): string {
  const inThrees = emitter.device === "webgpu" && channels % 3 === 0 && channels % 4 !== 0;
  const filled = (name: string) =>
    inThrees
      ? emitter.node("Pad", [name, emitter.integers([0, 0, 0, 0, 0, 4 - (channels % 4), 0, 0])])
      : name;
  const operands = [filled(x), filled(kernel), ...(bias === undefined ? [] : [bias])];
  return emitter.node("Conv", operands, attributes);
}

/**
 * Adjoint of a stride-1 correlation with respect to its input: the correlation with the turned kernel, whose channels
 * are exchanged. (ConvTranspose computes the same at about half the speed.)
 */
export function emitInputGradient(
  emitter: Emitter,
  node: Expr<"conv2dInputGradient">,
  [upstream, weight]: readonly string[],
): string {
  const [outputs, inputs, kh, kw] = node.inputs[1].shape;
  const [rows, columns] = node.attributes.pad;
  const [top, left] = [kh - 1 - rows, kw - 1 - columns];
  const pads = [top, left, top, left];
  if (canBlock(emitter, node.inputs[0].shape, inputs)) {
    const sizes = { inputs: outputs, outputs: inputs, kernel: [kh, kw], pads } as const;
    return emitBlockedConvolution(emitter, { x: upstream, weight, adjoint: true, ...sizes });
  }
  const turned = turnTaps(emitter, weight, [outputs, inputs, kh * kw], 2);
  const exchanged = emitter.node("Transpose", [turned], { perm: [1, 0, 2] });
  const kernel = emitter.node("Reshape", [exchanged, emitter.integers([inputs, outputs, kh, kw])]);
  return convolve(emitter, { x: upstream, kernel, channels: outputs }, { pads });
}

/** From this many pixels on, the weight gradient is summed over the batch after the products, not in them. */
const GROUPED_PIXELS = 1024;

/**
 * dW[o, i, u, v] = sum over b, r, c of g[b, o, r, c] x[b, i, r + u - pad0, c + v - pad1].
 *
 * That is one correlation of the image that has a row for each row of x and, in the row, all channels of each pixel, by
 * kernels g dilated to the channel count; its output has kw I columns. ONNX Runtime multiplies it as a matrix product of
 * panels that it gathers in the cache, twice as fast as shifted copies followed by matrix products. The operand with
 * more channels is made the kernel (the rows of the product); when that is x, the taps come out turned. Large images
 * stay apart as groups of one sample, whose kernels need no transposed copy.
 */
export function emitWeightGradient(
  emitter: Emitter,
  node: Expr<"conv2dWeightGradient">,
  [x, upstream]: readonly string[],
): string {
  const [outputs, inputs, kh, kw] = node.shape;
  const taps = kh * kw;
  const [rows, columns] = node.attributes.pad;
  if (inputs <= outputs) {
    const image = { name: x, shape: node.inputs[0].shape, pad: [rows, columns] } as const;
    const flat = correlateSamples(emitter, image, { name: upstream, shape: node.inputs[1].shape });
    const split = emitter.node("Reshape", [flat, emitter.integers([outputs, taps, inputs])]);
    const ordered = emitter.node("Transpose", [split], { perm: [0, 2, 1] });
    return emitter.node("Reshape", [ordered, emitter.integers(node.shape)]);
  }
  const pad = [kh - 1 - rows, kw - 1 - columns] as const;
  const image = { name: upstream, shape: node.inputs[1].shape, pad };
  const flat = correlateSamples(emitter, image, { name: x, shape: node.inputs[0].shape });
  const turned = turnTaps(emitter, flat, [inputs, taps, outputs], 1);
  const ordered = emitter.node("Transpose", [turned], { perm: [2, 0, 1] });
  return emitter.node("Reshape", [ordered, emitter.integers(node.shape)]);
}

interface Image {
  readonly name: string;
  /** [B, C, H, W]. */
  readonly shape: readonly number[];
}

/** Correlations of every channel of the image with every channel of `kernels`, summed over the batch: [K, taps, C]. */
function correlateSamples(
  emitter: Emitter,
  image: Image & { readonly pad: readonly [number, number] },
  kernels: Image,
): string {
  const [batch, channels, height, width] = image.shape;
  const [, count, kh, kw] = kernels.shape;
  const grouped = kh * kw >= GROUPED_PIXELS;
  const rowsOfPixels = emitter.node("Reshape", [
    emitter.channelsLast(image.name, channels),
    emitter.integers([1, batch, height, width * channels]),
  ]);
  const kernel = grouped
    ? emitter.node("Reshape", [kernels.name, emitter.integers([batch * count, 1, kh, kw])])
    : emitter.node("Transpose", [kernels.name], { perm: [1, 0, 2, 3] });
  const [top, left] = [image.pad[0], image.pad[1] * channels];
  const products = convolve(
    emitter,
    { x: rowsOfPixels, kernel, channels: grouped ? 1 : batch },
    { dilations: [1, channels], pads: [top, left, top, left], group: grouped ? batch : 1 },
  );
  if (!grouped) return products;
  const apart = emitter.node("Reshape", [products, emitter.integers([batch, -1])]);
  return emitter.node("ReduceSum", [apart, emitter.integers([0])], { keepdims: 0 });
}

/** Reverses the order of the taps, which are one axis of `shape`. */
function turnTaps(emitter: Emitter, kernel: string, shape: readonly number[], axis: number): string {
  const taps = shape[axis];
  const flat = emitter.node("Reshape", [kernel, emitter.integers(shape)]);
  if (taps === 1) return flat;
  const backwards = emitter.integers(Array.from({ length: taps }, (_, tap) => taps - 1 - tap));
  return emitter.node("Gather", [flat, backwards], { axis });
}
