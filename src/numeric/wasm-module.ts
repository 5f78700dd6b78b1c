// Assembles a WebAssembly module with fixed-width SIMD from functions written as expressions. Encoding: W3C WebAssembly
// Core Specification 2.0, chapter 5 (binary format) and its appendix of instructions. Knows nothing of waves.

export type ValueType = "i32" | "f32" | "f64" | "v128";

/** A parameter or local variable of the function being written; as an operand it stands for its value. */
export interface Local {
  readonly index: number;
  readonly type: ValueType;
}

/** Encoded instructions, nested as written. */
export type Code = number | readonly Code[];
export type Operand = Code | Local;

/** Hands out the variables of one function. */
export interface Frame {
  readonly parameters: readonly Local[];
  local(type: ValueType): Local;
}

export interface WasmFunction {
  readonly name: string;
  readonly parameters: readonly ValueType[];
  readonly result?: ValueType;
  body(frame: Frame): Code;
}

const TYPES: Readonly<Record<ValueType, number>> = { i32: 0x7f, f32: 0x7d, f64: 0x7c, v128: 0x7b };
const MAGIC_AND_VERSION = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const LARGEST_PAGES = 65_536;

/** The bytes of a module that imports the shared memory "env" "memory" and exports each function under its name. */
export function assembleModule(functions: readonly WasmFunction[]): Uint8Array {
  const types = functions.map(({ parameters, result }) => [
    0x60,
    vector(parameters.map((type) => TYPES[type])),
    vector(result === undefined ? [] : [TYPES[result]]),
  ]);
  const sharedWithMaximum = 0x03;
  const memory = [name("env"), name("memory"), 0x02, sharedWithMaximum, unsigned(1), unsigned(LARGEST_PAGES)];
  const indices = functions.map((_, index) => unsigned(index));
  const exports = functions.map((one, index) => [name(one.name), 0x00, unsigned(index)]);
  return Uint8Array.from(
    flatten([
      MAGIC_AND_VERSION,
      section(1, vector(types)),
      section(2, vector([memory])),
      section(3, vector(indices)),
      section(7, vector(exports)),
      section(10, vector(functions.map(functionCode))),
    ]),
  );
}

function functionCode({ parameters, body }: WasmFunction): Code {
  const locals: Local[] = parameters.map((type, index) => ({ index, type }));
  const code = body({
    parameters: locals.slice(),
    local(type) {
      const local = { index: locals.length, type };
      locals.push(local);
      return local;
    },
  });
  const declared = locals.slice(parameters.length).map(({ type }) => [unsigned(1), TYPES[type]]);
  return sized([vector(declared), code, 0x0b]);
}

const section = (id: number, content: Code): Code => [id, sized(content)];
const vector = (items: readonly Code[]): Code => [unsigned(items.length), ...items];
const name = (text: string): Code => vector([...new TextEncoder().encode(text)]);

function sized(content: Code): Code {
  const bytes = flatten(content);
  return [unsigned(bytes.length), bytes];
}

function flatten(code: Code): number[] {
  const bytes: number[] = [];
  const visit = (part: Code): void => {
    if (typeof part === "number") bytes.push(part);
    else for (const inner of part) visit(inner);
  };
  visit(code);
  return bytes;
}

// LEB128.
function unsigned(value: number): Code {
  const bytes: number[] = [];
  let rest = value;
  do {
    const low = rest % 128;
    rest = Math.floor(rest / 128);
    bytes.push(rest > 0 ? low | 0x80 : low);
  } while (rest > 0);
  return bytes;
}

function signed(value: number): Code {
  const bytes: number[] = [];
  let rest = value;
  for (;;) {
    const low = rest & 0x7f;
    rest >>= 7;
    if ((rest === 0 && low < 64) || (rest === -1 && low >= 64)) return [...bytes, low];
    bytes.push(low | 0x80);
  }
}

const value = (operand: Operand): Code =>
  typeof operand === "object" && "index" in operand ? [0x20, unsigned(operand.index)] : operand;

export const set = (local: Local, to: Operand): Code => [value(to), 0x21, unsigned(local.index)];

/** Runs `body`, then again as long as `again` is not 0. */
export const repeatWhile = (body: Code, again: Operand): Code => [
  [0x03, 0x40],
  body,
  value(again),
  [0x0d, 0x00, 0x0b],
];

/** Runs `body` if `condition` is not 0. */
export const when = (condition: Operand, body: Code): Code => [value(condition), [0x04, 0x40], body, 0x0b];

type Binary = (a: Operand, b: Operand) => Code;
type Unary = (a: Operand) => Code;

const binary =
  (...opcode: readonly number[]): Binary =>
  (a, b) => [value(a), value(b), opcode];
const unary =
  (...opcode: readonly number[]): Unary =>
  (a) => [value(a), opcode];

export const i32 = {
  const: (constant: number): Code => [0x41, signed(constant)],
  ne: binary(0x47),
  add: binary(0x6a),
  sub: binary(0x6b),
  and: binary(0x71),
  shl: binary(0x74),
};

export const f64 = { add: binary(0xa0) };

// Opcodes of the vector instructions follow the prefix 0xfd as LEB128.
const vectorUnary = (opcode: number): Unary => unary(...flatten([0xfd, unsigned(opcode)]));
const vectorBinary = (opcode: number): Binary => binary(...flatten([0xfd, unsigned(opcode)]));

export const f32x4 = {
  splat: vectorUnary(0x13),
  gt: vectorBinary(0x44),
  ge: vectorBinary(0x46),
  sqrt: vectorUnary(0xe3),
  add: vectorBinary(0xe4),
  sub: vectorBinary(0xe5),
  mul: vectorBinary(0xe6),
  div: vectorBinary(0xe7),
  pmin: vectorBinary(0xea),
  pmax: vectorBinary(0xeb),
  const: (constant: number): Code => [0xfd, unsigned(0x0c), lanes(Float32Array.of(constant))],
  /** Lanes 0-3 of `a` and 4-7 of `b` in the order `pick`. */
  shuffle: (a: Operand, b: Operand, pick: readonly [number, number, number, number]): Code => [
    value(a),
    value(b),
    [0xfd, unsigned(0x0d)],
    pick.flatMap((lane) => [0, 1, 2, 3].map((byte) => lane * 4 + byte)),
  ],
};

export const f64x2 = {
  add: vectorBinary(0xf0),
  promoteLow: vectorUnary(0x5f),
  extract: (a: Operand, lane: 0 | 1): Code => [value(a), 0xfd, unsigned(0x21), lane],
};

export const v128 = {
  and: vectorBinary(0x4e),
  /** Four float32 from any address; alignment is a promise, so 4 bytes. */
  load: (address: Operand, offset = 0): Code => [value(address), 0xfd, unsigned(0x00), 2, unsigned(offset)],
  store: (address: Operand, content: Operand, offset = 0): Code => [
    value(address),
    value(content),
    [0xfd, unsigned(0x0b), 2, unsigned(offset)],
  ],
  /** One float32 into all lanes. */
  loadSplat: (address: Operand, offset = 0): Code => [
    value(address),
    0xfd,
    unsigned(0x09),
    2,
    unsigned(offset),
  ],
  /** One float32 into lane 0, zero in the others. */
  loadOne: (address: Operand, offset = 0): Code => [
    value(address),
    0xfd,
    unsigned(0x5c),
    2,
    unsigned(offset),
  ],
  /** Lane 0 alone. */
  storeOne: (address: Operand, content: Operand, offset = 0): Code => [
    value(address),
    value(content),
    [0xfd, unsigned(0x5a), 2, unsigned(offset), 0],
  ],
};

function lanes(constant: Float32Array): Code {
  const bytes = [...new Uint8Array(constant.buffer)];
  return [bytes, bytes, bytes, bytes];
}
