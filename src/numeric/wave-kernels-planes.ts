// Writes the kernels that treat each pixel alone as WebAssembly SIMD: products, intensities, factors, windows of a
// canvas, sums. What each kernel means stands in the interface WaveKernels.

import {
  type Code,
  type Frame,
  f32x4,
  f64,
  f64x2,
  i32,
  type Local,
  type Operand,
  set,
  v128,
  type WasmFunction,
} from "./wasm-module.js";
import {
  advance,
  bytesOf,
  onPlanes,
  onWindow,
  type Pixels,
  repeat,
  splatted,
  sweep,
  sweepRows,
} from "./wave-kernels-sweep.js";

const { add, sub, mul, div, sqrt, gt, ge, pmin, pmax } = f32x4;

/** All kernels of this file. Names ending in "Add" add to their output. */
export function planeFunctions(): WasmFunction[] {
  return [
    onWindow("illuminate", 2, 4, 0, (frame, [canvasRe, canvasIm, outRe, outIm, probeRe, probeIm]) =>
      product(frame, [outRe, outIm], [probeRe, probeIm], [canvasRe, canvasIm], false, false),
    ),
    ...[false, true].flatMap((accumulate) => {
      const name = (base: string): string => (accumulate ? `${base}Add` : base);
      return [
        onPlanes(name("conjugateProduct"), 6, 0, (frame, [outRe, outIm, aRe, aIm, bRe, bIm]) =>
          product(frame, [outRe, outIm], [bRe, bIm], [aRe, aIm], true, accumulate),
        ),
        onWindow(name("conjugateWindow"), 2, 4, 0, (frame, [canvasRe, canvasIm, outRe, outIm, bRe, bIm]) =>
          product(frame, [outRe, outIm], [bRe, bIm], [canvasRe, canvasIm], true, accumulate),
        ),
        onPlanes(name("intensity"), 3, 0, (frame, [out, re, im]) => {
          const [a, b] = [frame.local("v128"), frame.local("v128")];
          return (pixels) => [
            set(a, pixels.load(re)),
            set(b, pixels.load(im)),
            pixels.store(out, plus(accumulate, pixels.load(out), add(mul(a, a), mul(b, b)))),
          ];
        }),
        modulate(name("modulate"), accumulate),
      ];
    }),
    onPlanes("scale", 3, 0, (frame, [re, im, factor]) => {
      const by = frame.local("v128");
      return (pixels) => [
        set(by, pixels.load(factor)),
        pixels.store(re, mul(pixels.load(re), by)),
        pixels.store(im, mul(pixels.load(im), by)),
      ];
    }),
    onPlanes("addScaled", 4, 1, (_, [outRe, outIm, re, im], [factor]) => (pixels) => [
      pixels.store(outRe, add(pixels.load(outRe), mul(pixels.load(re), factor))),
      pixels.store(outIm, add(pixels.load(outIm), mul(pixels.load(im), factor))),
    ]),
    onPlanes("decayAndSubtract", 4, 1, (frame, [outRe, outIm, re, im], [factor]) => {
      const shrunk = frame.local("v128");
      return (pixels) =>
        [
          [outRe, re],
          [outIm, im],
        ].map(([out, plane]) => [
          set(shrunk, mul(pixels.load(plane), factor)),
          pixels.store(plane, shrunk),
          pixels.store(out, sub(pixels.load(out), shrunk)),
        ]);
    }),
    onWindow("addWindow", 3, 3, 0, (_, [re, im, weight, changeRe, changeIm, illumination]) => (pixels) => [
      pixels.store(re, add(pixels.load(re), pixels.load(changeRe))),
      pixels.store(im, add(pixels.load(im), pixels.load(changeIm))),
      pixels.store(weight, add(pixels.load(weight), pixels.load(illumination))),
    ]),
    onWindow("applyWindow", 5, 0, 3, (frame, [re, im, sumRe, sumIm, weight], [step, keep, floor]) => {
      const [w, part] = [frame.local("v128"), frame.local("v128")];
      const zero = f32x4.const(0);
      return (pixels) => [
        set(w, pixels.load(weight)),
        set(part, v128.and(div(step, add(mul(keep, w), floor)), gt(w, zero))),
        pixels.store(re, add(pixels.load(re), mul(pixels.load(sumRe), part))),
        pixels.store(im, add(pixels.load(im), mul(pixels.load(sumIm), part))),
        [sumRe, sumIm, weight].map((plane) => pixels.store(plane, zero)),
      ];
    }),
    factor("amplitudeFactor", 1, (measured, modelled, [dark]) =>
      sub(div(measured, sqrt(add(modelled, dark))), f32x4.const(1)),
    ),
    factor("poissonFactor", 2, (measured, modelled, [dark, limit]) => {
      const ratio = div(mul(measured, measured), add(modelled, dark));
      const raw = mul(sub(ratio, f32x4.const(1)), f32x4.const(0.5));
      return pmin(pmax(raw, f32x4.const(-0.5)), limit);
    }),
    sum("dot", 4, 0, (_, [aRe, aIm, bRe, bIm]) => (pixels) => ({
      before: [],
      term: add(mul(pixels.load(aRe), pixels.load(bRe)), mul(pixels.load(aIm), pixels.load(bIm))),
      after: [],
    })),
    sum("energy", 2, 0, (frame, [re, im]) => {
      const [a, b] = [frame.local("v128"), frame.local("v128")];
      return (pixels) => ({
        before: [set(a, pixels.load(re)), set(b, pixels.load(im))],
        term: add(mul(a, a), mul(b, b)),
        after: [],
      });
    }),
  ];
}

const plus = (accumulate: boolean, before: Operand, more: Code): Code =>
  accumulate ? add(before, more) : more;

type Planes = readonly [Local, Local];

/** out (+)= a * b, or a * conj(b). */
function product(
  frame: Frame,
  [outRe, outIm]: Planes,
  [aRe, aIm]: Planes,
  [bRe, bIm]: Planes,
  conjugate: boolean,
  accumulate: boolean,
): (pixels: Pixels) => Code {
  const [a, b, c, d] = [0, 1, 2, 3].map(() => frame.local("v128"));
  const [ofRe, ofIm] = conjugate ? [add, sub] : [sub, add];
  return (pixels) => [
    set(a, pixels.load(aRe)),
    set(b, pixels.load(aIm)),
    set(c, pixels.load(bRe)),
    set(d, pixels.load(bIm)),
    pixels.store(outRe, plus(accumulate, pixels.load(outRe), ofRe(mul(a, c), mul(b, d)))),
    pixels.store(outIm, plus(accumulate, pixels.load(outIm), ofIm(mul(b, c), mul(a, d)))),
  ];
}

/** function(outRe, outIm, waveRe, waveIm, columnsRe, columnsIm, rowsRe, rowsIm, rows, columns, sign): sign -1 conjugates. */
function modulate(name: string, accumulate: boolean): WasmFunction {
  return {
    name,
    parameters: [...repeat("i32", 10), "f32"],
    body(frame) {
      const planes = frame.parameters.slice(0, 6);
      const [outRe, outIm, re, im, columnsRe, columnsIm] = planes;
      const [rowsRe, rowsIm, rows, columns] = frame.parameters.slice(6);
      const [signs, [sign]] = splatted(frame, [frame.parameters[10]]);
      const [rowRe, rowIm, c, d] = [0, 1, 2, 3].map(() => frame.local("v128"));
      const ramp = [frame.local("v128"), frame.local("v128")];
      const width = frame.local("i32");
      const kernel = (pixels: Pixels): Code => [
        set(c, pixels.load(columnsRe)),
        set(d, pixels.load(columnsIm)),
        set(ramp[0], sub(mul(rowRe, c), mul(rowIm, d))),
        set(ramp[1], mul(sign, add(mul(rowRe, d), mul(rowIm, c)))),
        set(c, pixels.load(re)),
        set(d, pixels.load(im)),
        pixels.store(outRe, plus(accumulate, pixels.load(outRe), sub(mul(c, ramp[0]), mul(d, ramp[1])))),
        pixels.store(outIm, plus(accumulate, pixels.load(outIm), add(mul(c, ramp[1]), mul(d, ramp[0])))),
      ];
      const ofRow = [set(rowRe, v128.loadSplat(rowsRe)), set(rowIm, v128.loadSplat(rowsIm))];
      const betweenRows = [
        advance([rowsRe, rowsIm], i32.const(4)),
        [columnsRe, columnsIm].map((plane) => set(plane, i32.sub(plane, width))),
      ];
      return [
        signs,
        set(width, bytesOf(columns)),
        sweepRows(frame, planes, rows, columns, kernel, ofRow, betweenRows),
      ];
    },
  };
}

/** Replaces modelled intensities by factors, 0 where not measured, and sums (sqrt(I) - A)^2. */
function factor(
  name: string,
  constants: number,
  change: (measured: Local, modelled: Local, constants: readonly Local[]) => Code,
): WasmFunction {
  return sum(name, 2, constants, (frame, [intensity, measured], vectors) => {
    const [modelled, amplitude, valid, misfit] = [0, 1, 2, 3].map(() => frame.local("v128"));
    return (pixels) => ({
      before: [
        set(modelled, pixels.load(intensity)),
        set(amplitude, pixels.load(measured)),
        set(valid, ge(amplitude, f32x4.const(0))),
        set(misfit, v128.and(sub(sqrt(modelled), amplitude), valid)),
      ],
      term: mul(misfit, misfit),
      after: pixels.store(intensity, v128.and(change(amplitude, modelled, vectors), valid)),
    });
  });
}

/** A sum of one term per pixel in float64: function(...planes, count, ...constants). */
function sum(
  name: string,
  planes: number,
  constants: number,
  kernel: (
    frame: Frame,
    planes: readonly Local[],
    constants: readonly Local[],
  ) => (pixels: Pixels) => { readonly before: Code; readonly term: Code; readonly after: Code },
): WasmFunction {
  return {
    name,
    parameters: [...repeat("i32", planes + 1), ...repeat("f32", constants)],
    result: "f64",
    body(frame) {
      const pointers = frame.parameters.slice(0, planes);
      const [prepare, vectors] = splatted(frame, frame.parameters.slice(planes + 1));
      const [low, high, term] = [0, 1, 2].map(() => frame.local("v128"));
      const ofPixels = kernel(frame, pointers, vectors);
      const code = sweep(frame, pointers, frame.parameters[planes], (pixels) => {
        const parts = ofPixels(pixels);
        return [
          parts.before,
          set(term, parts.term),
          set(low, f64x2.add(low, f64x2.promoteLow(term))),
          set(high, f64x2.add(high, f64x2.promoteLow(f32x4.shuffle(term, term, [2, 3, 2, 3])))),
          parts.after,
        ];
      });
      return [
        prepare,
        code,
        set(low, f64x2.add(low, high)),
        f64.add(f64x2.extract(low, 0), f64x2.extract(low, 1)),
      ];
    },
  };
}
