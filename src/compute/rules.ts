// The registry of ops: one row each, total over the language.
import type { OpName } from "./expr.js";
import type { Rule } from "./rule.js";
import { ELEMENTWISE_RULES, UNARY_RULES } from "./rules-elementwise.js";
import { LINEAR_RULES } from "./rules-linear.js";
import { SHAPE_RULES } from "./rules-shape.js";

/** Leaves have no rule: inputs are fed, constants stored. */
export type Leaf = "input" | "constant";

export const RULES: { readonly [K in Exclude<OpName, Leaf>]: Rule<K> } = {
  ...UNARY_RULES,
  ...ELEMENTWISE_RULES,
  ...SHAPE_RULES,
  ...LINEAR_RULES,
};

/** The rule of a node that is no leaf. */
export function ruleOf<K extends Exclude<OpName, Leaf>>(op: K): Rule<OpName> {
  // A row is only ever applied to nodes of its own op.
  return RULES[op] as unknown as Rule<OpName>;
}
