// The frame of every report: one HTML page with all its styles and pictures inside, that fetches nothing and runs nothing
// but its own script.
import { createHash } from "node:crypto";
import { encodePng, type RgbImage } from "../../formats/png.js";

const STYLE = `
body { font: 15px/1.45 system-ui, sans-serif; color: #222; background: #fff; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; overflow-wrap: anywhere; } h2 { font-size: 1.15rem; margin-top: 2rem; }
table { border-collapse: collapse; } th, td { text-align: left; vertical-align: top; padding: .2rem .8rem .2rem 0; border-bottom: 1px solid #ddd; overflow-wrap: anywhere; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
`;

export interface HtmlPage {
  /** Plain text; also the heading. */
  readonly title: string;
  /** Rules beside those of every report. */
  readonly style: string;
  /** HTML in which every word from outside is `escaped`. */
  readonly body: readonly string[];
  /** What the page runs: allowed by its digest, so that nothing else is. */
  readonly script?: string;
}

/** The page as HTML text. */
export function htmlPage({ title, style, body, script }: HtmlPage): string {
  const digest = (text: string) => createHash("sha256").update(text).digest("base64");
  const policy = [
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'",
    ...(script === undefined ? [] : [`script-src 'sha256-${digest(script)}'`]),
  ].join("; ");
  return [
    "<!doctype html>",
    '<html lang="en"><head><meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    `<title>${escaped(title)}</title><style>${STYLE}${style}</style></head><body>`,
    `<h1>${escaped(title)}</h1>`,
    ...body,
    ...(script === undefined ? [] : [`<script>${script}</script>`]),
    "</body></html>\n",
  ].join("\n");
}

/** Text for an HTML document, in an element or between quotes; control and direction characters are replaced. */
export function escaped(text: string): string {
  const entities: Readonly<Record<string, string>> = {
    ...{ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" },
  };
  return text
    .replace(/\p{Cc}|\p{Cf}|\p{Surrogate}/gu, "\u{fffd}")
    .replace(/[&<>"']/g, (character) => entities[character]);
}

/** A value as JSON in an element that is not run; its words cannot end the element. */
export function dataBlock(id: string, value: unknown): string {
  const text = JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return `<script type="application/json" id="${escaped(id)}">${text}</script>`;
}

/** A picture as an address that holds it. */
export function pictureAddress(picture: RgbImage): string {
  return `data:image/png;base64,${Buffer.from(encodePng(picture)).toString("base64")}`;
}
