// Writes the unitary two-dimensional DFT of [N, N] as WebAssembly SIMD: each row, then strips of columns, in the passes
// of wave-kernels-schedule.ts. A vector holds four columns, four neighbours q of a row, or in the first pass of a row
// four neighbours p, whose outputs are put in order by a 4 x 4 transposition in registers.
// The inverse is the same code with the real and imaginary planes exchanged.

import {
  type Code,
  type Frame,
  f32x4,
  i32,
  type Local,
  repeatWhile,
  set,
  v128,
  type WasmFunction,
} from "./wasm-module.js";
import {
  butterfly,
  type Complex,
  PARTS,
  storeTransposed,
  type Twiddle,
  VECTOR,
} from "./wave-kernels-butterfly.js";
import { type Pass, type Schedule, scheduleOf } from "./wave-kernels-schedule.js";

/** A pass of at most this many butterflies is written without loops. */
const UNROLLED = 8;

/** A complex element per `stride` bytes, its parts at pointer + offset. */
interface Place {
  readonly re: Local;
  readonly im: Local;
  readonly reAt: number;
  readonly imAt: number;
  readonly stride: number;
}

/** Variables that every pass uses anew. */
interface Registers {
  readonly x: readonly Complex[];
  readonly t: readonly Local[];
  readonly scale: Local;
  readonly source: Complex;
  readonly target: Complex;
  readonly table: Local;
  readonly runEnd: Local;
  readonly tableEnd: Local;
}

/** fft2(re, im, scratch), all byte addresses; the scratch holds the schedule's table. */
export function fftFunction(N: number): WasmFunction {
  return {
    name: "fft2",
    parameters: ["i32", "i32", "i32"],
    body(frame) {
      const [re, im, scratch] = frame.parameters;
      const schedule = scheduleOf(N);
      const registers = registersOf(frame);
      const at = { re: frame.local("i32"), im: frame.local("i32") };
      const end = frame.local("i32");
      const sweep = (body: Code, stepBytes: number, bytes: number): Code => [
        set(at.re, re),
        set(at.im, im),
        set(end, i32.add(re, i32.const(bytes))),
        repeatWhile(
          [body, PARTS.map((part) => set(at[part], i32.add(at[part], i32.const(stepBytes))))],
          i32.ne(at.re, end),
        ),
      ];
      const field = (stride: number): Place => ({ ...at, reAt: 0, imAt: 0, stride });
      return [
        set(registers.scale, f32x4.const(1 / N)),
        sweep(rowPasses(schedule, registers, field(VECTOR), scratch), N * 4, N * N * 4),
        sweep(columnPasses(schedule, registers, field(N * 4), scratch), schedule.stripWidth * 4, N * 4),
      ];
    },
  };
}

function registersOf(frame: Frame): Registers {
  const complex = (type: "v128" | "i32"): Complex => ({ re: frame.local(type), im: frame.local(type) });
  return {
    x: [0, 1, 2, 3].map(() => complex("v128")),
    t: [0, 1, 2, 3, 4, 5, 6, 7].map(() => frame.local("v128")),
    scale: frame.local("v128"),
    source: complex("i32"),
    target: complex("i32"),
    table: frame.local("i32"),
    runEnd: frame.local("i32"),
    tableEnd: frame.local("i32"),
  };
}

function rowPasses(schedule: Schedule, registers: Registers, row: Place, scratch: Local): Code {
  const last = schedule.passes.length - 1;
  return schedule.passes.map((pass, index) => {
    const to = index === last ? row : workPlace(schedule, index % 2, scratch, VECTOR);
    if (index === 0) return firstRowPass(pass, registers, row, to, scratch, schedule.firstRowTable);
    const from = workPlace(schedule, (index + 1) % 2, scratch, VECTOR);
    // An element is a vector of four neighbours q.
    const four = { ...pass, s: pass.s / 4 };
    return elementPass(four, registers, VECTOR, from, to, scratch, schedule.laterTables[index], false);
  });
}

function columnPasses(schedule: Schedule, registers: Registers, strip: Place, scratch: Local): Code {
  const last = schedule.passes.length - 1;
  const bytes = schedule.stripWidth * 4;
  return schedule.passes.map((pass, index) => {
    const from = index === 0 ? strip : workPlace(schedule, (index + 1) % 2, scratch, bytes);
    const to = index === last ? strip : workPlace(schedule, index % 2, scratch, bytes);
    const table = index === 0 ? schedule.firstColumnTable : schedule.laterTables[index];
    return elementPass(pass, registers, bytes, from, to, scratch, table, index === 0);
  });
}

function workPlace(schedule: Schedule, index: number, scratch: Local, stride: number): Place {
  const { re, im } = schedule.work[index];
  return { re: scratch, im: scratch, reAt: re, imAt: im, stride };
}

/** One pass over elements of `bytes` bytes; `scaled` divides by N (its table is divided already). */
function elementPass(
  pass: Pass,
  registers: Registers,
  bytes: number,
  from: Place,
  to: Place,
  scratch: Local,
  tableAt: number,
  scaled: boolean,
): Code {
  const { radix, s, m } = pass;
  const { scale, table, tableEnd, runEnd } = registers;
  const entry = (radix - 1) * 8;
  const scaleOf = scaled ? scale : null;
  const element = (twiddle: Twiddle, src: Place, srcAt: number, dst: Place, dstAt: number): Code => {
    const codes: Code[] = [];
    for (let v = 0; v < bytes; v += VECTOR)
      codes.push([
        loadInputs(registers, radix, src, srcAt + v, s * m * src.stride),
        butterfly(registers.x, registers.t, radix, twiddle, scaleOf),
        registers.x
          .slice(0, radix)
          .map((y, k) =>
            PARTS.map((part) =>
              v128.store(dst[part], y[part], dst[`${part}At`] + dstAt + v + k * s * dst.stride),
            ),
          ),
      ]);
    return codes;
  };
  const factorsAt =
    (base: Local, at: number): Twiddle =>
    (k) => ({
      re: v128.loadSplat(base, at + (k - 1) * 8),
      im: v128.loadSplat(base, at + (k - 1) * 8 + 4),
    });
  if ((s * m * bytes) / VECTOR <= UNROLLED) {
    const codes: Code[] = [];
    for (let p = 0; p < m; p++)
      for (let q = 0; q < s; q++) {
        const twiddle = p === 0 ? null : factorsAt(scratch, tableAt + p * entry);
        codes.push(element(twiddle, from, (q + s * p) * from.stride, to, (q + s * radix * p) * to.stride));
      }
    return codes;
  }
  const src = pointed(from, registers.source);
  const dst = pointed(to, registers.target);
  /** All q of one p; leaves the pointers at the next p. */
  const run = (twiddle: Twiddle): Code => [
    set(runEnd, i32.add(src.re, i32.const(s * src.stride))),
    repeatWhile(
      [element(twiddle, src, 0, dst, 0), advance(src, src.stride), advance(dst, dst.stride)],
      i32.ne(src.re, runEnd),
    ),
    advance(dst, s * (radix - 1) * dst.stride),
  ];
  return [
    point(src, from),
    point(dst, to),
    run(null),
    m === 1
      ? []
      : [
          set(table, i32.add(scratch, i32.const(tableAt + entry))),
          set(tableEnd, i32.add(scratch, i32.const(tableAt + entry * m))),
          repeatWhile(
            [run(factorsAt(table, 0)), set(table, i32.add(table, i32.const(entry)))],
            i32.ne(table, tableEnd),
          ),
        ],
  ];
}

/** The pass s = 1 along a row: four p at once, outputs k turned to lie side by side. */
function firstRowPass(
  { radix, m }: Pass,
  registers: Registers,
  from: Place,
  to: Place,
  scratch: Local,
  tableAt: number,
): Code {
  const { table, tableEnd } = registers;
  const entry = (radix - 1) * 2 * VECTOR;
  const factors: Twiddle = (k) => ({
    re: v128.load(table, (k - 1) * 2 * VECTOR),
    im: v128.load(table, (k - 1) * 2 * VECTOR + VECTOR),
  });
  const src = pointed(from, registers.source);
  const dst = pointed(to, registers.target);
  return [
    point(src, from),
    point(dst, to),
    set(table, i32.add(scratch, i32.const(tableAt))),
    set(tableEnd, i32.add(scratch, i32.const(tableAt + (entry * m) / 4))),
    repeatWhile(
      [
        loadInputs(registers, radix, src, 0, m * 4),
        butterfly(registers.x, registers.t, radix, factors, null),
        PARTS.map((part) => {
          const rows = registers.x.map((y) => y[part]);
          return storeTransposed(rows, registers.t, dst[part], dst[`${part}At`]);
        }),
        advance(src, VECTOR),
        advance(dst, VECTOR * radix),
        set(table, i32.add(table, i32.const(entry))),
      ],
      i32.ne(table, tableEnd),
    ),
  ];
}

/** The place with pointers of its own, or one where both parts share theirs. */
const pointed = (place: Place, { re, im }: Complex): Place => ({
  ...place,
  re,
  im: place.re === place.im ? re : im,
});

const point = (place: Place, from: Place): Code => [
  set(place.re, from.re),
  place.re === place.im ? [] : set(place.im, from.im),
];

const advance = (place: Place, bytes: number): Code => [
  set(place.re, i32.add(place.re, i32.const(bytes))),
  place.re === place.im ? [] : set(place.im, i32.add(place.im, i32.const(bytes))),
];

function loadInputs({ x }: Registers, radix: number, from: Place, at: number, distance: number): Code {
  return x
    .slice(0, radix)
    .map((one, j) =>
      PARTS.map((part) => set(one[part], v128.load(from[part], from[`${part}At`] + at + j * distance))),
    );
}
