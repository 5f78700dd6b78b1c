import { describe, expect, it } from "vitest";
import { countColour, findText, pixelAt } from "../../tests/picture-oracle.js";
import { complex64, float32 } from "../core/ndarray.js";
import { amplitudeGrey, complexColours } from "./complex-colour.js";
import { drawComplexPicture } from "./complex-picture.js";

/** CIE L* of an sRGB colour (IEC 61966-2-1, D65). */
function lightness(colour: readonly number[]): number {
  const [r, g, b] = colour.map((byte) => {
    const value = byte / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  const y = 0.2126 * r + 0.7152 * g + 0.0722 * b;
  return 116 * Math.cbrt(y) - 16;
}

function hueDegrees([r, g, b]: readonly number[]): number {
  return ((Math.atan2(Math.sqrt(3) * (g - b), 2 * r - g - b) * 180) / Math.PI + 360) % 360;
}

describe("complexColours", () => {
  const colourOf = complexColours();
  const atPhase = (degrees: number, amplitude = 1) => {
    const phase = (degrees * Math.PI) / 180;
    return colourOf(amplitude * Math.cos(phase), amplitude * Math.sin(phase), 1);
  };

  it("is about equally light at all phases, and clearly coloured", () => {
    const all = Array.from({ length: 360 }, (_, degrees) => atPhase(degrees));
    const light = all.map(lightness);
    expect(Math.max(...light) - Math.min(...light)).toBeLessThan(8);
    for (const colour of all) expect(Math.max(...colour) - Math.min(...colour)).toBeGreaterThan(70);
  });

  it("turns once through all hues: red, yellow, cyan, blue, without a jump at pi", () => {
    const hues = [0, 90, 180, -90].map((degrees) => hueDegrees(atPhase(degrees)));
    expect(Math.abs(((hues[0] + 180) % 360) - 180)).toBeLessThan(25);
    expect(Math.abs(hues[1] - 55)).toBeLessThan(25);
    expect(Math.abs(hues[2] - 180)).toBeLessThan(25);
    expect(Math.abs(hues[3] - 250)).toBeLessThan(25);
    for (let degrees = -180; degrees < 180; degrees++) {
      const [here, next] = [atPhase(degrees), atPhase(degrees + 1)];
      for (let channel = 0; channel < 3; channel++)
        expect(Math.abs(here[channel] - next[channel])).toBeLessThan(9);
    }
    expect(atPhase(180)).toEqual(colourOf(-1, -0, 1));
  });

  it("is black at 0, lighter with the amplitude, and full from amplitudeMax on", () => {
    expect(colourOf(0, 0, 1)).toEqual([0, 0, 0]);
    for (const degrees of [0, 77, 200, 300]) {
      const light = [0.2, 0.4, 0.6, 0.8, 1].map((amplitude) => lightness(atPhase(degrees, amplitude)));
      for (let k = 1; k < light.length; k++) expect(light[k] - light[k - 1]).toBeGreaterThan(10);
      expect(atPhase(degrees, 3)).toEqual(atPhase(degrees, 1));
    }
    expect(colourOf(0, 2, 4)).toEqual(atPhase(90, 0.5));
  });

  it("goes with a grey of the same lightness", () => {
    for (const amplitude of [0.3, 0.7, 1]) {
      const grey = amplitudeGrey(amplitude, 1);
      expect(Math.max(...grey) - Math.min(...grey)).toBeLessThanOrEqual(1);
      expect(Math.abs(lightness(grey) - lightness(atPhase(60, amplitude)))).toBeLessThan(6);
    }
  });
});

describe("drawComplexPicture", () => {
  const colourOf = complexColours();
  /** 1, i / -1/2, -i, each pixel 200 picture pixels wide from (24, 52). */
  const four = () => complex64([2, 2], Float32Array.of(1, 0, -0.5, 0), Float32Array.of(0, 1, 0, -1));
  const centre = (x: number, y: number) => [24 + x * 200 + 100, 52 + y * 200 + 100] as const;

  it("paints every pixel by phase and amplitude", () => {
    const picture = drawComplexPicture(four(), { title: "object", amplitudeMax: 2 });
    expect(pixelAt(picture, ...centre(0, 0))).toEqual([...colourOf(1, 0, 2)]);
    expect(pixelAt(picture, ...centre(1, 0))).toEqual([...colourOf(0, 1, 2)]);
    expect(pixelAt(picture, ...centre(0, 1))).toEqual([...colourOf(-0.5, 0, 2)]);
    expect(pixelAt(picture, ...centre(1, 1))).toEqual([...colourOf(0, -1, 2)]);
    expect(findText(picture, "object")).toEqual([{ left: 24, top: 24 }]);
    expect(picture.rgb8.length).toBe(picture.width * picture.height * 3);
  });

  it("has a wheel with phase 0 right, pi/2 on top, and a bar of amplitudes", () => {
    const picture = drawComplexPicture(four(), { title: "", amplitudeMax: 2 });
    const [zero] = findText(picture, "0").filter(({ top }) => top < 200);
    const [up] = findText(picture, "π/2").filter(({ top }) => top < 80);
    const [down] = findText(picture, "-π/2");
    const [pi] = findText(picture, "π").filter(({ top }) => top === zero.top);
    // Labels stand 8 picture pixels beside the disk; the disk is 22 font pixels, that is 44, in radius.
    const middleX = zero.left - 8 - 44;
    const middleY = zero.top + 7;
    expect(pi.left).toBeLessThan(middleX - 44);
    expect(up.top).toBeLessThan(middleY - 44);
    expect(down.top).toBeGreaterThan(middleY + 44);
    expect(pixelAt(picture, middleX, middleY)).toEqual([0, 0, 0]);
    expect(pixelAt(picture, middleX + 40, middleY)).toEqual([...colourOf(40, 0, 44)]);
    expect(pixelAt(picture, middleX, middleY - 40)).toEqual([...colourOf(0, 40, 44)]);
    expect(pixelAt(picture, middleX - 22, middleY)).toEqual([...colourOf(-22, 0, 44)]);
    expect(pixelAt(picture, middleX, middleY + 22)).toEqual([...colourOf(0, -22, 44)]);
    expect(findText(picture, "phase")).toHaveLength(1);
    expect(findText(picture, "amplitude")).toHaveLength(1);
    const [two] = findText(picture, "2.0");
    const [one] = findText(picture, "1.0");
    expect(two.left).toBe(one.left);
    // The bar is 20 picture pixels wide, 8 left of its numbers.
    expect(pixelAt(picture, one.left - 18, one.top + 7)).toEqual([...amplitudeGrey(1, 2)]);
  });

  it("hatches pixels without coverage or a finite value, and says so", () => {
    const object = four();
    object.im[1] = Number.NaN;
    const coverage = float32([2, 2], [1, 1, 0, 1]);
    const picture = drawComplexPicture(object, { title: "", coverage });
    const grey = countColour(picture, [205, 205, 205]) + countColour(picture, [192, 192, 192]);
    expect(grey).toBeGreaterThanOrEqual(2 * 200 * 200);
    expect(pixelAt(picture, ...centre(0, 0))).toEqual([...colourOf(1, 0, 1)]);
    expect(findText(picture, "no data")).toHaveLength(1);
    expect(findText(drawComplexPicture(four(), { title: "" }), "no data")).toHaveLength(0);
  });

  it("makes the 99.5 percentile of the covered amplitudes brightest", () => {
    const object = complex64([100, 100]);
    object.re.fill(0.5);
    object.re[17] = 90;
    const picture = drawComplexPicture(object, { title: "" });
    expect(pixelAt(picture, 24 + 202, 52 + 202)).toEqual([...colourOf(1, 0, 1)]);
  });

  it("draws an object of zeros, one of nothing finite, and a thin one with its whole legend", () => {
    const zeros = drawComplexPicture(complex64([4, 4]), { title: "" });
    expect(pixelAt(zeros, 200, 200)).toEqual([0, 0, 0]);
    const nothing = complex64([4, 4]);
    nothing.re.fill(Number.NaN);
    expect(findText(drawComplexPicture(nothing, { title: "" }), "no data")).toHaveLength(1);
    const thin = drawComplexPicture(complex64([3, 800]), { title: "" });
    expect(findText(thin, "amplitude")).toHaveLength(1);
    expect(findText(thin, "0").length).toBeGreaterThanOrEqual(2);
  });

  it("refuses another shape of the coverage and an amplitudeMax of 0", () => {
    const coverage = float32([2, 3]);
    expect(() => drawComplexPicture(four(), { title: "", coverage })).toThrow(/coverage/);
    expect(() => drawComplexPicture(four(), { title: "", amplitudeMax: 0 })).toThrow(/above 0, got 0/);
    expect(() => drawComplexPicture(complex64([1, 2, 2]), { title: "" })).toThrow(/H, W/);
  });
});
