// Draws the incoherent modes of a probe [P, N, N] side by side, each with its share of the power, and their intensity.
import { PtychoError } from "../core/errors.js";
import type { ComplexArray } from "../core/ndarray.js";
import { expectShape } from "../core/shape.js";
import { FONT_HEIGHT } from "./bitmap-font.js";
import { type ColourBar, colourBarWidth, drawColourBar } from "./colour-bar.js";
import { mapColours } from "./colour-map.js";
import { drawColourWheel, wheelHeight, wheelWidth } from "./colour-wheel.js";
import { complexColours } from "./complex-colour.js";
import {
  drawNoDataNote,
  drawScaleBar,
  hasMissing,
  type PaintedImage,
  paintImage,
  scaleBar,
} from "./image-page.js";
import { blankPage, drawText, FAINT_INK, INK, type Picture, textPixels } from "./page.js";
import { linearTicks } from "./picture-scale.js";

export interface ProbePictureOptions {
  /** Default: "probe". */
  readonly title?: string;
  /** Size of a probe pixel; the scale bar is in pixels when absent. */
  readonly pixelSizeM?: number;
}

const MOST_MODES = 12;
const MOST_COLUMNS = 5;
/** Small probes are enlarged by a whole factor to at least this many picture pixels. */
const LEAST_SIDE = 220;

/**
 * One panel a mode, up to twelve, in the order given: hue is the phase, brightness the amplitude over the mode's own
 * maximum, the title its share of the power of all modes. The last panel is the sum of the intensities of all modes.
 *
 * @throws PtychoError ShapeError unless `probe` is [P, N, N] with P >= 1.
 */
export function drawProbeModes(
  probe: ComplexArray<"float32"> | ComplexArray<"float64">,
  options: ProbePictureOptions = {},
): Picture {
  const { P, N } = expectShape("drawProbeModes", probe.shape, "P N N");
  if (P < 1 || N < 1)
    throw new PtychoError(
      "ShapeError",
      `drawProbeModes: expected a mode, got shape [${probe.shape.join(", ")}]`,
    );
  const modes = modesOf(probe, P, N);
  const total = intensityPanel(probe, P, N);
  const shown = modes.slice(0, MOST_MODES);
  const panels = [...shown, total];
  const title = options.title ?? "probe";

  const enlarge = Math.ceil(LEAST_SIDE / N);
  const side = N * enlarge;
  const size = Math.min(4, Math.max(2, Math.round(side / 256)));
  const line = FONT_HEIGHT * size;
  const gap = 6 * size;
  const rows = Math.ceil(panels.length / MOST_COLUMNS);
  const columns = Math.ceil(panels.length / rows);
  const left = gap * 2;
  const top = gap * 3 + (line + gap) * 2;
  const panelLeft = (k: number) => left + (k % columns) * (side + gap * 2);
  const panelTop = (k: number) => top + Math.floor(k / columns) * (side + line + gap * 3);
  const barLeft = panelLeft(panels.length - 1) + side + gap;
  const wheelLeft =
    Math.max(panelLeft(columns - 1) + side, barLeft + colourBarWidth(total.bar, size)) + gap * 2;
  const footer = Math.max(panelTop(panels.length - 1) + side, top + wheelHeight(size)) + gap * 1.5;
  const anyMissing = panels.some(hasMissing);
  const notes = ["brightness: amplitude of each mode over its own maximum", ...omitted(modes)];
  const lines = 1 + notes.length + (anyMissing ? 1 : 0);
  const widest = Math.max(
    wheelLeft + wheelWidth(size),
    ...[title, ...notes].map((text) => left + textPixels(text, size)),
  );
  const page = blankPage(widest + gap * 2, footer + lines * (line + gap) + gap);

  drawText(page, title, left, gap * 2, size, INK);
  panels.forEach((panel, k) => {
    const place = { left: panelLeft(k), top: panelTop(k), width: side, height: side };
    drawText(page, panel.title, place.left, place.top - line - gap, size, INK);
    paintImage(page, place, panel, size);
  });
  drawColourBar(page, total.bar, { left: barLeft, top: panelTop(panels.length - 1), height: side, size });
  drawColourWheel(page, wheelLeft, top, size);

  const labelEnd = drawScaleBar(page, scaleBar(N, enlarge, options.pixelSizeM), left, footer, size);
  drawText(page, `${N} × ${N} px`, labelEnd + gap * 3, footer, size, FAINT_INK);
  notes.forEach((note, k) => {
    drawText(page, note, left, footer + (k + 1) * (line + gap), size, FAINT_INK);
  });
  if (anyMissing) drawNoDataNote(page, left, footer + (lines - 1) * (line + gap), size);
  return page;
}

interface Panel extends PaintedImage {
  readonly title: string;
}

interface ModePanel extends Panel {
  readonly share: number;
}

function modesOf(
  { re, im }: ComplexArray<"float32"> | ComplexArray<"float64">,
  count: number,
  extent: number,
): ModePanel[] {
  const pixels = extent * extent;
  const powers: number[] = [];
  const largest: number[] = [];
  for (let mode = 0; mode < count; mode++) {
    let power = 0;
    let most = 0;
    for (let i = mode * pixels; i < (mode + 1) * pixels; i++) {
      const intensity = re[i] * re[i] + im[i] * im[i];
      if (!Number.isFinite(intensity)) continue;
      power += intensity;
      most = Math.max(most, intensity);
    }
    powers.push(power);
    largest.push(most > 0 ? Math.sqrt(most) : 1);
  }
  const sum = powers.reduce((total, power) => total + power, 0);
  const colourOf = complexColours();
  return powers.map((power, mode) => {
    const share = sum > 0 ? power / sum : 0;
    const start = mode * pixels;
    return {
      title: `mode ${mode + 1}: ${percent(share)}`,
      share,
      rows: extent,
      columns: extent,
      isDrawn: (k) => Number.isFinite(re[start + k] + im[start + k]),
      colourAt: (k) => colourOf(re[start + k], im[start + k], largest[mode]),
    };
  });
}

function intensityPanel(
  { re, im }: ComplexArray<"float32"> | ComplexArray<"float64">,
  count: number,
  extent: number,
): Panel & { readonly bar: ColourBar } {
  const intensity = new Float64Array(extent * extent);
  for (let mode = 0; mode < count; mode++)
    for (let k = 0; k < intensity.length; k++) {
      const i = mode * intensity.length + k;
      intensity[k] += re[i] * re[i] + im[i] * im[i];
    }
  const most = intensity.reduce((high, value) => (Number.isFinite(value) ? Math.max(high, value) : high), 0);
  const high = most > 0 ? most : 1;
  const colourOf = mapColours("viridis", 0, high);
  return {
    title: "total intensity",
    rows: extent,
    columns: extent,
    isDrawn: (k) => Number.isFinite(intensity[k]),
    colourAt: (k) => colourOf(intensity[k]),
    bar: { low: 0, high, ticks: linearTicks(0, high), unit: "", colourOf },
  };
}

/** What the page says of the modes that it has no room for. */
function omitted(modes: readonly ModePanel[]): string[] {
  const rest = modes.slice(MOST_MODES);
  if (rest.length === 0) return [];
  const share = rest.reduce((sum, mode) => sum + mode.share, 0);
  const names =
    rest.length === 1 ? `mode ${modes.length} is` : `modes ${MOST_MODES + 1} to ${modes.length} are`;
  return [`${names} not drawn: ${percent(share)} of the power`];
}

function percent(share: number): string {
  return share > 0 && share < 0.0005 ? "<0.1 %" : `${(share * 100).toFixed(1)} %`;
}
