// Reverse-mode differentiation: gradients are expressions again.
import { PtychoError } from "../core/errors.js";
import { add, full } from "./build-elementwise.js";
import { type Expr, topologicalOrder } from "./expr.js";
import { ruleOf } from "./rules.js";

/**
 * Gradients of a scalar with respect to expressions of its graph, in their order. An expression that `loss` does not
 * depend on has gradient zero.
 *
 * @throws PtychoError ShapeError when `loss` is not a scalar.
 */
export function gradients(loss: Expr, withRespectTo: readonly Expr[]): Expr[] {
  if (loss.shape.length !== 0) {
    throw new PtychoError(
      "ShapeError",
      `gradients: the loss must be a scalar, got shape [${loss.shape.join(", ")}]`,
    );
  }
  const order = topologicalOrder([loss]);
  const wanted = new Set<Expr>(withRespectTo);
  const relevant = new Set<Expr>();
  for (const node of order) {
    if (wanted.has(node) || node.inputs.some((input) => relevant.has(input))) relevant.add(node);
  }
  const upstream = new Map<Expr, Expr>([
    [loss, full([], 1, loss.dtype === "float64" ? "float64" : "float32")],
  ]);
  for (let i = order.length - 1; i >= 0; i--) {
    const node = order[i];
    const g = upstream.get(node);
    if (g === undefined || !relevant.has(node) || node.op === "input" || node.op === "constant") continue;
    const { gradient } = ruleOf(node.op);
    if (gradient === "not differentiable") continue;
    gradient(node, g).forEach((contribution, k) => {
      const input = node.inputs[k];
      if (contribution === undefined || !relevant.has(input)) return;
      const before = upstream.get(input);
      upstream.set(input, before === undefined ? contribution : add(before, contribution));
    });
  }
  return withRespectTo.map(
    (x) => upstream.get(x) ?? full(x.shape, 0, x.dtype === "float64" ? "float64" : "float32"),
  );
}
