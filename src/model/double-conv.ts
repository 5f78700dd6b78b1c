// The unit of encoder and decoder: two 3x3 convolutions, each with optional batch normalisation and ReLU.
import { relu } from "../compute/build-elementwise.js";
import { batchNormState, convNorm } from "./batch-norm.js";
import { conv3x3State, type Layer } from "./layer.js";

export function doubleConv(name: string, inputs: number, outputs: number, normalise: boolean): Layer {
  const stages = [1, 2].map((stage) => ({
    conv: `${name}.conv${stage}`,
    norm: normalise ? `${name}.bn${stage}` : undefined,
  }));
  return {
    state: [
      ...stages.flatMap(({ conv }, i) => conv3x3State(conv, i === 0 ? inputs : outputs, outputs)),
      ...stages.flatMap(({ norm }) => batchNormState(norm, outputs)),
    ],
    apply: (x, context) =>
      stages.reduce((value, { conv, norm }) => {
        const weight = context.parameter(`${conv}.weight`);
        return relu(convNorm(value, { weight, bias: context.parameter(`${conv}.bias`), norm }, context));
      }, x),
  };
}
