// Writes an expression graph as an ONNX model.
import type { NdArray } from "../core/ndarray.js";
import { type ElementType, type Expr, topologicalOrder } from "./expr.js";
import { encodeModel, type OnnxNode, type OnnxTensor, type OnnxValue } from "./onnx-proto.js";
import type { Emitter, OnnxAttributes } from "./rule.js";
import { ruleOf } from "./rules.js";

const DATA_TYPE: { readonly [T in ElementType]: number } = { float32: 1, float64: 11, bool: 9 };
const INT64 = 7;
const OPSETS = { "": 17, "com.microsoft": 1 };

export interface Program {
  readonly outputs: Readonly<Record<string, Expr>>;
}

export interface EmitOptions {
  /**
   * Declares the leading axis of every input and output symbolic, under this name. Only for graphs without ops that fix
   * the batch extent (a network's forward pass), built with batch extent 1.
   */
  readonly batchAxis?: string;
}

/** ONNX model (opset 17 and com.microsoft) of the program; its inputs are the program's `input` nodes by name. */
export function emitOnnx(program: Program, options: EmitOptions = {}): Uint8Array {
  const nodes: OnnxNode[] = [];
  const initializers = new Map<string, OnnxTensor>();
  const memo = new Map<string, string>();
  const emitter = createEmitter(nodes, initializers, memo);
  const names = new Map<Expr, string>();
  const inputs: OnnxValue[] = [];
  for (const expr of topologicalOrder(Object.values(program.outputs))) {
    names.set(expr, emitExpr(expr, names, emitter, initializers, inputs));
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
  return encodeModel({
    nodes,
    initializers: [...initializers.values()],
    inputs: inputs.map(open),
    outputs: outputs.map(open),
    opsets: OPSETS,
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
  return ruleOf(expr.op).emit(emitter, expr, operands);
}

function nameOf(names: ReadonlyMap<Expr, string>, expr: Expr): string {
  return names.get(expr) as string;
}

/** Nodes with the same operator, inputs and attributes are written once. */
function createEmitter(
  nodes: OnnxNode[],
  initializers: Map<string, OnnxTensor>,
  memo: Map<string, string>,
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
  return {
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
