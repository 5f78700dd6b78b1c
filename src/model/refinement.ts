// The shared decoder's residual block: three 3x3 convolutions over widened channels, added to the argument.
import { add, relu } from "../compute/build-elementwise.js";
import { conv3x3, type Layer } from "./layer.js";

export function refinement(name: string, channels: number, expansion: number): Layer {
  const wide = channels * expansion;
  const widen = conv3x3(`${name}.block.0`, channels, wide);
  const mix = conv3x3(`${name}.block.2`, wide, wide);
  const narrow = conv3x3(`${name}.block.4`, wide, channels);
  return {
    state: [widen, mix, narrow].flatMap((layer) => layer.state),
    apply: (x, context) => {
      const mixed = relu(mix.apply(relu(widen.apply(x, context)), context));
      return relu(add(x, narrow.apply(mixed, context)));
    },
  };
}
