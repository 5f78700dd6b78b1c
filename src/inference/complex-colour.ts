// Complex numbers as colours: phase as hue, amplitude as brightness.
// In OKLab (Ottosson 2020, "A perceptual color space for image processing") all hues have one lightness, so that no
// phase looks brighter than another, and lightness is proportional to the amplitude.
import type { Colour } from "./page.js";

const LIGHTNESS = 0.72;
/** Chroma of a hue: CHROMA + MORE_CHROMA cos(phase), just inside what sRGB has at this lightness. */
const CHROMA = 0.138;
const MORE_CHROMA = 0.019;
/** Hue of phase 0, in radians: red; pi/2 is yellow-green, pi cyan, -pi/2 violet. */
const HUE_OF_ZERO = (20 / 180) * Math.PI;

/** Sizes of the tables of hues and of bytes by linear light: fine enough for bytes that are right to one. */
const HUES = 1024;
const LIGHTS = 8192;

/** The colour of re + i im: black at amplitude 0, full brightness at `amplitudeMax` and above. */
export type ComplexColours = (re: number, im: number, amplitudeMax: number) => Colour;

/** Makes the tables for many colours; take one for a whole picture. */
export function complexColours(): ComplexColours {
  const hues = Float64Array.from({ length: HUES * 3 }, (_, k) => {
    const phase = (Math.floor(k / 3) / HUES) * 2 * Math.PI;
    return linearColour(phase, CHROMA + MORE_CHROMA * Math.cos(phase))[k % 3];
  });
  const bytes = Uint8Array.from({ length: LIGHTS + 1 }, (_, k) => channelByte(k / LIGHTS));
  return (re, im, amplitudeMax) => {
    const light = lightOf(Math.sqrt(re * re + im * im) / amplitudeMax) * LIGHTS;
    const turn = Math.round((Math.atan2(im, re) / (2 * Math.PI)) * HUES);
    const k = ((turn + HUES) % HUES) * 3;
    return [
      bytes[Math.round(light * hues[k])],
      bytes[Math.round(light * hues[k + 1])],
      bytes[Math.round(light * hues[k + 2])],
    ];
  };
}

/** The grey as light as every phase at this amplitude. */
export function amplitudeGrey(amplitude: number, amplitudeMax: number): Colour {
  const light = lightOf(amplitude / amplitudeMax);
  const [red, green, blue] = linearColour(0, 0);
  return [channelByte(light * red), channelByte(light * green), channelByte(light * blue)];
}

/** What linear light is scaled with when OKLab lightness and chroma are scaled with `brightness`. */
function lightOf(brightness: number): number {
  const inside = Math.min(1, brightness);
  return inside * inside * inside;
}

/** Linear sRGB of OKLab with LIGHTNESS, the chroma and the hue of the phase; from 0 to 1. */
function linearColour(phase: number, chroma: number): readonly [number, number, number] {
  const a = chroma * Math.cos(phase + HUE_OF_ZERO);
  const b = chroma * Math.sin(phase + HUE_OF_ZERO);
  const long = (LIGHTNESS + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const medium = (LIGHTNESS - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const short = (LIGHTNESS - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return [
    4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short,
    -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short,
    -0.0041960863 * long - 0.7034186147 * medium + 1.707614701 * short,
  ];
}

/** The sRGB transfer function (IEC 61966-2-1). */
function channelByte(linear: number): number {
  const encoded = linear <= 0.0031308 ? 12.92 * linear : 1.055 * linear ** (1 / 2.4) - 0.055;
  return Math.round(255 * encoded);
}
