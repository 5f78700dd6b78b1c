// Watches for the known failure in which the network answers every pattern with the same flat patch.
import { add, div, input, mul, sqrt, square, sub } from "../compute/build-elementwise.js";
import { mean, slice } from "../compute/build-shape.js";
import { type Placement, PROCESSOR } from "../compute/device.js";
import type { Expr } from "../compute/expr.js";
import { compile, type Executable } from "../compute/runtime.js";
import { PtychoError } from "../core/errors.js";
import type { NdArray } from "../core/ndarray.js";
import type { Network } from "../model/network.js";
import { type ParameterLayout, parameterExprs } from "../model/parameters.js";
import type { FitRequest, History } from "../training/fit.js";
import { patchesOf } from "../training/objective.js";
import { stateFeeds } from "../training/step.js";

/** Standard deviation over r.m.s. of the predicted object below which a patch shows nothing. */
const FLAT = 1e-3;
/** Epochs of a flat prediction, without a gain of a thousandth in the loss, that count as collapse. */
const PATIENCE = 10;

/**
 * An `inspect` for the training loop: predicts `diffraction` [B, C, N, N] (times `inputScale`) after every epoch, and
 * refuses to go on when the central half of all patches has been flat for ten epochs while the loss stood still.
 *
 * @throws PtychoError DivergenceError
 */
export function contrastInspector(
  network: Network,
  layout: ParameterLayout,
  diffraction: NdArray<"float32">,
  inputScale: number,
  placement: Placement = PROCESSOR,
): NonNullable<FitRequest["inspect"]> {
  let flatEpochs = 0;
  const contrast = contrastOf(network, layout, diffraction.shape[0], inputScale);
  let executable: Promise<Executable> | undefined;
  return async (state, history) => {
    executable ??= compile({ outputs: { contrast } }, placement);
    const results = await (await executable).run({ ...stateFeeds(state), diffraction });
    flatEpochs = Number(results.contrast.data[0]) < FLAT ? flatEpochs + 1 : 0;
    if (flatEpochs < PATIENCE || stillGaining(history)) return;
    throw new PtychoError(
      "DivergenceError",
      `training collapsed: for ${flatEpochs} epochs the network has answered every pattern with the same flat patch and ` +
        "the loss stands still; the checkpoints are kept. Start again with another --seed, a lower --learning_rate, " +
        "--torch_loss_mode mae or --no_cbam_encoder",
    );
  };
}

/** Standard deviation of the complex object over its r.m.s., in the central half of the patches of a batch; 0-d. */
function contrastOf(network: Network, layout: ParameterLayout, batch: number, inputScale: number): Expr {
  const { N, inputChannels } = network;
  const parameters = parameterExprs(layout, input("parameters", [layout.size]));
  const buffers = Object.fromEntries(
    network.buffers.map(({ name, shape }) => [name, input(`buffer.${name}`, shape)]),
  );
  const x = mul(input("diffraction", [batch, inputChannels, N, N]), inputScale);
  const { re, im } = patchesOf(network.apply(x, parameters, "eval", buffers));
  const centre = (plane: Expr): Expr =>
    slice(plane, [0, 0, N / 4, N / 4], [...plane.shape.slice(0, 2), (3 * N) / 4, (3 * N) / 4]);
  const [a, b] = [centre(re), centre(im)];
  const variance = add(mean(square(sub(a, mean(a)))), mean(square(sub(b, mean(b)))));
  const power = add(mean(square(a)), mean(square(b)));
  return div(sqrt(variance), add(sqrt(power), 1e-12));
}

function stillGaining(history: History): boolean {
  const metric = history.validationLoss ?? history.trainLoss;
  if (metric.length <= PATIENCE) return true;
  const before = metric[metric.length - 1 - PATIENCE];
  const now = Math.min(...metric.slice(-PATIENCE));
  return before - now > 1e-3 * Math.abs(before);
}
