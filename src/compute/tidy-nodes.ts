// Last pass over the nodes of a model: drops what no output needs and fuses what only emission as a whole can see.
import { BLOCKED_DOMAIN } from "./emit-blocked.js";
import type { OnnxNode } from "./onnx-proto.js";

/** The nodes that `outputs` depend on, in order; a Relu after a blocked convolution becomes part of it. */
export function tidyNodes(nodes: readonly OnnxNode[], outputs: readonly string[]): OnnxNode[] {
  const needed = new Set(outputs);
  const kept: OnnxNode[] = [];
  for (let i = nodes.length - 1; i >= 0; i--) {
    const node = nodes[i];
    if (!node.outputs.some((name) => needed.has(name))) continue;
    for (const name of node.inputs) needed.add(name);
    kept.push(node);
  }
  return fuseBlockedRelu(kept.reverse());
}

/** ONNX Runtime fuses Conv and Relu itself, but not in the blocked layout. */
function fuseBlockedRelu(nodes: readonly OnnxNode[]): OnnxNode[] {
  const uses = new Map<string, number>();
  for (const node of nodes) for (const name of node.inputs) uses.set(name, (uses.get(name) ?? 0) + 1);
  const fused: OnnxNode[] = [];
  const convolutions = new Map<string, number>();
  for (const node of nodes) {
    const at = node.operator === "Relu" ? convolutions.get(node.inputs[0]) : undefined;
    if (at !== undefined && uses.get(node.inputs[0]) === 1) {
      const convolution = fused[at];
      const attributes = { ...convolution.attributes, activation: "Relu" };
      fused[at] = { ...convolution, outputs: node.outputs, attributes };
      continue;
    }
    if (node.operator === "Conv" && node.domain === BLOCKED_DOMAIN)
      convolutions.set(node.outputs[0], fused.length);
    fused.push(node);
  }
  return fused;
}
