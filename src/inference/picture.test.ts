import { mkdirSync, writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { countColour, pixelAt as pixel } from "../../tests/picture-oracle.js";
import { float32 } from "../core/ndarray.js";
import { encodePng } from "../formats/png.js";
import { FONT_ADVANCE, glyphColumns, textWidth } from "./bitmap-font.js";
import { colourTable } from "./colour-map.js";
import { drawPicture, joinPictures, type Picture } from "./picture.js";
import { formatLength, linearTicks, niceBelow, percentileRange } from "./picture-scale.js";

const SIDE = 120;

/** Rings and a disk, values 0.2 to 1, with a corner that nothing covers. */
function rings() {
  const image = float32([SIDE, SIDE]);
  const coverage = float32([SIDE, SIDE]);
  for (let y = 0; y < SIDE; y++)
    for (let x = 0; x < SIDE; x++) {
      const radius = Math.hypot(x - 60, y - 50);
      image.data[y * SIDE + x] = 0.6 + 0.4 * Math.cos(radius / 4);
      coverage.data[y * SIDE + x] = x + y < 200 ? 1 : 0;
    }
  return { image, coverage };
}

function keepToLookAt(name: string, picture: Picture): void {
  const folder = process.env.PTYCHOPINN_PICTURES;
  if (folder === undefined) return;
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}/${name}.png`, encodePng(picture));
}

describe("drawPicture", () => {
  it("paints every pixel by its place in the range", () => {
    const values = float32([2, 2], [0, 1, 0.5, 2]);
    const picture = drawPicture(values, { title: "", map: "gray", range: [0, 1] });
    // 2x2 px enlarged 200 times from the left and top margins of 24 and 24 + 16 + 12 picture pixels.
    const at = (x: number, y: number) => pixel(picture, 24 + x * 200 + 100, 52 + y * 200 + 100);
    expect(at(0, 0)).toEqual([0, 0, 0]);
    expect(at(1, 0)).toEqual([255, 255, 255]);
    expect(at(0, 1)).toEqual([128, 128, 128]);
    expect(at(1, 1)).toEqual([255, 255, 255]);
    expect(picture.rgb8.length).toBe(picture.width * picture.height * 3);
  });

  it("shows pixels without coverage and without a finite value in grey", () => {
    const values = float32([2, 2], [0, Number.NaN, 0.5, 1]);
    const coverage = float32([2, 2], [1, 1, 0, 1]);
    const covered = drawPicture(values, { title: "", map: "viridis", range: [0, 1], coverage });
    const grey = countColour(covered, [205, 205, 205]) + countColour(covered, [192, 192, 192]);
    expect(grey).toBeGreaterThanOrEqual(2 * 200 * 200);
    const whole = drawPicture(float32([2, 2], [0, 1, 0.5, 1]), { title: "", map: "viridis", range: [0, 1] });
    expect(countColour(whole, [205, 205, 205])).toBe(0);
    expect(covered.height).toBeGreaterThan(whole.height);
  });

  it("refuses a coverage of another shape, an empty range and a range for the phase", () => {
    const values = float32([2, 3]);
    expect(() => drawPicture(values, { title: "", map: "gray", coverage: float32([3, 2]) })).toThrow(
      /coverage/,
    );
    expect(() => drawPicture(values, { title: "", map: "gray", range: [1, 1] })).toThrow(/low < high/);
    expect(() => drawPicture(values, { title: "", map: "phase", range: [0, 1] })).toThrow(/-pi to pi/);
  });

  it("writes the title", () => {
    const values = float32([40, 40]);
    const plain = drawPicture(values, { title: "", map: "gray" });
    const titled = drawPicture(values, { title: "amplitude", map: "gray" });
    const ink = [34, 34, 34];
    expect(countColour(titled, ink)).toBeGreaterThan(countColour(plain, ink) + 300);
  });

  it("draws whole pictures to look at, side by side", () => {
    const { image, coverage } = rings();
    const amplitude = drawPicture(image, {
      title: "reconstructed amplitude",
      map: "viridis",
      coverage,
      pixelSizeM: 12e-9,
    });
    const phase = float32([SIDE, SIDE]);
    for (let i = 0; i < phase.data.length; i++)
      phase.data[i] = Math.atan2(Math.floor(i / SIDE) - 60, (i % SIDE) - 60);
    const cyclic = drawPicture(phase, { title: "reconstructed phase", map: "phase", coverage });
    const joined = joinPictures([amplitude, cyclic, drawPicture(image, { title: "gray", map: "gray" })]);
    keepToLookAt("pictures", joined);
    expect(joined.width).toBeGreaterThan(amplitude.width + cyclic.width);
    expect(joined.height).toBe(amplitude.height);
  });
});

describe("colour maps", () => {
  it("have 256 entries and keep their ends", () => {
    expect([...colourTable("gray").subarray(0, 6)]).toEqual([0, 0, 0, 1, 1, 1]);
    const viridis = colourTable("viridis");
    expect(viridis.length).toBe(768);
    expect([...viridis.subarray(0, 3)]).toEqual([0x44, 0x01, 0x54]);
    expect([...viridis.subarray(765)]).toEqual([0xfd, 0xe7, 0x25]);
  });

  it("phase closes on itself without a jump", () => {
    const table = colourTable("phase");
    expect([...table.subarray(0, 3)]).toEqual([...table.subarray(765)]);
    for (let i = 3; i < table.length; i++) expect(Math.abs(table[i] - table[i - 3])).toBeLessThan(8);
  });

  it("viridis brightens all the way", () => {
    const table = colourTable("viridis");
    const luma = (i: number) => 0.2126 * table[i * 3] + 0.7152 * table[i * 3 + 1] + 0.0722 * table[i * 3 + 2];
    for (let i = 1; i < 256; i++) expect(luma(i)).toBeGreaterThanOrEqual(luma(i - 1) - 0.6);
  });
});

describe("numbers on pictures", () => {
  it("chooses round ticks inside the range", () => {
    expect(linearTicks(0, 1).map((tick) => tick.label)).toEqual(["0", "0.2", "0.4", "0.6", "0.8", "1.0"]);
    expect(linearTicks(-0.013, 0.021).map((tick) => tick.label)).toEqual(["-0.01", "0", "0.01", "0.02"]);
    expect(linearTicks(1234, 5678).map((tick) => tick.label)).toEqual(["2000", "3000", "4000", "5000"]);
    expect(linearTicks(0, 3e7).map((tick) => tick.label)).toEqual(["0", "1e+7", "2e+7", "3e+7"]);
  });

  it("drops outliers from the range, and gives a constant image a range", () => {
    const values = Float64Array.from({ length: 1001 }, (_, i) => i / 1000);
    values[0] = -1e9;
    values[1000] = 1e9;
    expect(percentileRange(values, () => true)).toEqual([0.005, 0.995]);
    expect(percentileRange(values, (i) => i >= 500 && i < 510)).toEqual([0.5, 0.509]);
    const [low, high] = percentileRange(new Float64Array(9).fill(4), () => true);
    expect((low + high) / 2).toBe(4);
    expect(high).toBeGreaterThan(low);
    expect(percentileRange(values, () => false)).toEqual([0, 1]);
  });

  it("names lengths with a fitting unit", () => {
    expect(formatLength(5e-7)).toBe("500 nm");
    expect(formatLength(1e-6)).toBe("1 µm");
    expect(formatLength(2e-10)).toBe("200 pm");
    expect(niceBelow(0.99, 0)).toBeCloseTo(0.5, 12);
    expect(niceBelow(1e-6, 0)).toBeCloseTo(1e-6, 18);
    expect(niceBelow(0.3, 1)).toBe(1);
  });
});

describe("bitmap font", () => {
  it("has five columns for every printable character, and a box for others", () => {
    for (let code = 33; code < 127; code++) {
      const character = String.fromCharCode(code);
      if ("$`{}".includes(character)) continue;
      expect(glyphColumns(character)).toHaveLength(5);
      expect(glyphColumns(character)).not.toEqual(glyphColumns("☃"));
    }
    expect(textWidth("abc")).toBe(3 * FONT_ADVANCE - 1);
    expect(textWidth("")).toBe(0);
  });
});
