// Draws a real image [H, W] as an RGB picture: colours, colour bar with numbers, scale bar, title.
import { PtychoError } from "../core/errors.js";
import type { NdArray } from "../core/ndarray.js";
import { expectShape } from "../core/shape.js";
import { colourBarWidth, drawColourBar } from "./colour-bar.js";
import { type ColourMap, mapColours } from "./colour-map.js";
import { drawImagePage } from "./image-page.js";
import { blankPage, type Picture } from "./page.js";
import { linearTicks, PHASE_TICKS, percentileRange } from "./picture-scale.js";

export type { Picture } from "./page.js";

export interface PictureOptions {
  readonly title: string;
  /** "gray" or "viridis" for any quantity; "phase" is cyclic, in radians, from -pi to pi. */
  readonly map: ColourMap;
  /** Unit above the colour bar, such as "rad" or "a.u.". Default: "rad" for the phase map, else none. */
  readonly unit?: string;
  /** Values at the ends of the map. Default: the 0.5 and 99.5 percentiles of the covered pixels. Not for "phase". */
  readonly range?: readonly [number, number];
  /** Weight [H, W]; pixels at 0 are drawn as hatched grey, like values that are not finite. */
  readonly coverage?: NdArray<"float32">;
  /** Size of an image pixel; the scale bar is in pixels when absent. */
  readonly pixelSizeM?: number;
}

/**
 * The picture of `values` [H, W]: row 0 on top, column 0 at the left.
 *
 * @throws PtychoError ShapeError for a coverage of another shape, UsageError for a range that is none.
 */
export function drawPicture(
  values: NdArray<"float32"> | NdArray<"float64">,
  options: PictureOptions,
): Picture {
  const { H, W } = expectShape("drawPicture", values.shape, "H W");
  if (options.coverage !== undefined)
    expectShape("drawPicture: coverage", options.coverage.shape, "H W", { H, W });
  const coverage = options.coverage?.data;
  const isDrawn = (i: number) =>
    Number.isFinite(values.data[i]) && (coverage === undefined || coverage[i] > 0);
  const [low, high] = chooseRange(values, options, isDrawn);
  const colourOf = mapColours(options.map, low, high);
  const bar = {
    low,
    high,
    ticks: options.map === "phase" ? PHASE_TICKS : linearTicks(low, high),
    unit: options.unit ?? (options.map === "phase" ? "rad" : ""),
    colourOf,
  };
  return drawImagePage({
    title: options.title,
    image: { rows: H, columns: W, isDrawn, colourAt: (i) => colourOf(values.data[i]) },
    legend: {
      widthPx: (size) => colourBarWidth(bar, size),
      leastHeightPx: () => 0,
      draw: (page, place) => drawColourBar(page, bar, place),
    },
    pixelSizeM: options.pixelSizeM,
  });
}

/** Pictures side by side, aligned at the top. */
export function joinPictures(pictures: readonly Picture[]): Picture {
  const height = Math.max(0, ...pictures.map((picture) => picture.height));
  const page = blankPage(
    pictures.reduce((sum, picture) => sum + picture.width, 0),
    height,
  );
  let left = 0;
  for (const picture of pictures) {
    for (let row = 0; row < picture.height; row++) {
      const line = picture.rgb8.subarray(row * picture.width * 3, (row + 1) * picture.width * 3);
      page.rgb8.set(line, (row * page.width + left) * 3);
    }
    left += picture.width;
  }
  return page;
}

function chooseRange(
  values: NdArray<"float32"> | NdArray<"float64">,
  options: PictureOptions,
  isDrawn: (index: number) => boolean,
): readonly [number, number] {
  if (options.map === "phase") {
    if (options.range === undefined) return [-Math.PI, Math.PI];
    throw new PtychoError(
      "UsageError",
      "drawPicture: the cyclic phase map always runs from -pi to pi; leave the range out or choose viridis",
    );
  }
  if (options.range === undefined) return percentileRange(values.data, isDrawn);
  const [low, high] = options.range;
  if (Number.isFinite(low) && Number.isFinite(high) && low < high) return options.range;
  throw new PtychoError("UsageError", `drawPicture: expected a range low < high, got [${low}, ${high}]`);
}
