// A window of a stitched canvas at a place between its pixels, without the edges of the canvas ringing into it.
import { check } from "../core/errors.js";
import { type ComplexArray, complex64 } from "../core/ndarray.js";
import { type Plane, removePhaseRamp } from "./align.js";
import type { PlacedObject } from "./covered-area.js";
import { fourierShift } from "./registration.js";
import { crop, type Window } from "./window.js";

/** Pixels around the window that take part in the interpolation, faded out towards their rim. */
const MARGIN_PX = 16;

/**
 * The window [h, w] (scan frame) of `placed` as seen `shiftPx` further right and down, times exp(-i ramp), the ramp
 * counted from the window's corner before the shift. Fractions by Fourier shift of the window and a margin around it.
 * A pixel without coverage, or outside the canvas, takes the mean of the covered ones.
 *
 * @throws PtychoError DataError for covered values that are not finite.
 */
export function sampleObject(
  placed: PlacedObject,
  window: Window,
  options: { readonly shiftPx: readonly [number, number]; readonly ramp: Plane },
): ComplexArray {
  const { shiftPx, ramp } = options;
  const wholeX = Math.round(shiftPx[0]);
  const wholeY = Math.round(shiftPx[1]);
  const wide: Window = {
    x: window.x - MARGIN_PX,
    y: window.y - MARGIN_PX,
    width: window.width + 2 * MARGIN_PX,
    height: window.height + 2 * MARGIN_PX,
  };
  const offset = ramp.offset - (ramp.gradientX + ramp.gradientY) * MARGIN_PX;
  const { covered, image } = cutOut(placed, { ...wide, x: wide.x + wholeX, y: wide.y + wholeY });
  const flat = removePhaseRamp(image, { ...ramp, offset });
  const rest = [wholeX - shiftPx[0], wholeY - shiftPx[1]] as const;
  const filled = fillAndFade(flat, covered);
  const moved = rest[0] === 0 && rest[1] === 0 ? filled : fourierShift(filled, rest);
  return crop(moved, window, [wide.x, wide.y]);
}

/** Canvas values in a window that may leave the canvas, and where they are covered. */
function cutOut({ object, coverage, originPx }: PlacedObject, window: Window) {
  const [H, W] = object.shape;
  const image = complex64([window.height, window.width]);
  const covered = new Uint8Array(window.width * window.height);
  const left = window.x - Math.round(originPx[0]);
  const top = window.y - Math.round(originPx[1]);
  for (let row = 0, to = 0; row < window.height; row++) {
    for (let column = 0; column < window.width; column++, to++) {
      const [x, y] = [left + column, top + row];
      if (x < 0 || y < 0 || x >= W || y >= H) continue;
      const from = y * W + x;
      if (coverage.data[from] <= 0) continue;
      covered[to] = 1;
      image.re[to] = object.re[from];
      image.im[to] = object.im[from];
      check(
        Number.isFinite(image.re[to]) && Number.isFinite(image.im[to]),
        "DataError",
        () =>
          `compareHalves: the object at [${x}, ${y}] is not finite although it is covered; did it diverge?`,
      );
    }
  }
  return { image, covered };
}

/** Uncovered pixels take the mean of the covered ones; the margin fades into that mean. */
function fillAndFade(image: ComplexArray, covered: Uint8Array): ComplexArray {
  const [height, width] = image.shape;
  const fade = (index: number, n: number) => {
    const fromEdge = Math.min(index, n - 1 - index) + 0.5;
    return fromEdge < MARGIN_PX ? Math.sin((Math.PI * fromEdge) / (2 * MARGIN_PX)) ** 2 : 1;
  };
  const alongX = Float64Array.from({ length: width }, (_, i) => fade(i, width));
  const alongY = Float64Array.from({ length: height }, (_, i) => fade(i, height));
  const filledPart = (values: Float32Array) => {
    let sum = 0;
    let count = 0;
    for (let i = 0; i < values.length; i++) {
      sum += covered[i] * values[i];
      count += covered[i];
    }
    const level = count > 0 ? sum / count : 0;
    return values.map((value, i) =>
      covered[i] ? level + (value - level) * alongX[i % width] * alongY[Math.floor(i / width)] : level,
    );
  };
  return { ...image, re: filledPart(image.re), im: filledPart(image.im) };
}
