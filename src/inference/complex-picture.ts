// Draws a complex image [H, W] as hue (phase) and brightness (amplitude), with a colour wheel as its legend.
import { PtychoError } from "../core/errors.js";
import type { ComplexArray, NdArray } from "../core/ndarray.js";
import { expectShape } from "../core/shape.js";
import { FONT_HEIGHT } from "./bitmap-font.js";
import { type ColourBar, colourBarWidth, drawColourBar } from "./colour-bar.js";
import { drawColourWheel, wheelHeight, wheelWidth } from "./colour-wheel.js";
import { amplitudeGrey, complexColours } from "./complex-colour.js";
import { drawImagePage, type Legend } from "./image-page.js";
import type { Picture } from "./page.js";
import { linearTicks, percentiles } from "./picture-scale.js";

export interface ComplexPictureOptions {
  readonly title: string;
  /** Amplitude of full brightness. Default: the 99.5 percentile of the covered pixels. */
  readonly amplitudeMax?: number;
  /** Unit above the bar of amplitudes. Default: "amplitude". */
  readonly unit?: string;
  /** Weight [H, W]; pixels at 0 are drawn as hatched grey, like values that are not finite. */
  readonly coverage?: NdArray<"float32">;
  /** Size of an image pixel; the scale bar is in pixels when absent. */
  readonly pixelSizeM?: number;
}

/**
 * The picture of `object` [H, W]: row 0 on top, column 0 at the left. The phase is drawn as it is; take a free global
 * phase off before.
 *
 * @throws PtychoError ShapeError for a coverage of another shape, UsageError for an amplitudeMax that is not above 0.
 */
export function drawComplexPicture(
  object: ComplexArray<"float32"> | ComplexArray<"float64">,
  options: ComplexPictureOptions,
): Picture {
  const { H, W } = expectShape("drawComplexPicture", object.shape, "H W");
  if (options.coverage !== undefined)
    expectShape("drawComplexPicture: coverage", options.coverage.shape, "H W", { H, W });
  const { re, im } = object;
  const coverage = options.coverage?.data;
  const isDrawn = (i: number) =>
    Number.isFinite(re[i]) && Number.isFinite(im[i]) && (coverage === undefined || coverage[i] > 0);
  const amplitudeMax = options.amplitudeMax ?? brightest(object, isDrawn);
  if (!(Number.isFinite(amplitudeMax) && amplitudeMax > 0))
    throw new PtychoError(
      "UsageError",
      `drawComplexPicture: expected an amplitudeMax above 0, got ${amplitudeMax}`,
    );
  const colourOf = complexColours();
  return drawImagePage({
    title: options.title,
    image: { rows: H, columns: W, isDrawn, colourAt: (i) => colourOf(re[i], im[i], amplitudeMax) },
    legend: complexLegend(amplitudeMax, options.unit ?? "amplitude"),
    pixelSizeM: options.pixelSizeM,
  });
}

function brightest(
  { re, im }: ComplexArray<"float32"> | ComplexArray<"float64">,
  isDrawn: (index: number) => boolean,
): number {
  const amplitude = Float64Array.from(re, (real, i) => Math.hypot(real, im[i]));
  const [most] = percentiles(amplitude, isDrawn, [0.995]);
  return most > 0 ? most : 1;
}

/** The wheel on top, below it a bar of the amplitudes. */
function complexLegend(amplitudeMax: number, unit: string): Legend {
  const bar: ColourBar = {
    low: 0,
    high: amplitudeMax,
    ticks: linearTicks(0, amplitudeMax),
    unit,
    colourOf: (amplitude) => amplitudeGrey(amplitude, amplitudeMax),
  };
  const barTop = (size: number) => wheelHeight(size) + (FONT_HEIGHT + 18) * size;
  return {
    widthPx: (size) => Math.max(wheelWidth(size), colourBarWidth(bar, size)),
    leastHeightPx: (size) => barTop(size) + 60 * size,
    draw: (page, { left, top, height, size }) => {
      drawColourWheel(page, left, top, size);
      const below = barTop(size);
      drawColourBar(page, bar, { left, top: top + below, height: height - below, size });
    },
  };
}
