// What can be done to a scan file, in the order in which it is done.
import type { DiffractionUnits } from "../diffraction-units.js";

/** Everything is optional; what is absent is not done. Intensities are counts, in the units of the file. */
export interface PrepareSteps {
  /** Overrides the detection of (n, H, W) against (H, W, n). */
  readonly axisOrder?: "NHW" | "HWN";
  /** What the values of the file are; amplitudes are written. */
  readonly units?: DiffractionUnits;
  /** Intensity taken off every pixel, or an .npy file with one [H, W] of them; below 0 becomes 0. */
  readonly background?: number | { readonly path: string };
  /** Intensities below become 0. */
  readonly threshold?: number;
  /** Pixels to call bad: "auto", what the patterns show, or the mask in a file. Those of the scan file are always kept. */
  readonly mask?: "auto" | { readonly path: string };
  /** Move the zero frequency from the corner to N/2. */
  readonly fftshift?: boolean;
  /** Move the patterns by whole pixels so that their centre of mass lies at N/2. */
  readonly center?: boolean;
  /** Exchange rows and columns of every pattern, of the masks and of the probe. */
  readonly transpose?: boolean;
  /** Edge to which the patterns are cut about N/2; object pixels grow. */
  readonly crop?: number;
  /** Add up k x k pixels; object pixels stay, the window shrinks. */
  readonly bin?: number;
  /** Edge to which the patterns are widened with zeros about N/2; object pixels shrink. */
  readonly pad?: number;
  readonly swapXY?: boolean;
  readonly flipX?: boolean;
  readonly flipY?: boolean;
  /** Turn of the positions about the middle of the scan, clockwise in a picture. */
  readonly rotatePositionsDeg?: number;
  /** Factor on the positions. */
  readonly scalePositions?: number;
  /** Patterns kept, drawn at random, in their order. */
  readonly subset?: number;
  /** Put the patterns into a random order. */
  readonly shuffle?: boolean;
  /** Share of the patterns, the first ones, that goes into a file of its own. */
  readonly split?: number;
  /** Seed of subset and shuffle. */
  readonly seed?: number;
}
