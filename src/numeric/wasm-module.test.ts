import { expect, test } from "vitest";
import {
  assembleModule,
  type Code,
  f32x4,
  f64,
  f64x2,
  i32,
  type Local,
  repeatWhile,
  set,
  v128,
  type WasmFunction,
  when,
} from "./wasm-module.js";

type Exports = Readonly<Record<string, (...values: number[]) => number>>;

function run(functions: readonly WasmFunction[]): { exports: Exports; floats: Float32Array } {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const module = new WebAssembly.Module(assembleModule(functions));
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  return { exports: exports as Exports, floats: new Float32Array(memory.buffer) };
}

const onMemory = (name: string, body: (at: Local) => Code): WasmFunction => ({
  name,
  parameters: ["i32"],
  body: ({ parameters: [at] }) => body(at),
});

test("constants survive at the ends of every LEB128 length", () => {
  const constants = [
    0,
    1,
    -1,
    63,
    64,
    -64,
    -65,
    127,
    128,
    8191,
    8192,
    -8193,
    2 ** 20,
    2 ** 31 - 1,
    -(2 ** 31),
  ];
  const { exports } = run(
    constants.map((constant, index) => ({
      name: `constant${index}`,
      parameters: [],
      result: "i32" as const,
      body: () => i32.const(constant),
    })),
  );
  expect(constants.map((_, index) => exports[`constant${index}`]())).toEqual(constants);
});

test("many functions, long bodies and far offsets are encoded", () => {
  const count = 300;
  const { exports, floats } = run(
    Array.from({ length: count }, (_, index) =>
      onMemory(`write${index}`, (at) =>
        Array.from({ length: 40 }, () => v128.store(at, f32x4.const(index), 16 * index)),
      ),
    ),
  );
  for (let index = 0; index < count; index++) exports[`write${index}`](64);
  expect([...floats.subarray(0, 24)]).toEqual([
    ...new Array(16).fill(0),
    ...[0, 1].flatMap((v) => [v, v, v, v]),
  ]);
  expect(floats[16 + 4 * (count - 1) + 3]).toBe(count - 1);
});

test("loops repeat, branches choose, locals keep their types", () => {
  const triangle: WasmFunction = {
    name: "triangle",
    parameters: ["i32"],
    result: "i32",
    body({ parameters: [n], local }) {
      const total = local("i32");
      const step = [set(total, i32.add(total, n)), set(n, i32.sub(n, i32.const(1)))];
      return [when(n, repeatWhile(step, n)), [0x20, total.index]];
    },
  };
  const { exports } = run([triangle]);
  expect([0, 1, 5, 100].map((n) => exports.triangle(n))).toEqual([0, 1, 15, 5050]);
});

test("integer operators", () => {
  const of = (name: string, operator: (a: Local, b: Local) => Code): WasmFunction => ({
    name,
    parameters: ["i32", "i32"],
    result: "i32",
    body: ({ parameters: [a, b] }) => operator(a, b),
  });
  const { exports } = run([of("ne", i32.ne), of("and", i32.and), of("shl", i32.shl)]);
  expect([exports.ne(3, 4), exports.ne(4, 4), exports.and(13, -4), exports.shl(5, 2)]).toEqual([
    1, 0, 12, 20,
  ]);
});

test.each<[string, (a: Code, b: Code) => Code, (a: number, b: number) => number]>([
  ["add", f32x4.add, (a, b) => a + b],
  ["sub", f32x4.sub, (a, b) => a - b],
  ["mul", f32x4.mul, (a, b) => a * b],
  ["div", f32x4.div, (a, b) => a / b],
  ["pmin", f32x4.pmin, Math.min],
  ["pmax", f32x4.pmax, Math.max],
  ["sqrt", (a) => f32x4.sqrt(a), (a) => Math.sqrt(a)],
  ["masked by gt", (a, b) => v128.and(a, f32x4.gt(a, b)), (a, b) => (a > b ? a : 0)],
  ["masked by ge", (a, b) => v128.and(a, f32x4.ge(a, b)), (a, b) => (a >= b ? a : 0)],
])("vector operator %s", (_, operator, expected) => {
  const a = [1, 9, 2.5, 0];
  const b = [4, -3, 2.5, 8];
  const { exports, floats } = run([
    onMemory("apply", (at) => v128.store(at, operator(v128.load(at), v128.load(at, 16)), 32)),
  ]);
  floats.set([...a, ...b], 1); // unaligned on purpose
  exports.apply(4);
  expect([...floats.subarray(9, 13)]).toEqual(a.map((value, lane) => Math.fround(expected(value, b[lane]))));
});

test("loads and stores of one value, splats and shuffles", () => {
  const { exports, floats } = run([
    onMemory("one", (at) => v128.storeOne(at, f32x4.add(v128.loadOne(at), f32x4.const(1)), 16)),
    onMemory("rest", (at) => v128.store(at, v128.loadOne(at), 32)),
    onMemory("splat", (at) => v128.store(at, v128.loadSplat(at, 4), 48)),
    onMemory("shuffle", (at) =>
      v128.store(at, f32x4.shuffle(v128.load(at), v128.loadSplat(at), [3, 4, 1, 0]), 64),
    ),
  ]);
  floats.fill(-1).set([1, 2, 3, 4]);
  for (const name of ["one", "rest", "splat", "shuffle"]) exports[name](0);
  expect([...floats.subarray(4, 20)]).toEqual([2, -1, -1, -1, 1, 0, 0, 0, 2, 2, 2, 2, 4, 1, 2, 1]);
});

test("float64 sums of both halves", () => {
  const sum: WasmFunction = {
    name: "sum",
    parameters: ["i32"],
    result: "f64",
    body({ parameters: [at], local }) {
      const low = local("v128");
      return [
        set(low, f64x2.add(f64x2.promoteLow(v128.load(at)), f64x2.promoteLow(v128.load(at, 8)))),
        f64.add(f64x2.extract(low, 0), f64x2.extract(low, 1)),
      ];
    },
  };
  const { exports, floats } = run([sum]);
  floats.set([1, 2 ** -20, 2 ** -30, 2 ** -40]);
  expect(exports.sum(0)).toBe(1 + 2 ** -20 + 2 ** -30 + 2 ** -40);
});
