import { expect, it } from "vitest";
import { complex64, float32 } from "../core/ndarray.js";
import { phasePicture } from "./phase-picture.js";

const SIDE = 20;

/** An object of a phase that rises by `rangeRad` from left to right, about `meanRad`. */
function ramp(rangeRad: number, meanRad: number) {
  const object = complex64([SIDE, SIDE]);
  for (let i = 0; i < object.re.length; i++) {
    const phase = meanRad + rangeRad * ((i % SIDE) / (SIDE - 1) - 0.5);
    object.re[i] = Math.cos(phase);
    object.im[i] = Math.sin(phase);
  }
  return object;
}

const seen = float32([SIDE, SIDE], new Float32Array(SIDE * SIDE).fill(1));

it("draws the phase about its mean: a constant phase changes nothing", () => {
  for (const rangeRad of [0.5, 6]) {
    const { rgb8 } = phasePicture(ramp(rangeRad, 0), seen);
    const turned = phasePicture(ramp(rangeRad, 3), seen).rgb8;
    const different = rgb8.filter((value, i) => Math.abs(value - turned[i]) > 3).length;
    expect(different / rgb8.length).toBeLessThan(0.01);
  }
});

it("stretches a weak phase over the whole scale and keeps a wrapping one cyclic", () => {
  const colours = (rangeRad: number) => new Set(phasePicture(ramp(rangeRad, 0), seen).rgb8).size;
  const weak = phasePicture(ramp(0.1, 0), seen);
  expect(colours(0.1)).toBeGreaterThan(40);
  expect(Math.abs(colours(0.1) - colours(0.01))).toBeLessThan(10);
  // Dark violet, the common end of the cyclic map, appears only when the phase reaches +-pi.
  const isDarkViolet = (picture: { rgb8: Uint8Array }) =>
    picture.rgb8.some(
      (value, i, all) => i % 3 === 0 && value === 0x2f && all[i + 1] === 0x14 && all[i + 2] === 0x36,
    );
  expect(isDarkViolet(phasePicture(ramp(6.2, 0), seen))).toBe(true);
  expect(isDarkViolet(weak)).toBe(false);
});
