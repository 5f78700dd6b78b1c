// The doctor's report as one page: styles and pictures are inside, nothing is fetched, nothing runs.
import type { Json } from "../core/json.js";
import { complex64, float64 } from "../core/ndarray.js";
import type { ScanFacts } from "../data/doctor/facts.js";
import type { Finding } from "../data/doctor/finding.js";
import { betterOrientation } from "../data/doctor/orientation.js";
import { drawPicture, type Picture } from "../inference/picture.js";
import { drawPositionMap } from "../inference/position-picture.js";
import { drawProbeModes } from "../inference/probe-picture.js";
import { escaped, htmlPage, pictureAddress } from "./report/html-page.js";

const STYLE = `
.finding { border-left: .4rem solid; padding: .3rem .8rem; margin: .6rem 0; background: #f7f7f7; }
.error { border-color: #c0392b; } .warning { border-color: #d68910; } .note { border-color: #2471a3; }
.finding b { text-transform: uppercase; font-size: .75rem; } code { background: #eee; padding: .1rem .3rem; overflow-wrap: anywhere; }
figure { display: inline-block; margin: 0 1rem 1rem 0; } img { max-width: 100%; height: auto; border: 1px solid #ddd; }
.best { font-weight: bold; }
`;

/** The page as HTML text; every word of the file is escaped. */
export function inspectionPage(
  file: string,
  facts: ScanFacts,
  description: { readonly [subject: string]: Json },
  findings: readonly Finding[],
): string {
  return htmlPage({
    title: `Inspection of ${file}`,
    style: STYLE,
    body: [
      `<h2>Findings</h2>${findings.length === 0 ? "<p>None: nothing is wrong that we know to look for.</p>" : findings.map(findingBlock).join("\n")}`,
      ...figures(facts).map(({ caption, picture }) => figure(caption, picture)),
      sweepTable(facts),
      "<h2>The file</h2>",
      ...Object.entries(description).map(
        ([subject, value]) => `<h3>${escaped(subject)}</h3>${valueTable(value)}`,
      ),
    ],
  });
}

function findingBlock({ id, severity, sentence, repair }: Finding): string {
  const command = repair === undefined ? "" : `<br><code>${escaped(repair)}</code>`;
  return `<div class="finding ${severity}"><b>${severity}</b> <code>${escaped(id)}</code><br>${escaped(sentence)}${command}</div>`;
}

interface Figure {
  readonly caption: string;
  readonly picture: Picture;
}

function figures({ statistics, meanIntensity, positions, contents, probe }: ScanFacts): Figure[] {
  const found: Figure[] = [];
  if (statistics !== undefined && meanIntensity !== undefined) {
    const { height, width } = statistics;
    const dimmest = meanIntensity.reduce(
      (least, value) => (value > 0 && value < least ? value : least),
      Infinity,
    );
    const logarithm = meanIntensity.map((value) => Math.log10(value > 0 ? value : dimmest));
    const picture = drawPicture(float64([height, width], logarithm), {
      ...{ title: "mean pattern", map: "viridis", unit: "log10" },
    });
    found.push({ caption: `Mean intensity of ${statistics.n} patterns, logarithmic`, picture });
  }
  if (positions?.areFinite === true && positions.xPx.length > 0) {
    const N = contents?.patterns?.width ?? 0;
    const [left, top] = [least(positions.xPx) - N / 2, least(positions.yPx) - N / 2];
    const picture = drawPositionMap({
      xPx: positions.xPx.map((value) => value - left),
      yPx: positions.yPx.map((value) => value - top),
      sizePx: [Math.ceil(positions.spanPx[1]) + N, Math.ceil(positions.spanPx[0]) + N],
    });
    found.push({ caption: `${positions.xPx.length} positions on the canvas`, picture });
  }
  const stored = contents?.probe;
  if (
    stored !== undefined &&
    probe?.modes !== undefined &&
    probe.N !== undefined &&
    probe.areFinite &&
    !probe.isZero
  ) {
    const picture = drawProbeModes(complex64([probe.modes, probe.N, probe.N], stored.re, stored.im));
    found.push({ caption: "The probe in the file", picture });
  }
  return found;
}

function figure(caption: string, picture: Picture): string {
  const { width, height } = picture;
  return `<figure><img alt="${escaped(caption)}" width="${width}" height="${height}" src="${pictureAddress(picture)}"><figcaption>${escaped(caption)}</figcaption></figure>`;
}

function sweepTable({ sweep }: ScanFacts): string {
  if (sweep === undefined) return "";
  const best = betterOrientation(sweep) ?? sweep.scores[0];
  const rows = [...sweep.scores, { name: "positions shuffled", residual: sweep.scores[0].shuffled }]
    .toSorted((a, b) => a.residual - b.residual)
    .map(
      ({ name, residual }) =>
        `<tr${name === best.name ? ' class="best"' : ""}><td>${escaped(name)}</td><td class="number">${residual.toFixed(4)}</td></tr>`,
    );
  return `<h2>Orientation</h2><p>${sweep.patterns} patterns around the middle of the scan, ${sweep.epochs} epochs each; R of the third that was not fitted. Probe: ${escaped(sweep.probe)}.</p><table><tr><th>positions</th><th>R</th></tr>${rows.join("")}</table>`;
}

function valueTable(value: Json): string {
  if (Array.isArray(value) && value.every((item) => typeof item === "object" && item !== null))
    return value.map(valueTable).join("<br>");
  if (typeof value !== "object" || value === null || Array.isArray(value)) return escaped(textOf(value));
  const rows = Object.entries(value).map(
    ([name, item]) => `<tr><td>${escaped(name)}</td><td>${valueTable(item)}</td></tr>`,
  );
  return `<table>${rows.join("")}</table>`;
}

function textOf(value: Json): string {
  if (Array.isArray(value)) return value.map(textOf).join(", ");
  if (typeof value === "number")
    return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(6)));
  return value === null ? "not known" : String(value);
}

function least(values: Float64Array): number {
  return values.reduce((found, value) => (value < found ? value : found), Number.POSITIVE_INFINITY);
}
