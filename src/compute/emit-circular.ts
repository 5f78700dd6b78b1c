// Sine and cosine for WebGPU, whose own need be no better than 2^-11 (WGSL, accuracy of built-in functions; 2e-4 was
// measured), in operators that round correctly: reduced to one turn, a quarter of that by its series, doubled twice.
import type { Emitter } from "./rule.js";

/** 2 pi in two parts, the first of which has few enough bits for its small multiples to be exact. */
const TURN = [6.28125, 2 * Math.PI - 6.28125] as const;
/** Series of sin(t) / t and cos(t) in t^2, highest power first. For |t| <= pi/4 what is left out is below 3e-8. */
const SINE = [1 / 362880, -1 / 5040, 1 / 120, -1 / 6, 1];
const COSINE = [1 / 40320, -1 / 720, 1 / 24, -1 / 2, 1];

/** Plain name of sin(x) or cos(x), float32, within 1e-6 for |x| up to 1000. */
export function emitCircular(emitter: Emitter, x: string, wanted: "sin" | "cos"): string {
  const number = (value: number) => emitter.floats([], [value], "float32");
  const node = (operator: string, ...inputs: readonly string[]) => emitter.node(operator, inputs);
  const polynomial = ([first, ...rest]: readonly number[], q: string) =>
    rest.reduce((sum, c) => node("Add", node("Mul", sum, q), number(c)), number(first));
  const turns = node("Floor", node("Add", node("Mul", x, number(1 / (2 * Math.PI))), number(0.5)));
  const within = TURN.reduce((rest, part) => node("Sub", rest, node("Mul", turns, number(part))), x);
  const quarter = node("Mul", within, number(0.25));
  const q = node("Mul", quarter, quarter);
  let [sine, cosine] = [node("Mul", polynomial(SINE, q), quarter), polynomial(COSINE, q)];
  for (let doubled = 0; doubled < 2; doubled++) {
    // sin 2t = 2 sin t cos t, cos 2t = 1 - 2 sin^2 t
    const twice = node("Mul", sine, number(2));
    [sine, cosine] = [node("Mul", twice, cosine), node("Sub", number(1), node("Mul", twice, sine))];
  }
  return wanted === "sin" ? sine : cosine;
}
