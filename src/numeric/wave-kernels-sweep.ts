// Sweeps of WebAssembly SIMD code over planes: the code of one pixel position is applied to four pixels at a time, or to
// the one left over.

import {
  type Code,
  type Frame,
  f32x4,
  i32,
  type Local,
  type Operand,
  repeatWhile,
  set,
  type ValueType,
  v128,
  type WasmFunction,
  when,
} from "./wasm-module.js";

/** Pixels of one turn of a sweep: one cache line. */
const TURN = 16;

/** Reads and writes the pixels under consideration; a plane is its pointer. */
export interface Pixels {
  load(plane: Local): Code;
  store(plane: Local, content: Operand): Code;
}

const four = (at: number): Pixels => ({
  load: (plane) => v128.load(plane, at),
  store: (plane, content) => v128.store(plane, content, at),
});

/** Lanes past the first read as 0 and are not stored. */
const one: Pixels = {
  load: (plane) => v128.loadOne(plane),
  store: (plane, content) => v128.storeOne(plane, content),
};

export const advance = (planes: readonly Local[], bytes: Operand): Code =>
  planes.map((plane) => set(plane, i32.add(plane, bytes)));

export const bytesOf = (pixels: Operand): Code => i32.shl(pixels, i32.const(2));

/** Runs `body` with the planes advancing by `pixels` until `end`, not at all if already there. */
const advanceTo = (end: Local, planes: readonly Local[], pixels: number, body: Code): Code =>
  when(
    i32.ne(planes[0], end),
    repeatWhile([body, advance(planes, i32.const(pixels * 4))], i32.ne(planes[0], end)),
  );

/** Applies `kernel` to `count` pixels of planes that advance together, any count. */
export function sweep(
  frame: Frame,
  planes: readonly Local[],
  count: Local,
  kernel: (pixels: Pixels) => Code,
): Code {
  const end = frame.local("i32");
  const whole = i32.and(count, i32.const(-TURN));
  const rest = i32.and(count, i32.const(TURN - 1));
  return [
    set(end, i32.add(planes[0], bytesOf(whole))),
    advanceTo(end, planes, TURN, turn(kernel)),
    set(end, i32.add(planes[0], bytesOf(rest))),
    advanceTo(end, planes, 1, kernel(one)),
  ];
}

/** `rows` rows of `width` pixels, a multiple of 16. `ofRow` runs before each row, `betweenRows` after. */
export function sweepRows(
  frame: Frame,
  planes: readonly Local[],
  rows: Local,
  width: Local,
  kernel: (pixels: Pixels) => Code,
  ofRow: Code,
  betweenRows: Code,
): Code {
  const end = frame.local("i32");
  const row = [
    ofRow,
    set(end, i32.add(planes[0], bytesOf(width))),
    advanceTo(end, planes, TURN, turn(kernel)),
    betweenRows,
    set(rows, i32.sub(rows, i32.const(1))),
  ];
  return when(rows, repeatWhile(row, rows));
}

const turn = (kernel: (pixels: Pixels) => Code): Code => [0, 16, 32, 48].map((at) => kernel(four(at)));

export const repeat = (type: ValueType, count: number): ValueType[] => new Array<ValueType>(count).fill(type);

/** A kernel on `planes` planes of equal extent: function(...planes, count, ...constants). */
export function onPlanes(
  name: string,
  planes: number,
  constants: number,
  kernel: (frame: Frame, planes: readonly Local[], constants: readonly Local[]) => (pixels: Pixels) => Code,
): WasmFunction {
  return {
    name,
    parameters: [...repeat("i32", planes + 1), ...repeat("f32", constants)],
    body(frame) {
      const pointers = frame.parameters.slice(0, planes);
      const [prepare, vectors] = splatted(frame, frame.parameters.slice(planes + 1));
      return [prepare, sweep(frame, pointers, frame.parameters[planes], kernel(frame, pointers, vectors))];
    },
  };
}

/**
 * A kernel on `inCanvas` planes of the canvas, then `inWindow` planes of the window:
 * function(...planes, rows, N, stride, ...constants), canvas pointers at the first pixel.
 */
export function onWindow(
  name: string,
  inCanvas: number,
  inWindow: number,
  constants: number,
  kernel: (frame: Frame, planes: readonly Local[], constants: readonly Local[]) => (pixels: Pixels) => Code,
): WasmFunction {
  const planes = inCanvas + inWindow;
  return {
    name,
    parameters: [...repeat("i32", planes + 3), ...repeat("f32", constants)],
    body(frame) {
      const pointers = frame.parameters.slice(0, planes);
      const [rows, N, stride] = frame.parameters.slice(planes);
      const [prepare, vectors] = splatted(frame, frame.parameters.slice(planes + 3));
      const gap = frame.local("i32");
      return [
        prepare,
        set(gap, bytesOf(i32.sub(stride, N))),
        sweepRows(
          frame,
          pointers,
          rows,
          N,
          kernel(frame, pointers, vectors),
          [],
          advance(pointers.slice(0, inCanvas), gap),
        ),
      ];
    },
  };
}

export function splatted(frame: Frame, constants: readonly Local[]): [Code, Local[]] {
  const vectors = constants.map(() => frame.local("v128"));
  return [constants.map((constant, index) => set(vectors[index], f32x4.splat(constant))), vectors];
}
