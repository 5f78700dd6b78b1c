// Reconstructions beside each other as one page: pictures that zoom together, blink, a line profile, ring correlations,
// figures, and what was different in their runs.
import type { ImageMetrics, ResolutionFigure } from "../../evaluation/evaluate-reconstruction.js";
import { ONE_SEVENTH } from "../../evaluation/fourier-ring-correlation.js";
import { colourTable } from "../../inference/colour-map.js";
import { linearTicks } from "../../inference/picture-scale.js";
import type { ComparedPictures, ComparedQuantity } from "./compared-pictures.js";
import type { ComparedInput, Comparison, ComparisonFigures, RunDifferences } from "./comparison-figures.js";
import { COMPARISON_SCRIPT } from "./comparison-script.js";
import { type Curve, curveChart } from "./curve-chart.js";
import { dataBlock, escaped, htmlPage, pictureAddress } from "./html-page.js";

const STYLE = `
body { max-width: 90rem; }
.views { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(18rem, 100%), 1fr)); gap: 1rem; }
figure { margin: 0; min-width: 0; } figcaption { overflow-wrap: anywhere; }
.view { position: relative; overflow: hidden; background: #e1e1e1; border: 1px solid #bbb; touch-action: none; cursor: crosshair; }
.view:focus-visible { outline: 3px solid #2471a3; }
.view img { display: block; width: 100%; height: auto; transform-origin: 0 0; image-rendering: pixelated; user-select: none; -webkit-user-drag: none; }
.view img[hidden] { display: none; } .view svg { position: absolute; inset: 0; width: 100%; height: 100%; pointer-events: none; }
.view line { stroke: #ff2d95; stroke-width: 2; }
#blink-box figure { max-width: 40rem; } .live-only { display: none; } .live .live-only { display: block; }
.bar, .tools { display: flex; flex-wrap: wrap; gap: .4rem 1rem; align-items: center; margin: .5rem 0; } .bar svg { width: 22rem; max-width: 100%; }
.chart { width: 100%; max-width: 56rem; height: auto; font-size: 12px; } .axis text { stroke: none; }
.key { display: inline-block; width: 1.2rem; height: .25rem; vertical-align: middle; margin-right: .4rem; }
.key-list { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; padding: 0; list-style: none; }
.wide { overflow-x: auto; } .wide th, .wide td { overflow-wrap: break-word; max-width: 24rem; } td.best { font-weight: bold; } #read-out { display: block; min-height: 1.5em; font-variant-numeric: tabular-nums; }
`;

/** Told apart also by most who do not see all colours (Okabe & Ito 2008, then darker ones). */
const COLOURS = [
  ...["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#000000", "#e69f00", "#56b4e9"],
  ...["#7a5195", "#8c564b", "#606060", "#a00000", "#4b6b00", "#b8b000"],
];
const DASHES = [undefined, "7 3", "2 3", "9 3 2 3"];

/** The page as HTML text; every word of files and labels is escaped. */
export function comparisonPage(figures: ComparisonFigures, pictures: ComparedPictures): string {
  const { inputs, comparisons, differences, rectangle } = figures;
  const pixelSizeM = inputs.find(({ pixel_size_m }) => pixel_size_m !== null)?.pixel_size_m ?? null;
  const { width, height, binPx, quantities } = pictures;
  const data = {
    ...{ width, height, binPx, pixelSizeM },
    colours: inputs.map((_, i) => colourOf(i)),
    quantities: quantities.map(({ name, extent, planes }) => ({
      ...{ name, extent, values: planes.map(({ values }) => values) },
    })),
  };
  const smaller = binPx === 1 ? "" : ` One picture pixel is the mean of ${binPx} x ${binPx} object pixels.`;
  return htmlPage({
    title: `Comparison of ${inputs.map(({ label }) => label).join(", ")}`,
    style: STYLE,
    script: COMPARISON_SCRIPT,
    body: [
      inputTable(inputs),
      "<h2>Pictures</h2>",
      `<p>All lie on ${escaped(inputs[0].label)}, without phase ramps, with its mean amplitude; grey is what not all cover.${smaller}</p>`,
      tools(),
      ...quantities.map((quantity) => quantityViews(quantity, inputs, pictures)),
      '<output id="read-out" class="live-only"></output>',
      profileBox(inputs),
      blinkBox(inputs, pictures),
      "<h2>Fourier ring correlation</h2>",
      ringChart(comparisons, inputs),
      "<h2>Figures</h2>",
      `<p>Of ${rectangle.width} x ${rectangle.height} px from (${rectangle.x}, ${rectangle.y}). SSIM, PSNR and MAE as evaluate gives them: range and peak are those of what stands after "against"; MAE of the phase in rad. The period is where the ring correlation falls below its threshold.</p>`,
      metricTable(comparisons),
      "<h2>What was different in the runs</h2>",
      differenceTable(differences, inputs),
      dataBlock("data", data),
    ],
  });
}

function inputTable(inputs: readonly ComparedInput[]): string {
  const rows = inputs.map(
    ({ label, path, role, shape, pixel_size_m, shift_px, amplitude_scale, placed_by, agreement }, i) =>
      `<tr><td>${key(colourOf(i))}<span class="label">${escaped(label)}</span></td><td>${escaped(path)}</td><td>${role}</td>` +
      `<td class="number">${shape[1]} x ${shape[0]}</td><td class="number">${pixel_size_m === null ? "not known" : text(pixel_size_m * 1e9)}</td>` +
      (i === 0
        ? '<td colspan="4">the others lie on it</td></tr>'
        : `<td class="number">${shift_px.map((along) => along.toFixed(2)).join(", ")}</td><td class="number">${text(amplitude_scale)}</td><td class="number">${agreement.toFixed(3)}</td><td>${placed_by}</td></tr>`),
  );
  const heads = ["", "file", "", "size, px", "pixel, nm", "shift, px", "scale", "agreement", "placed by"];
  const numbers = heads.slice(3, 8);
  const head = heads.map((name) => `<th${numbers.includes(name) ? ' class="number"' : ""}>${name}</th>`);
  return `<div class="wide"><table id="inputs"><tr>${head.join("")}</tr>${rows.join("")}</table></div>`;
}

function tools(): string {
  return (
    '<div class="live-only"><div class="tools"><span>Drag: <label><input type="radio" name="drag" checked> moves</label> ' +
    '<label><input type="radio" name="drag" id="drag-line"> draws a profile line</label> (with Shift the other)</span>' +
    '<span>Wheel or + - zooms: <output id="zoom"></output></span><button id="reset">All of it</button></div></div>' +
    "<noscript><p>Zoom, blink and profile need JavaScript.</p></noscript>"
  );
}

function quantityViews(
  quantity: ComparedQuantity,
  inputs: readonly ComparedInput[],
  { width, height }: ComparedPictures,
): string {
  const views = quantity.planes.map(({ picture }, i) => {
    const name = `${quantity.name} of ${inputs[i].label}`;
    return (
      `<figure><div class="view" tabindex="0" data-member="${i}" data-quantity="${quantity.name}">` +
      `<img alt="${escaped(name)}" width="${width}" height="${height}" draggable="false" src="${pictureAddress(picture)}">` +
      `<svg><line style="display:none"/></svg></div><figcaption>${key(colourOf(i))}${escaped(inputs[i].label)}</figcaption></figure>`
    );
  });
  return `<h3>${quantity.name}</h3>${colourBar(quantity)}<div class="views">${views.join("")}</div>`;
}

function colourBar({ name, map, range, unit }: ComparedQuantity): string {
  const table = colourTable(map);
  const stops = Array.from({ length: 17 }, (_, i) => {
    const at = Math.round((i / 16) * 255) * 3;
    return `<stop offset="${i / 16}" stop-color="rgb(${table[at]},${table[at + 1]},${table[at + 2]})"/>`;
  });
  const ticks = linearTicks(...range).map(({ value, label }) => {
    const x = (10 + (300 * (value - range[0])) / (range[1] - range[0])).toFixed(1);
    return `<path d="M${x} 16v4" stroke="#444"/><text x="${x}" y="33" text-anchor="middle" font-size="12">${label}</text>`;
  });
  return (
    `<div class="bar"><svg viewBox="0 0 360 38" role="img" aria-label="colours of ${name}"><defs><linearGradient id="map-${name}">${stops.join("")}</linearGradient></defs>` +
    `<rect x="10" y="2" width="300" height="14" fill="url(#map-${name})"/>${ticks.join("")}<text x="318" y="14" font-size="12">${unit}</text></svg></div>`
  );
}

function profileBox(inputs: readonly ComparedInput[]): string {
  const chart = (name: string, unit: string) =>
    `<h4>${name}${unit}</h4><svg class="chart" id="profile-${name}" viewBox="0 0 720 195" role="img" aria-label="profile of ${name}"></svg>`;
  return (
    '<section id="profile" hidden><h3>Profile</h3><p id="profile-line"></p>' +
    `<ul class="key-list">${inputs.map(({ label }, i) => `<li>${key(colourOf(i))}${escaped(label)}</li>`).join("")}</ul>` +
    `${chart("amplitude", "")}${chart("phase", ", rad")}</section>`
  );
}

function blinkBox(inputs: readonly ComparedInput[], { width, height }: ComparedPictures): string {
  const options = (chosen: number) =>
    inputs
      .map(
        ({ label }, i) => `<option value="${i}"${i === chosen ? " selected" : ""}>${escaped(label)}</option>`,
      )
      .join("");
  const image = (hidden: string) =>
    `<img alt="" width="${width}" height="${height}" draggable="false"${hidden}>`;
  return (
    '<section id="blink-box" class="live-only"><h3>Blink</h3><div class="tools">' +
    `<select id="blink-first" aria-label="first">${options(0)}</select><select id="blink-second" aria-label="second">${options(Math.min(1, inputs.length - 1))}</select>` +
    '<select id="blink-quantity" aria-label="quantity"><option value="phase">phase</option><option value="amplitude">amplitude</option></select>' +
    '<label>every <input id="blink-ms" type="number" min="100" max="5000" step="100" value="600"> ms</label>' +
    '<button id="blink-run" aria-pressed="false">Blink</button><button id="blink-turn">Other one</button></div>' +
    `<figure><div class="view" tabindex="0" id="blink-view">${image("")}${image(" hidden")}<svg><line style="display:none"/></svg></div>` +
    '<figcaption id="blink-label"></figcaption></figure></section>'
  );
}

function ringChart(comparisons: readonly Comparison[], inputs: readonly ComparedInput[]): string {
  const { frequency, half_bit } = comparisons[0].metrics.rings;
  const all = [0, frequency.at(-1) ?? 0.5];
  const isTruth = inputs[0].role === "truth";
  const curves: Curve[] = [
    ...comparisons.map(({ label, against, metrics }, i) => {
      // Against the truth a curve has the colour of its picture; a pair has one that no picture has, while they last.
      const index = i + (isTruth ? 1 : inputs.length);
      const { frequency: x, correlation: y } = metrics.rings;
      const name = `${label} against ${against}`;
      return { name, x, y, colour: colourOf(index), ...dashed(Math.floor(index / COLOURS.length)) };
    }),
    { name: "half-bit threshold", x: frequency, y: half_bit, colour: "#888", dash: "5 4" },
    { name: "1/7", x: all, y: [ONE_SEVENTH, ONE_SEVENTH], colour: "#888", dash: "1 4" },
  ];
  const least = Math.min(-0.02, ...curves.flatMap(({ y }) => [...y]));
  const chart = curveChart({
    title: "Fourier ring correlation",
    xLabel: "frequency, cycles per pixel",
    yLabel: "correlation",
    xRange: [0, 0.5],
    yRange: [least - 0.02, 1.02],
    curves,
  });
  const boxes = curves.map(
    ({ name, colour }, i) =>
      `<li><label><input type="checkbox" class="curve-box" value="${i}" checked> ${key(colour)}${escaped(name)}</label></li>`,
  );
  return `<div id="rings">${chart}<ul class="key-list">${boxes.join("")}</ul></div>`;
}

function metricTable(comparisons: readonly Comparison[]): string {
  const columns: readonly [
    name: string,
    value: (metrics: ImageMetrics) => number | null,
    isLess?: boolean,
  ][] = [
    ["SSIM", ({ ssim }) => ssim],
    ["PSNR, dB", ({ psnr }) => psnr],
    ["MAE", ({ mae }) => mae, true],
    ["correlation", ({ correlation }) => correlation],
  ];
  const isRanked =
    comparisons.length > 1 && comparisons.every(({ against }) => against === comparisons[0].against);
  const cells = (of: "amplitude" | "phase", metrics: Comparison["metrics"]) =>
    columns.map(([, value, isLess]) => {
      const own = value(metrics[of]);
      const others = comparisons.flatMap((each) => value(each.metrics[of]) ?? []);
      const best = isLess === true ? Math.min(...others) : Math.max(...others);
      const mark = isRanked && own === best ? " best" : "";
      return `<td class="number${mark}">${own === null ? "-" : text(own)}</td>`;
    });
  const rows = comparisons.map(
    ({ label, against, metrics }) =>
      `<tr><td>${escaped(label)} against ${escaped(against)}</td>${cells("amplitude", metrics).join("")}${cells("phase", metrics).join("")}` +
      `<td class="number">${period(metrics.rings.half_bit_crossing)}</td><td class="number">${period(metrics.rings.one_seventh_crossing)}</td></tr>`,
  );
  const heads = ["amplitude", "phase"].flatMap((of) => columns.map(([name]) => `${of}<br>${name}`));
  const head = ["half-bit<br>period", "1/7<br>period"];
  return `<div class="wide"><table id="figures"><tr><th></th>${[...heads, ...head].map((name) => `<th class="number">${name}</th>`).join("")}</tr>${rows.join("")}</table></div>`;
}

function differenceTable({ labels, rows }: RunDifferences, inputs: readonly ComparedInput[]): string {
  const without = inputs.filter(({ label, role }) => role === "reconstruction" && !labels.includes(label));
  const missing =
    without.length === 0
      ? ""
      : `<p>No record of the run stands beside ${without.map(({ label }) => escaped(label)).join(", ")}.</p>`;
  if (labels.length < 2) return missing;
  if (rows.length === 0) return `${missing}<p>Nothing that a record knows.</p>`;
  const lines = rows.map(
    ({ of, name, values }) =>
      `<tr><td>${of}</td><td>${escaped(name)}</td>${values.map((value) => `<td>${escaped(value)}</td>`).join("")}</tr>`,
  );
  const heads = labels.map((label) => `<th>${escaped(label)}</th>`).join("");
  return `${missing}<div class="wide"><table id="differences"><tr><th></th><th></th>${heads}</tr>${lines.join("")}</table></div>`;
}

function period({ verdict, period_px, period_nm }: ResolutionFigure): string {
  if (verdict === "above") return "2 px or better";
  if (period_px === null) return "none";
  return `${text(period_px)} px${period_nm === null ? "" : `<br>${text(period_nm)} nm`}`;
}

function key(colour: string): string {
  return `<span class="key" style="background:${colour}"></span>`;
}

function colourOf(index: number): string {
  return COLOURS[index % COLOURS.length];
}

function dashed(round: number): { readonly dash?: string } {
  const dash = DASHES[round % DASHES.length];
  return dash === undefined ? {} : { dash };
}

function text(value: number): string {
  return value === Number.POSITIVE_INFINITY ? "∞" : String(Number(value.toPrecision(4)));
}
