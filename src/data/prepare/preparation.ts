// The steps that were asked for as functions: of a pattern, of the probe, of the positions; and what each is, in words.
import { check } from "../../core/errors.js";
import { AS_IT_IS, type Orientation } from "../orient-positions.js";
import {
  addUp,
  callBad,
  cornerToMiddle,
  cutBelow,
  cutTo,
  exchangeAxes,
  type PatternStep,
  shiftBy,
  subtractBackground,
  widenTo,
} from "./pattern-steps.js";
import type { PrepareSteps } from "./prepare-steps.js";
import { exchangeProbeAxes, type ProbeStep, withBinsOf, withDetectorOf } from "./probe-steps.js";

/** What the steps need beside what was asked: arrays that were read, and numbers that the patterns gave. */
export interface PreparationFacts {
  readonly height: number;
  readonly width: number;
  /** [height * width] of `background`, where it is a file. */
  readonly background?: Float32Array;
  /** [height * width], 1 = bad, of `mask`. */
  readonly mask?: Uint8Array;
  /** Whole pixels (rows, columns) that bring the centre of mass to N/2. */
  readonly shiftPx?: readonly [number, number];
}

/** One line of the record. */
export interface DoneStep {
  readonly operation: string;
  readonly parameters: Readonly<Record<string, number | string | boolean>>;
  readonly sentence: string;
}

export interface Preparation {
  readonly patternSteps: readonly PatternStep[];
  readonly probeSteps: readonly ProbeStep[];
  readonly orientation: Orientation;
  /** Factor on x and y after that: object pixels before over object pixels after. */
  readonly pixelFactor: readonly [number, number];
  readonly done: readonly DoneStep[];
  /** Edge of the patterns afterwards. */
  readonly N: number;
  /** The object in the file still is the object of these patterns, in the same pixels. */
  readonly keepsObject: boolean;
}

/** @throws PtychoError UsageError for steps that the patterns do not allow. */
export function planPreparation(steps: PrepareSteps, facts: PreparationFacts): Preparation {
  const patternSteps: PatternStep[] = [];
  const probeSteps: ProbeStep[] = [];
  const done: DoneStep[] = [];
  const add = (step: DoneStep, pattern?: PatternStep, probe?: ProbeStep) => {
    done.push(step);
    if (pattern !== undefined) patternSteps.push(pattern);
    if (probe !== undefined) probeSteps.push(probe);
  };
  if (steps.units !== undefined && steps.units !== "amplitude")
    add({
      ...{ operation: "units", parameters: { from: steps.units, to: "amplitude" } },
      sentence: `the square root of the ${steps.units} was taken`,
    });
  if (steps.background !== undefined) {
    const level = typeof steps.background === "number" ? steps.background : steps.background.path;
    const taken = typeof steps.background === "number" ? steps.background : facts.background;
    check(taken !== undefined, "UsageError", () => "--background: the file was not read");
    add(
      {
        ...{ operation: "background", parameters: { intensity: level } },
        sentence: `the background ${level} was taken off the intensities, no lower than 0`,
      },
      subtractBackground(taken),
    );
  }
  const { threshold } = steps;
  if (threshold !== undefined)
    add(
      {
        ...{ operation: "threshold", parameters: { intensity: threshold } },
        sentence: `intensities below ${threshold} became 0`,
      },
      cutBelow(threshold),
    );
  if (steps.mask !== undefined && facts.mask !== undefined) {
    const bad = facts.mask.reduce((sum, value) => sum + value, 0);
    const source = steps.mask === "auto" ? "auto" : steps.mask.path;
    add(
      {
        ...{ operation: "mask", parameters: { mask: source, pixels: bad } },
        sentence: `${bad} pixels were called bad (${source})`,
      },
      callBad(facts.mask),
    );
  }
  if (steps.fftshift === true)
    add(
      {
        operation: "fftshift",
        parameters: {},
        sentence: "zero frequency was moved from the corner to the middle",
      },
      cornerToMiddle,
    );
  if (facts.shiftPx !== undefined) {
    const [rows, columns] = facts.shiftPx;
    add(
      {
        ...{ operation: "center", parameters: { rows, columns } },
        sentence: `the patterns were moved by ${rows} rows and ${columns} columns`,
      },
      shiftBy(rows, columns),
    );
  }
  let [height, width] = [facts.height, facts.width];
  if (steps.transpose === true) {
    add(
      {
        operation: "transpose",
        parameters: {},
        sentence: "rows and columns of patterns and probe were exchanged",
      },
      exchangeAxes,
      exchangeProbeAxes,
    );
    [height, width] = [width, height];
  }
  let pixelFactor: [number, number] = [1, 1];
  const { crop, bin, pad } = steps;
  if (crop !== undefined) {
    add(
      {
        ...{ operation: "crop", parameters: { from: `${height} x ${width}`, to: crop } },
        sentence: `patterns of ${height} x ${width} pixels were cut to ${crop} x ${crop}`,
      },
      cutTo(crop),
      withDetectorOf(crop),
    );
    pixelFactor = [crop / width, crop / height];
    [height, width] = [crop, crop];
  }
  if (bin !== undefined) {
    add(
      { operation: "bin", parameters: { factor: bin }, sentence: `${bin} x ${bin} pixels were added up` },
      addUp(bin),
      withBinsOf(bin),
    );
    [height, width] = [height / bin, width / bin];
  }
  if (pad !== undefined) {
    add(
      {
        ...{ operation: "pad", parameters: { from: `${height} x ${width}`, to: pad } },
        sentence: `patterns of ${height} x ${width} pixels were widened with zeros to ${pad} x ${pad}`,
      },
      widenTo(pad),
      withDetectorOf(pad),
    );
    pixelFactor = [(pixelFactor[0] * pad) / width, (pixelFactor[1] * pad) / height];
    [height, width] = [pad, pad];
  }
  check(
    height === width,
    "UsageError",
    () => `the patterns are ${height} x ${width} pixels: expected square ones; give --crop or --pad`,
  );
  const orientation = orientationOf(steps);
  done.push(...positionSteps(orientation, pixelFactor));
  const resized = crop !== undefined || pad !== undefined;
  const turned = Object.entries(AS_IT_IS).some(
    ([name, value]) => orientation[name as keyof Orientation] !== value,
  );
  return {
    ...{ patternSteps, probeSteps, orientation, pixelFactor, done, N: width },
    keepsObject: !resized && !turned && steps.transpose !== true,
  };
}

function orientationOf(steps: PrepareSteps): Orientation {
  return {
    ...{ swap: steps.swapXY === true, flipX: steps.flipX === true, flipY: steps.flipY === true },
    ...{ rotateDeg: steps.rotatePositionsDeg ?? 0, scale: steps.scalePositions ?? 1 },
  };
}

function positionSteps(
  { swap, flipX, flipY, rotateDeg, scale }: Orientation,
  [x, y]: readonly [number, number],
): DoneStep[] {
  const step = (
    when: boolean,
    operation: string,
    parameters: DoneStep["parameters"],
    sentence: string,
  ): DoneStep[] => (when ? [{ operation, parameters, sentence }] : []);
  return [
    ...step(swap, "swap_xy", {}, "x and y of the positions were exchanged"),
    ...step(flipX, "flip_x", {}, "x of the positions was mirrored about the middle of the scan"),
    ...step(flipY, "flip_y", {}, "y of the positions was mirrored about the middle of the scan"),
    ...step(
      rotateDeg !== 0,
      "rotate_positions",
      { degrees: rotateDeg },
      `the positions were turned by ${rotateDeg} degrees`,
    ),
    ...step(scale !== 1, "scale_positions", { factor: scale }, `the positions were multiplied by ${scale}`),
    ...step(
      x !== 1 || y !== 1,
      "object_pixels",
      { x, y },
      `the object pixels changed with the detector: positions were multiplied by ${x === y ? x : `${x} (x) and ${y} (y)`}`,
    ),
  ];
}
