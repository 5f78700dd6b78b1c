// Writes an expression graph as an ONNX model.
import type { NdArray } from "../core/ndarray.js";
import type { Device } from "./device.js";
import { BLOCKED_DOMAIN } from "./emit-blocked.js";
import { type ElementType, type Expr, type OpName, topologicalOrder } from "./expr.js";
import { encodeModel, type OnnxNode, type OnnxTensor, type OnnxValue } from "./onnx-proto.js";
import type { Emitter, OnnxAttributes } from "./rule.js";
import { ruleOf } from "./rules.js";
import { tidyNodes } from "./tidy-nodes.js";

const DATA_TYPE: { readonly [T in ElementType]: number } = { float32: 1, float64: 11, bool: 9 };
const INT64 = 7;
const OPSETS: Readonly<Record<string, number>> = { "": 17, "com.microsoft": 1, [BLOCKED_DOMAIN]: 1 };

export interface Program {
  readonly outputs: Readonly<Record<string, Expr>>;
}

export interface EmitOptions {
  /**
   * Declares the leading axis of every input and output symbolic, under this name. Only for graphs without ops that fix
   * the batch extent (a network's forward pass), built with batch extent 1.
   */
  readonly batchAxis?: string;
  /** Whose operators to use; default: cpu. Every form can be read by the processor, not every one by the others. */
  readonly device?: Device;
  /** Channels per block of the blocked image layout of the engine that will run the model; undefined: not used. */
  readonly blockSize?: number | undefined;
}

/** ONNX model (opset 17, com.microsoft, blocked layout where asked for) of the program; its inputs are the program's `input` nodes by name. */
export function emitOnnx(program: Program, options: EmitOptions = {}): Uint8Array {
  const nodes: OnnxNode[] = [];
  const initializers = new Map<string, OnnxTensor>();
  const memo = new Map<string, string>();
  const blockedForms = new Map<string, string>();
  const emitter = createEmitter(nodes, initializers, memo, blockedForms, options);
  const names = new Map<Expr, string>();
  const inputs: OnnxValue[] = [];
  for (const expr of topologicalOrder(Object.values(program.outputs))) {
    names.set(expr, emitExpr(expr, names, emitter, initializers, inputs, blockedForms));
  }
  const outputs: OnnxValue[] = [];
  for (const [name, expr] of Object.entries(program.outputs)) {
    nodes.push({
      operator: "Identity",
      domain: "",
      inputs: [nameOf(names, expr)],
      outputs: [name],
      attributes: {},
    });
    outputs.push({ name, dataType: DATA_TYPE[expr.dtype], shape: expr.shape });
  }
  const { batchAxis } = options;
  const open = (value: OnnxValue): OnnxValue =>
    batchAxis === undefined ? value : { ...value, shape: [batchAxis, ...value.shape.slice(1)] };
  const tidy = tidyNodes(nodes, Object.keys(program.outputs));
  // Only what is used, so that readers without the other domains can load the model.
  const domains = new Set(["", ...tidy.map((node) => node.domain)]);
  return encodeModel({
    nodes: tidy,
    initializers: [...initializers.values()],
    inputs: inputs.map(open),
    outputs: outputs.map(open),
    opsets: Object.fromEntries([...domains].map((domain) => [domain, OPSETS[domain]])),
  });
}

/** The `input` nodes a program reads, by name. */
export function inputsOf(program: Program): Map<string, Expr<"input">> {
  const inputs = new Map<string, Expr<"input">>();
  for (const expr of topologicalOrder(Object.values(program.outputs))) {
    if (expr.op === "input") inputs.set((expr as Expr<"input">).attributes.name, expr as Expr<"input">);
  }
  return inputs;
}

function emitExpr(
  expr: Expr,
  names: ReadonlyMap<Expr, string>,
  emitter: Emitter,
  initializers: Map<string, OnnxTensor>,
  inputs: OnnxValue[],
  blockedForms: ReadonlyMap<string, string>,
): string {
  if (expr.op === "input") {
    const { name } = (expr as Expr<"input">).attributes;
    if (!inputs.some((value) => value.name === name))
      inputs.push({ name, dataType: DATA_TYPE[expr.dtype], shape: expr.shape });
    return name;
  }
  if (expr.op === "constant")
    return addInitializer(initializers, (expr as Expr<"constant">).attributes.value);
  const operands = expr.inputs.map((input) => nameOf(names, input));
  const rule = ruleOf(expr.op);
  if (!staysBlocked(expr, operands, blockedForms, emitter.blockSize))
    return rule.emit(emitter, expr, operands);
  const blocked = operands.map((name, i) => (isScalar(expr.inputs[i]) ? name : emitter.blocked(name)));
  return emitter.fromBlocked(rule.emit(emitter, expr, blocked), expr.shape[1]);
}

/** Ops that give the same values in any order of the elements. */
const POINTWISE: ReadonlySet<OpName> = new Set([
  "neg",
  "exp",
  "log",
  "sqrt",
  "square",
  "abs",
  "sign",
  "relu",
  "step",
  "sigmoid",
  "silu",
  "tanh",
  "sin",
  "cos",
  "clampMin",
  "add",
  "sub",
  "mul",
  "div",
]);

/** Whether an op runs on blocked images: pointwise, one operand there already, no broadcasting but of scalars. */
function staysBlocked(
  expr: Expr,
  operands: readonly string[],
  blockedForms: ReadonlyMap<string, string>,
  blockSize = 1,
): boolean {
  return (
    POINTWISE.has(expr.op) &&
    expr.shape[1] % blockSize === 0 &&
    operands.some((name) => blockedForms.has(name)) &&
    expr.inputs.every((input) => isScalar(input) || sameShape(input.shape, expr.shape))
  );
}

const isScalar = (expr: Expr): boolean => expr.shape.length === 0;

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((extent, axis) => extent === b[axis]);
}

function nameOf(names: ReadonlyMap<Expr, string>, expr: Expr): string {
  return names.get(expr) as string;
}

/** Nodes with the same operator, inputs and attributes are written once. */
function createEmitter(
  nodes: OnnxNode[],
  initializers: Map<string, OnnxTensor>,
  memo: Map<string, string>,
  blockedForms: Map<string, string>,
  { blockSize, device = "cpu" }: EmitOptions,
): Emitter {
  const addNode = (
    operator: string,
    inputs: readonly string[],
    attributes: OnnxAttributes,
    domain: string,
    outputIndex: number,
  ): string => {
    const key = JSON.stringify([domain, operator, inputs, attributes, outputIndex]);
    const known = memo.get(key);
    if (known !== undefined) return known;
    const name = `t${nodes.length}`;
    const outputs = outputIndex === 0 ? [name] : [`${name}a`, name];
    nodes.push({ operator, domain, inputs, outputs, attributes });
    memo.set(key, name);
    return name;
  };
  const blocked = (plain: string): string =>
    blockedForms.get(plain) ?? addNode("ReorderInput", [plain], {}, BLOCKED_DOMAIN, 0);
  return {
    device,
    blockSize,
    blocked,
    fromBlocked: (form, channels) => {
      const plain = addNode("ReorderOutput", [form], { channels }, BLOCKED_DOMAIN, 0);
      blockedForms.set(plain, form);
      return plain;
    },
    channelsLast: (plain, channels) => {
      // The Transpose of ONNX Runtime uses one thread, the reorderings all.
      if (blockSize === undefined || channels % blockSize !== 0)
        return addNode("Transpose", [plain], { perm: [0, 2, 3, 1] }, "", 0);
      return addNode("ReorderOutput", [blocked(plain)], { channels, channels_last: 1 }, BLOCKED_DOMAIN, 0);
    },
    node: (operator, inputs, attributes = {}, domain = "") =>
      addNode(operator, inputs, attributes, domain, 0),
    secondOutput: (operator, inputs, attributes = {}) => addNode(operator, inputs, attributes, "", 1),
    floats: (shape, values, dtype) => {
      const data = dtype === "float32" ? Float32Array.from(values) : Float64Array.from(values);
      return addInitializer(initializers, { dtype, shape, data } as NdArray<"float32">);
    },
    integers: (values, shape = [values.length]) => {
      const data = BigInt64Array.from(values, BigInt);
      return addTensor(initializers, INT64, shape, new Uint8Array(data.buffer));
    },
  };
}

function addInitializer(initializers: Map<string, OnnxTensor>, value: NdArray<ElementType>): string {
  const { buffer, byteOffset, byteLength } = value.data;
  return addTensor(
    initializers,
    DATA_TYPE[value.dtype],
    value.shape,
    new Uint8Array(buffer, byteOffset, byteLength),
  );
}

/** Small constants with equal content are stored once. */
function addTensor(
  initializers: Map<string, OnnxTensor>,
  dataType: number,
  shape: readonly number[],
  bytes: Uint8Array,
): string {
  const name =
    bytes.length <= 64 ? `c${dataType}_${shape.join("x")}_${bytes.join("_")}` : `c${initializers.size}`;
  if (!initializers.has(name)) initializers.set(name, { name, dataType, shape, bytes });
  return name;
}
