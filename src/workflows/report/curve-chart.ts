// Curves over one axis as an SVG drawing for a page.
import { linearTicks } from "../../inference/picture-scale.js";
import { escaped } from "./html-page.js";

export interface Curve {
  readonly name: string;
  readonly x: readonly number[];
  readonly y: readonly number[];
  /** A colour of CSS. */
  readonly colour: string;
  /** A dash pattern of SVG; an unbroken line when absent. */
  readonly dash?: string;
}

export interface Chart {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly xRange: readonly [number, number];
  readonly yRange: readonly [number, number];
  readonly curves: readonly Curve[];
}

const [WIDTH, HEIGHT] = [720, 320];
const PLOT = { left: 56, top: 12, right: WIDTH - 12, bottom: HEIGHT - 44 };

/** Curve i is the element of class `curve-i`; every word is escaped. */
export function curveChart({ title, xLabel, yLabel, xRange, yRange, curves }: Chart): string {
  const atX = (x: number) =>
    PLOT.left + ((x - xRange[0]) / (xRange[1] - xRange[0])) * (PLOT.right - PLOT.left);
  const atY = (y: number) =>
    PLOT.bottom - ((y - yRange[0]) / (yRange[1] - yRange[0])) * (PLOT.bottom - PLOT.top);
  const round = (value: number) => value.toFixed(1);
  const ticks = [
    ...linearTicks(...xRange).map(({ value, label }) => {
      const x = round(atX(value));
      return `<path d="M${x} ${PLOT.top}V${PLOT.bottom + 4}"/><text x="${x}" y="${PLOT.bottom + 18}" text-anchor="middle">${label}</text>`;
    }),
    ...linearTicks(...yRange).map(({ value, label }) => {
      const y = round(atY(value));
      return `<path d="M${PLOT.left - 4} ${y}H${PLOT.right}"/><text x="${PLOT.left - 8}" y="${y}" dy=".35em" text-anchor="end">${label}</text>`;
    }),
  ];
  const lines = curves.map(({ name, x, y, colour, dash }, i) => {
    const points = x.map((value, k) => `${round(atX(value))},${round(atY(y[k]))}`);
    const broken = dash === undefined ? "" : ` stroke-dasharray="${dash}"`;
    return `<polyline class="curve-${i}" points="${points.join(" ")}" stroke="${colour}"${broken}><title>${escaped(name)}</title></polyline>`;
  });
  return [
    `<svg class="chart" viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escaped(title)}">`,
    `<g stroke="#ddd" fill="#444" class="axis">${ticks.join("")}</g>`,
    `<g fill="none" stroke-width="1.8">${lines.join("")}</g>`,
    `<text x="${(PLOT.left + PLOT.right) / 2}" y="${HEIGHT - 8}" text-anchor="middle">${escaped(xLabel)}</text>`,
    `<text transform="translate(14 ${(PLOT.top + PLOT.bottom) / 2}) rotate(-90)" text-anchor="middle">${escaped(yLabel)}</text>`,
    "</svg>",
  ].join("");
}
