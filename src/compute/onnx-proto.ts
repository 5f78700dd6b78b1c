// The few protobuf messages of an ONNX model, written byte for byte (onnx.proto3, field numbers as there).
// Deterministic: the same model gives the same bytes.

export interface OnnxTensor {
  readonly name: string;
  /** TensorProto.DataType: 1 float, 7 int64, 9 bool, 11 double. */
  readonly dataType: number;
  readonly shape: readonly number[];
  readonly bytes: Uint8Array;
}

export interface OnnxValue {
  readonly name: string;
  readonly dataType: number;
  /** Extents; a string is a symbolic extent. */
  readonly shape: readonly (number | string)[];
}

export type OnnxAttributeValue = number | string | readonly number[] | { readonly float: number };

export interface OnnxNode {
  readonly operator: string;
  readonly domain: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, OnnxAttributeValue>>;
}

export interface OnnxModel {
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxTensor[];
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly opsets: Readonly<Record<string, number>>;
}

const IR_VERSION = 8;

export function encodeModel(model: OnnxModel): Uint8Array {
  const graph = [
    ...model.nodes.map((node) => message(1, encodeNode(node))),
    text(2, "ptychopinn"),
    ...model.initializers.map((tensor) => message(5, encodeTensor(tensor))),
    ...model.inputs.map((value) => message(11, encodeValue(value))),
    ...model.outputs.map((value) => message(12, encodeValue(value))),
  ];
  const opsets = Object.entries(model.opsets).map(([domain, version]) =>
    message(8, join([text(1, domain), integer(2, version)])),
  );
  return join([integer(1, IR_VERSION), text(2, "ptychopinn"), message(7, join(graph)), ...opsets]);
}

function encodeNode(node: OnnxNode): Uint8Array {
  return join([
    ...node.inputs.map((name) => text(1, name)),
    ...node.outputs.map((name) => text(2, name)),
    text(3, node.outputs[0]),
    text(4, node.operator),
    ...Object.entries(node.attributes).map(([name, value]) => message(5, encodeAttribute(name, value))),
    text(7, node.domain),
  ]);
}

function encodeAttribute(name: string, value: OnnxAttributeValue): Uint8Array {
  if (typeof value === "number") return join([text(1, name), integer(3, value), integer(20, 2)]);
  if (typeof value === "string") return join([text(1, name), text(4, value), integer(20, 3)]);
  if ("float" in value) return join([text(1, name), float(2, value.float), integer(20, 1)]);
  return join([text(1, name), ...value.map((item) => integer(8, item)), integer(20, 7)]);
}

function encodeTensor(tensor: OnnxTensor): Uint8Array {
  return join([
    ...tensor.shape.map((extent) => integer(1, extent)),
    integer(2, tensor.dataType),
    text(8, tensor.name),
    message(9, tensor.bytes),
  ]);
}

function encodeValue(value: OnnxValue): Uint8Array {
  const dimensions = value.shape.map((extent) =>
    message(1, typeof extent === "number" ? integer(1, extent) : text(2, extent)),
  );
  const tensorType = join([integer(1, value.dataType), message(2, join(dimensions))]);
  return join([text(1, value.name), message(2, message(1, tensorType))]);
}

const encoder = new TextEncoder();

function text(field: number, value: string): Uint8Array {
  return message(field, encoder.encode(value));
}

function message(field: number, body: Uint8Array): Uint8Array {
  return join([varint((field << 3) | 2), varint(body.length), body]);
}

function integer(field: number, value: number): Uint8Array {
  return join([varint(field << 3), varint(value)]);
}

function float(field: number, value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setFloat32(0, value, true);
  return join([varint((field << 3) | 5), bytes]);
}

function varint(value: number): Uint8Array {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  while (rest > 127n) {
    bytes.push(Number(rest & 127n) | 128);
    rest >>= 7n;
  }
  bytes.push(Number(rest));
  return Uint8Array.from(bytes);
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined;
}
