// The plain interpreter: every op by its definition, one after the other. The oracle of the tests; slow on purpose.
import { PtychoError } from "../core/errors.js";
import { type NdArray, sizeOf } from "../core/ndarray.js";
import { type ElementType, type Expr, topologicalOrder } from "./expr.js";
import type { Values } from "./rule.js";
import { ruleOf } from "./rules.js";

export type Feeds = Readonly<Record<string, NdArray>>;

/** Values of `outputs` for named inputs. */
export function evaluate(outputs: readonly Expr[], feeds: Feeds): NdArray<ElementType>[] {
  const values = new Map<Expr, NdArray<ElementType>>();
  for (const node of topologicalOrder(outputs)) values.set(node, computeNode(node, values, feeds));
  return outputs.map((output) => values.get(output) as NdArray<ElementType>);
}

function computeNode(
  node: Expr,
  values: ReadonlyMap<Expr, NdArray<ElementType>>,
  feeds: Feeds,
): NdArray<ElementType> {
  if (node.op === "constant") return (node as Expr<"constant">).attributes.value;
  if (node.op === "input") return fedValue(node as Expr<"input">, feeds);
  const output = { dtype: node.dtype, shape: node.shape, data: zeros(node.dtype, sizeOf(node.shape)) };
  const inputs = node.inputs.map((input) => values.get(input) as NdArray<ElementType>);
  ruleOf(node.op).evaluate({ inputs, attributes: node.attributes, output });
  return output;
}

/** The fed array of an input, checked against its declared type. */
export function fedValue(node: Expr<"input">, feeds: Feeds): NdArray<ElementType> {
  const { name } = node.attributes;
  const value = feeds[name];
  if (value === undefined) {
    throw new PtychoError(
      "ShapeError",
      `input "${name}" is not fed; the feeds are ${Object.keys(feeds).join(", ")}`,
    );
  }
  const fits =
    value.dtype === node.dtype &&
    value.shape.length === node.shape.length &&
    value.shape.every((n, i) => n === node.shape[i]);
  if (!fits) {
    throw new PtychoError(
      "ShapeError",
      `input "${name}": expected ${node.dtype}[${node.shape.join(", ")}], got ${value.dtype}[${value.shape.join(", ")}]`,
    );
  }
  return value as NdArray<ElementType>;
}

function zeros(dtype: ElementType, size: number): Values {
  if (dtype === "float32") return new Float32Array(size);
  return dtype === "float64" ? new Float64Array(size) : new Uint8Array(size);
}
