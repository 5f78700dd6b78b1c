// Keeps a drawn network out of a known trap. The amplitude heads end in SiLU, whose negative branch has its lowest value,
// -0.28, at a point without slope. A head that happens to start negative is driven there by any loss that asks for more
// light, and stays: the flat collapse that half of all draws suffer. The weights are drawn symmetrically about zero, so the
// mirrored head is as likely a draw as the head itself.
import { input, mul } from "../compute/build-elementwise.js";
import { mean, slice, sum } from "../compute/build-shape.js";
import { type Placement, PROCESSOR } from "../compute/device.js";
import { compile } from "../compute/runtime.js";
import { float32, type NdArray } from "../core/ndarray.js";
import type { Network } from "../model/network.js";
import type { Weights } from "./training-task.js";

/** The last convolutions before the SiLU: of the centre of the patch, and of its border (with probe_big). */
const HEADS = { centre: "decoder_amp.amp.conv1", border: "decoder_amp.amp.conv2" } as const;

export interface BrightStart {
  readonly weights: Weights;
  /** Heads that were mirrored. */
  readonly mirrored: readonly string[];
}

/**
 * The weights with every amplitude head mirrored whose mean answer to `diffraction` [B, C, N, N] (times `inputScale`) is
 * negative. Networks without such heads (shared decoder, real and imaginary parts) are left alone.
 */
export async function brightStart(
  network: Network,
  drawn: Weights,
  diffraction: NdArray<"float32">,
  inputScale: number,
  placement: Placement = PROCESSOR,
): Promise<BrightStart> {
  if (drawn[`${HEADS.centre}.weight`] === undefined) return { weights: drawn, mirrored: [] };
  const { N } = network;
  const x = mul(input("diffraction", diffraction.shape), inputScale);
  const parameters = network.parameters.map(({ name, shape }) => [name, input(name, shape)] as const);
  const buffers = network.buffers.map(({ name, shape }) => [name, input(name, shape)] as const);
  const output = network.apply(x, Object.fromEntries(parameters), "eval", Object.fromEntries(buffers));
  if (output.kind !== "amp_phase") return { weights: drawn, mirrored: [] };
  const [batch, channels] = output.first.shape;
  const centre = slice(output.first, [0, 0, N / 4, N / 4], [batch, channels, (3 * N) / 4, (3 * N) / 4]);
  const light = { all: sum(mean(output.first, [2, 3])), centre: sum(mean(centre, [2, 3])) };
  const executable = await compile({ outputs: light }, placement);
  const results = await executable.run({ ...drawn, ...initialBuffers(network), diffraction });
  await executable.release();
  const [all, inner] = [Number(results.all.data[0]), Number(results.centre.data[0])];
  // The centre is a quarter of the pixels.
  const dark = { centre: inner < 0, border: 4 * all - inner < 0 };
  const heads = (["centre", "border"] as const).filter(
    (head) => dark[head] && drawn[`${HEADS[head]}.weight`] !== undefined,
  );
  const weights = { ...drawn };
  for (const head of heads)
    for (const name of [`${HEADS[head]}.weight`, `${HEADS[head]}.bias`])
      weights[name] = float32(
        drawn[name].shape,
        drawn[name].data.map((value) => -value),
      );
  return { weights, mirrored: heads };
}

/** The buffers of a network as they start. */
export function initialBuffers(network: Network): Weights {
  const filled = network.buffers.map(({ name, shape, initial }) => {
    const buffer = float32(shape);
    buffer.data.fill(initial);
    return [name, buffer] as const;
  });
  return Object.fromEntries(filled);
}
