// ptychopinn compare: reconstructions cut from one known object, so that what lies where, and how well, is known too.
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type ComplexArray, complex64, float32, float64 } from "../src/core/ndarray.js";
import { openNpz, writeNpz } from "../src/formats/npz.js";
import type { ComparisonFigures } from "../src/workflows/report/comparison-figures.js";
import { runHere } from "./command-line.js";
import { writeSmallScan } from "./scan-file.js";

const folder = mkdtempSync(join(tmpdir(), "ptychopinn-compare-"));
const at = (name: string) => join(folder, name);
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let truth: ComplexArray;

beforeAll(async () => {
  await writeSmallScan(at("scan.npz"), 30, { objectSizePx: 160 });
  truth = openNpz(at("scan.npz")).read("objectGuess") as ComplexArray;
  cut("a", { x: 30, y: 30 });
  cut("same", { x: 30, y: 30 });
});

interface Cut {
  /** Corner in the truth. */
  readonly x: number;
  readonly y: number;
  /** What the file says of the corner; the corner when absent. */
  readonly originPx?: readonly [number, number];
  /** Phase per pixel along x and y, and amplitude. */
  readonly ramp?: readonly [number, number];
  readonly scale?: number;
  readonly pixelSizeM?: number;
}

/** A reconstruction of 96 x 96 px cut from the truth, in a folder of its own. */
function cut(name: string, { x, y, originPx = [x, y], ramp = [0, 0], scale = 1, pixelSizeM }: Cut): string {
  const edge = 96;
  const object = complex64([edge, edge]);
  for (let i = 0; i < edge * edge; i++) {
    const [column, row] = [i % edge, Math.floor(i / edge)];
    const from = (y + row) * truth.shape[1] + x + column;
    const angle = ramp[0] * column + ramp[1] * row + (ramp[0] === 0 ? 0 : 0.7);
    const [cos, sin] = [scale * Math.cos(angle), scale * Math.sin(angle)];
    object.re[i] = truth.re[from] * cos - truth.im[from] * sin;
    object.im[i] = truth.re[from] * sin + truth.im[from] * cos;
  }
  const coverage = float32([edge, edge]);
  coverage.data.fill(1);
  mkdirSync(at(name), { recursive: true });
  writeNpz(join(at(name), "reconstruction.npz"), [
    ["object", object],
    ["coverage", coverage],
    ["origin_px", float64([2], [...originPx])],
    ...(pixelSizeM === undefined ? [] : [["pixel_size_m", float64([], [pixelSizeM])] as const]),
  ]);
  return at(name);
}

async function compare(...args: readonly string[]) {
  const outcome = await runHere("compare", ...args, "-o", at("r.html"), "--json", at("r.json"));
  expect(outcome.err).not.toMatch(/error/);
  expect(outcome.code).toBe(0);
  const figures = JSON.parse(readFileSync(at("r.json"), "utf8")) as ComparisonFigures;
  return { ...outcome, figures, page: readFileSync(at("r.html"), "utf8") };
}

describe("compare", () => {
  it("finds equal reconstructions equal", async () => {
    const { figures, out } = await compare(at("a"), at("same"));
    const [{ label, against, metrics }] = figures.comparisons;
    expect([label, against, figures.comparisons.length]).toEqual(["same", "a", 1]);
    expect(figures.inputs[1].shift_px).toEqual([0, 0]);
    expect(figures.rectangle).toEqual({ x: 30, y: 30, width: 96, height: 96 });
    for (const { ssim, correlation, mae } of [metrics.amplitude, metrics.phase]) {
      expect(ssim).toBeCloseTo(1, 5);
      expect(correlation).toBeCloseTo(1, 5);
      expect(mae).toBeLessThan(1e-5);
    }
    expect(metrics.rings.half_bit_crossing.verdict).toBe("above");
    expect(out).toMatch(/same.*against a.*SSIM 1 \(amplitude\), 1 \(phase\); half-bit period 2 px or better/);
  });

  it("brings a shifted copy of other scale and phase back", async () => {
    // Its pixel p shows what a shows at p + (5, -3).
    const moved = cut("moved", { x: 35, y: 27, originPx: [30, 30], ramp: [0.05, -0.03], scale: 2 });
    const { figures } = await compare(at("a"), moved);
    const [, { shift_px, ramp_rad_per_px, amplitude_scale, placed_by, agreement }] = figures.inputs;
    expect(shift_px[0]).toBeCloseTo(-5, 1);
    expect(shift_px[1]).toBeCloseTo(3, 1);
    expect(ramp_rad_per_px[0]).toBeCloseTo(0.05, 3);
    expect(ramp_rad_per_px[1]).toBeCloseTo(-0.03, 3);
    expect(amplitude_scale).toBeCloseTo(0.5, 2);
    expect([placed_by, agreement > 0.99]).toEqual(["files", true]);
    const [{ metrics }] = figures.comparisons;
    expect(metrics.amplitude.ssim).toBeGreaterThan(0.98);
    expect(metrics.phase.ssim).toBeGreaterThan(0.98);
    // Nothing of the copy was compared where it does not reach.
    expect(figures.rectangle).toEqual({ x: 35, y: 30, width: 91, height: 93 });
  });

  it("places a reconstruction of another frame by the pictures, and says so", async () => {
    const far = cut("far", { x: 44, y: 20, originPx: [-500, 900], ramp: [0.04, 0.02] });
    const { figures, err } = await compare(at("a"), far);
    const [, { shift_px, placed_by }] = figures.inputs;
    expect(placed_by).toBe("pictures");
    expect(shift_px[0]).toBeCloseTo(-544, 1);
    expect(shift_px[1]).toBeCloseTo(880, 1);
    expect(err).toContain("found by the pictures");
    expect(figures.comparisons[0].metrics.phase.ssim).toBeGreaterThan(0.98);
  });

  it("scores against the truth where one is given, in the scanned rectangle", async () => {
    const { figures, page } = await compare(at("a"), at("same"), "--truth", at("scan.npz"));
    expect(figures.inputs.map(({ label, role }) => [label, role])).toEqual([
      ["truth", "truth"],
      ["a", "reconstruction"],
      ["same", "reconstruction"],
    ]);
    expect(figures.comparisons.map(({ against, label }) => [against, label])).toEqual([
      ["truth", "a"],
      ["truth", "same"],
    ]);
    const x = openNpz(at("scan.npz")).read("xcoords") as { data: Float64Array } & ComplexArray;
    expect(figures.rectangle.x).toBe(Math.floor(Math.min(...x.data)));
    expect(figures.comparisons[0].metrics.amplitude.ssim).toBeCloseTo(1, 5);
    expect(page).toContain("Comparison of truth, a, same");
  });

  it("warns of objects that have nothing in common", async () => {
    const noise = cut("noise", { x: 0, y: 0 });
    const npz = openNpz(join(noise, "reconstruction.npz"));
    const object = npz.read("object") as ComplexArray;
    let seed = 7;
    const random = () => {
      seed = (seed * 48271) % 2147483647;
      return seed / 2147483647;
    };
    writeNpz(join(noise, "reconstruction.npz"), [
      ["object", complex64(object.shape, object.re.map(random), object.im.map(random))],
      ["coverage", npz.read("coverage")],
      ["origin_px", float64([2], [30, 30])],
    ]);
    expect((await compare(at("a"), noise)).err).toMatch(/"noise" and "a" have little in common/);
  });

  it("names what was different in the runs, where their records stand beside", async () => {
    for (const epochs of [2, 3]) {
      const args = [
        "--output_dir",
        at(`run-${epochs}`),
        "--epochs",
        `${epochs}`,
        "--threads",
        "1",
        "--quiet",
      ]; // threads load the compiled program
      expect((await runHere("reconstruct", at("scan.npz"), ...args)).code).toBe(0);
    }
    const { figures, page } = await compare(at("run-2"), at("run-3"), at("a"));
    expect(figures.differences.labels).toEqual(["run-2", "run-3"]);
    const row = figures.differences.rows.find(({ name }) => name === "engine.epochs");
    expect(row?.values).toEqual(["2 (command line)", "3 (command line)"]);
    expect(figures.differences.rows.map(({ of }) => of)).not.toContain("output");
    expect(page).toContain("No record of the run stands beside a.");
    expect(page).toContain("<td>engine.epochs</td><td>2 (command line)</td><td>3 (command line)</td>");
  }, 60_000);
});

describe("the page", () => {
  const hostile = `<script>alert("x")</script>'&\u202e`;

  it("keeps hostile labels text, runs its own script alone, and fetches nothing", async () => {
    const { page, figures } = await compare(at("a"), at("same"), "--labels", `${hostile},</script>`);
    expect(figures.inputs.map(({ label }) => label)).toEqual([hostile, "</script>"]);
    expect(page).not.toMatch(/<script>alert|alert\("|\u202e/);
    expect(page).toContain("&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;&#39;&amp;\ufffd");
    const scripts = [...page.matchAll(/<script( [^>]*)?>(.*?)<\/script>/gs)];
    expect(scripts.map(([, kind]) => kind)).toEqual([' type="application/json" id="data"', undefined]);
    const digest = createHash("sha256").update(scripts[1][2]).digest("base64");
    expect(page).toContain(`script-src 'sha256-${digest}'"`);
    expect(page).toContain("default-src 'none'; img-src data:;");
    expect(page).not.toMatch(/https?:|\/\/www|<link|<iframe|@import| (src|href)="(?!data:)|url\((?!#)/);
  });

  it("holds the values of the pictures", async () => {
    const { page, figures } = await compare(at("a"), at("same"));
    const data = JSON.parse(/id="data">(.*?)<\/script>/s.exec(page)?.[1] ?? "");
    expect([data.width, data.height, data.binPx, figures.inputs.length]).toEqual([96, 96, 1, 2]);
    const [{ name, extent, values }] = data.quantities;
    const bytes = Buffer.from(values[0], "base64");
    const value = (x: number, y: number) =>
      extent[0] + (bytes.readUInt16LE(2 * (y * 96 + x)) / 65_534) * (extent[1] - extent[0]);
    expect([name, bytes.length]).toEqual(["amplitude", 2 * 96 * 96]);
    for (const [x, y] of [
      [0, 0],
      [40, 71],
      [95, 12],
    ]) {
      const from = (30 + y) * truth.shape[1] + 30 + x;
      expect(value(x, y)).toBeCloseTo(Math.hypot(truth.re[from], truth.im[from]), 3);
    }
  });

  const browser = ["chromium", "chromium-browser", "google-chrome"].find(
    (name) => spawnSync(name, ["--version"]).status === 0,
  );
  it.skipIf(browser === undefined)(
    "works in a browser without a network: zoom, blink, profile",
    async () => {
      await compare(at("a"), cut("moved", { x: 35, y: 27 }), "--labels", `one,${hostile}`);
      const address = `${pathToFileURL(at("r.html"))}#zoom=4&x=50&y=40&profile=10,20,70,20&blink=0,1,amplitude`;
      const options = ["--headless=new", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=1500"];
      const dom = execFileSync(browser ?? "", [...options, "--dump-dom", address], {
        encoding: "utf8",
        stdio: ["ignore", "pipe", "ignore"],
        maxBuffer: 2 ** 28,
      });
      expect(dom).toMatch(/<body class="live">/);
      expect(dom.match(/translate\([^)]*\) scale\(4\)/g)?.length).toBe(6); // 2 x 2 views, and both of blink
      expect(dom.match(/<path [^>]*data-member="1"/g)?.length).toBe(2);
      expect(dom).toContain("60.00 px long");
      expect(dom).toMatch(/id="blink-run" aria-pressed="true">Stop/);
      expect(dom).not.toContain('<script>alert("x")');
    },
    60_000,
  );
});

describe("compare refuses", () => {
  const refusals: [name: string, args: () => readonly string[], message: RegExp, code: number][] = [
    ["one reconstruction alone", () => [at("a")], /expected 2 to 12 reconstructions, or one with --truth/, 2],
    ["too few labels", () => [at("a"), at("same"), "--labels", "x"], /--labels names 1 of 2/, 2],
    [
      "labels that are equal",
      () => [at("a"), at("same"), "--labels", "x,x"],
      /two objects are called "x"/,
      2,
    ],
    [
      "pixels of two sizes",
      () => [
        cut("small", { x: 30, y: 30, pixelSizeM: 1e-8 }),
        cut("large", { x: 30, y: 30, pixelSizeM: 1.1e-8 }),
      ],
      /do not lie on each other/,
      3,
    ],
    ["what is no reconstruction", () => [at("a"), at("scan.npz")], /object/, 3],
  ];
  it.each(refusals)("%s", async (_, args, message, code) => {
    const outcome = await runHere("compare", ...args(), "-o", at("none.html"));
    expect([outcome.code, outcome.err]).toEqual([code, expect.stringMatching(message)]);
    expect(existsSync(at("none.html"))).toBe(false);
  });

  it("to write over what it reads, and without a page to write", async () => {
    const input = join(at("a"), "reconstruction.npz");
    const before = readFileSync(input);
    const over = await runHere("compare", at("a"), at("same"), "-o", input);
    expect([over.code, over.err]).toEqual([2, expect.stringMatching(/also an input/)]);
    expect(readFileSync(input).equals(before)).toBe(true);
    const none = await runHere("compare", at("a"), at("same"));
    expect([none.code, none.err]).toEqual([2, expect.stringMatching(/--output is required/)]);
  });
});
