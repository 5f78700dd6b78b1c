// Synthetic complex objects [M, M]: lines and dead leaves. Equal options give equal objects.
import { check } from "../core/errors.js";
import type { ComplexArray } from "../core/ndarray.js";
import { gaussianBlur } from "../numeric/gaussian-blur.js";
import { legacyRandom } from "../numeric/random-legacy.js";
import { pcg64Random } from "../numeric/random-pcg64.js";
import { followingPhase, fromAmplitudeAndPhase } from "./object-phase.js";
import { centralLineImage } from "./original-images.js";

export interface LinesOptions {
  /** Side of the object in pixels. */
  readonly sidePx: number;
  readonly seed: number;
  /** Lines on the canvas of twice the side. Default 400. */
  readonly lines?: number;
  /** Height of the phase that follows the amplitude, radians; 0 gives a real object. Default pi. */
  readonly phaseRad?: number;
}

/**
 * Random straight lines, blurred. Amplitude: on a canvas of twice the side, `lines` one-pixel lines between points
 * floor(2 side u) (u uniform; row, column, row, column per line, MT19937 of the seed) set to 1; B(1) + 2 B(5) +
 * 5 B(10), where B(s) is the canvas blurred by s pixels; the central half is kept. Phase: phaseRad *
 * tanh((amplitude - max / 2) / (3 mean)). Number for number the recipe of PtychoPINN's `lines` (and of its dummy
 * phase, with pi).
 *
 * @throws PtychoError UsageError for a side that is not a positive even number.
 */
export function makeLinesObject(options: LinesOptions): ComplexArray {
  const { sidePx: side, seed } = options;
  check(
    Number.isInteger(side) && side >= 2 && side % 2 === 0,
    "UsageError",
    () => `lines object: the side must be a positive even number of pixels, got ${side}`,
  );
  const random = legacyRandom(seed);
  const amplitude = centralLineImage(side, options.lines ?? 400, random.randomSample);
  return fromAmplitudeAndPhase(side, amplitude, followingPhase(amplitude, options.phaseRad ?? Math.PI));
}

export interface DeadLeavesOptions {
  /** Side of the object in pixels. */
  readonly sidePx: number;
  readonly seed: number;
  /** Smallest and largest leaf radius. Default 3 px and a quarter of the side. */
  readonly radiusPx?: readonly [number, number];
  /** Amplitudes are drawn evenly from here. Default 0.5 to 1. */
  readonly amplitude?: readonly [number, number];
  /** Phases are drawn evenly from here, radians. Default -0.8 to 0.8. */
  readonly phaseRad?: readonly [number, number];
}

/**
 * Dead leaves (Lee, Mumford & Huang 2001): opaque disks with radii of density ~ r^-3, which makes the statistics of
 * the image nearly free of scale, like natural images. From the front: centre (x, y within the object and one largest
 * radius around it), radius, amplitude and phase are drawn from PCG64 of the seed, in this order, and the disk fills
 * what no earlier disk covers, until every pixel is covered. A blur of 0.7 px softens the edges.
 */
export function makeDeadLeavesObject(options: DeadLeavesOptions): ComplexArray {
  const { sidePx: side, seed } = options;
  const [smallest, largest] = options.radiusPx ?? [3, Math.max(4, side / 4)];
  check(
    Number.isInteger(side) && side >= 1 && smallest > 0 && largest > smallest,
    "UsageError",
    () =>
      `dead leaves object: expected a side in whole pixels and 0 < smallest < largest radius, got side ${side} and radii ${smallest}, ${largest}`,
  );
  const [amplitudeLow, amplitudeHigh] = options.amplitude ?? [0.5, 1];
  const [phaseLow, phaseHigh] = options.phaseRad ?? [-0.8, 0.8];
  const random = pcg64Random(seed);
  const amplitude = new Float64Array(side * side);
  const phase = new Float64Array(side * side);
  const covered = new Uint8Array(side * side);
  let open = side * side;
  while (open > 0) {
    const centreX = -largest + random.random() * (side + 2 * largest);
    const centreY = -largest + random.random() * (side + 2 * largest);
    // Inverse of the distribution function of the density r^-3 on [smallest, largest].
    const radius = 1 / Math.sqrt(smallest ** -2 - random.random() * (smallest ** -2 - largest ** -2));
    const leafAmplitude = amplitudeLow + random.random() * (amplitudeHigh - amplitudeLow);
    const leafPhase = phaseLow + random.random() * (phaseHigh - phaseLow);
    const bottom = Math.min(side - 1, Math.floor(centreY + radius));
    for (let y = Math.max(0, Math.ceil(centreY - radius)); y <= bottom; y++) {
      const half = Math.sqrt(Math.max(0, radius ** 2 - (y - centreY) ** 2));
      const right = Math.min(side - 1, Math.floor(centreX + half));
      for (let x = Math.max(0, Math.ceil(centreX - half)); x <= right; x++) {
        const i = y * side + x;
        if (covered[i] === 1) continue;
        covered[i] = 1;
        amplitude[i] = leafAmplitude;
        phase[i] = leafPhase;
        open--;
      }
    }
  }
  return fromAmplitudeAndPhase(
    side,
    gaussianBlur(amplitude, side, side, 0.7),
    gaussianBlur(phase, side, side, 0.7),
  );
}
