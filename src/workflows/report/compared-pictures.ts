// Registered objects as what a page can show: coloured pictures on common scales, and the values behind them.
import { type ComplexArray, complex64 } from "../../core/ndarray.js";
import { amplitudeOf } from "../../evaluation/align.js";
import type { RegisteredObjects } from "../../evaluation/compare-objects.js";
import { emptiestAngle, phaseFrom } from "../../evaluation/phase-agreement.js";
import type { RgbImage } from "../../formats/png.js";
import { type ColourMap, mapColours } from "../../inference/colour-map.js";
import { percentileRange } from "../../inference/picture-scale.js";

export interface ComparedPictures {
  /** Of the pictures, which are smaller than the window where `binPx` is not 1. */
  readonly width: number;
  readonly height: number;
  /** Object pixels along the edge of one of the pictures. */
  readonly binPx: number;
  readonly quantities: readonly ComparedQuantity[];
}

export interface ComparedQuantity {
  readonly name: "amplitude" | "phase";
  readonly unit: string;
  readonly map: ColourMap;
  /** Values at the ends of the colours. */
  readonly range: readonly [number, number];
  /** Smallest and largest value of all objects. */
  readonly extent: readonly [number, number];
  /** One an object. */
  readonly planes: readonly { readonly picture: RgbImage; readonly values: string }[];
}

/** Longest side of a picture on the page. */
const LONGEST_SIDE = 1024;
/** Colour of what not all cover. */
const NOT_COVERED = 225;
/** Largest whole number that stands for a value; one more stands for none. */
const TOP = 65_534;
/** Range of phases from which on a cyclic scale is due, radians. */
const WRAPS = 1.8 * Math.PI;

/**
 * Amplitude and phase (radians, cut where fewest pixels lie) of every object on common scales. `values` are little-endian
 * uint16 in base64, row by row: extent[0] + q / 65534 (extent[1] - extent[0]), 65535 where not all objects cover.
 */
export function comparedPictures({ objects, window, mask }: RegisteredObjects): ComparedPictures {
  const binPx = Math.ceil(Math.max(window.width, window.height) / LONGEST_SIDE);
  const binned = objects.map((object) => binnedObject(object, mask, binPx));
  const covered = binned[0].covered;
  const images = binned.map(({ image }) => image);
  const angle = emptiestAngle(images, covered);
  const cut = angle > 0 ? angle - 2 * Math.PI : angle;
  const [height, width] = images[0].shape;
  return {
    ...{ width, height, binPx },
    quantities: [
      quantityOf(
        "amplitude",
        images.map((image) => amplitudeOf(image).data),
        covered,
        width,
      ),
      quantityOf(
        "phase",
        images.map((image) => phaseFrom(image, cut).data),
        covered,
        width,
      ),
    ],
  };
}

function quantityOf(
  name: ComparedQuantity["name"],
  planes: readonly Float64Array[],
  covered: Uint8Array,
  width: number,
): ComparedQuantity {
  const ranges = planes.map((plane) => percentileRange(plane, (i) => covered[i] === 1));
  const own = [Math.min(...ranges.map(([low]) => low)), Math.max(...ranges.map(([, high]) => high))] as const;
  const isCyclic = name === "phase" && own[1] - own[0] > WRAPS;
  const range = isCyclic ? ([-Math.PI, Math.PI] as const) : own;
  const map = name === "amplitude" ? "gray" : isCyclic ? "phase" : "viridis";
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const plane of planes)
    plane.forEach((value, i) => {
      if (covered[i] === 0) return;
      least = Math.min(least, value);
      most = Math.max(most, value);
    });
  const colourOf = mapColours(map, range[0], range[1]);
  const shown = (value: number) => (isCyclic ? Math.atan2(Math.sin(value), Math.cos(value)) : value);
  return {
    ...{ name, map, range, extent: [least, most], unit: name === "phase" ? "rad" : "" },
    planes: planes.map((plane) => ({
      picture: pictureOf(plane, covered, width, (value) => colourOf(shown(value))),
      values: valuesText(plane, covered, least, most),
    })),
  };
}

function pictureOf(
  plane: Float64Array,
  covered: Uint8Array,
  width: number,
  colourOf: (value: number) => readonly [number, number, number],
): RgbImage {
  const rgb8 = new Uint8Array(3 * plane.length).fill(NOT_COVERED);
  for (let i = 0; i < plane.length; i++) if (covered[i] === 1) rgb8.set(colourOf(plane[i]), 3 * i);
  return { width, height: plane.length / width, rgb8 };
}

function valuesText(plane: Float64Array, covered: Uint8Array, least: number, most: number): string {
  const bytes = Buffer.alloc(2 * plane.length);
  const step = most > least ? TOP / (most - least) : 0;
  plane.forEach((value, i) => {
    bytes.writeUInt16LE(covered[i] === 1 ? Math.round((value - least) * step) : TOP + 1, 2 * i);
  });
  return bytes.toString("base64");
}

/** Means over squares of `edge` pixels, of what is covered; the squares that leave the image are left out. */
function binnedObject(image: ComplexArray, mask: Uint8Array, edge: number) {
  if (edge === 1) return { image, covered: mask };
  const [height, width] = image.shape.map((side) => Math.floor(side / edge));
  const small = complex64([height, width]);
  const count = new Float64Array(height * width);
  for (let y = 0; y < height * edge; y++)
    for (let x = 0; x < width * edge; x++) {
      const from = y * image.shape[1] + x;
      const to = Math.floor(y / edge) * width + Math.floor(x / edge);
      count[to] += mask[from];
      small.re[to] += mask[from] * image.re[from];
      small.im[to] += mask[from] * image.im[from];
    }
  for (let i = 0; i < count.length; i++) {
    small.re[i] /= Math.max(1, count[i]);
    small.im[i] /= Math.max(1, count[i]);
  }
  return { image: small, covered: Uint8Array.from(count, (pixels) => (pixels > 0 ? 1 : 0)) };
}
