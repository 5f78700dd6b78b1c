// A scan as an iterative engine takes it, wherever its patterns lie.
import type { ComplexArray, NdArray } from "../core/ndarray.js";
import type { AxisOrder } from "./axis-order.js";
import type { DiffractionUnits } from "./diffraction-units.js";
import { type FrameSource, readFrames } from "./frame-source.js";
import type { MaskChoice } from "./pixel-mask.js";
import type { Geometry } from "./raw-data.js";
import type { FrameValues } from "./survey-frames.js";

export interface OpenFramesOptions {
  /** Patterns that take more memory than this while they are read stay on disk. */
  readonly memoryBytes: number;
  /** Where compressed patterns are unpacked to, if they stay on disk; it must be there. */
  readonly scratchFolder: string;
  readonly signal: AbortSignal;
  readonly mask: MaskChoice;
  readonly axisOrder?: AxisOrder;
  /** What the values of the file are, where its format does not say; a mapping file for HDF5 of unknown layout. */
  readonly units?: DiffractionUnits;
  readonly map?: string;
  /** Pattern widths that are taken. */
  readonly allowedN?: readonly number[];
  /** What the patterns are handed out as, from disk alone; for engines unless given. */
  readonly values?: FrameValues;
  /** Leave the patterns on disk even where they would fit. */
  readonly staysOnDisk?: boolean;
  /** Leave the probe of the file unread. */
  readonly ignoreProbe?: boolean;
}

export interface ScanFrames extends Geometry {
  /** Amplitudes, -1 where not measured, or the `values` that were asked for. */
  readonly frames: FrameSource;
  /** Scan positions [n], pixels. */
  readonly xPx: Float64Array;
  readonly yPx: Float64Array;
  /** [P, N, N]; undefined where the file has none, or it was to be ignored. */
  readonly probe: ComplexArray | undefined;
  /** Mean photons per pattern, where the file says so. */
  readonly nphotons: number | undefined;
  /** What was found about bad pixels, in sentences. */
  readonly maskNotes: readonly string[];
  /** How a file of another format than NPZ was read; none of an NPZ file. */
  readonly notes?: readonly string[];
  readonly warnings: readonly string[];
  /** The patterns stay on disk. */
  readonly streamed: boolean;
  /** Gives the file, and what was unpacked of it, back; the frames end with it. */
  close(): void;
}

export interface PatternSample {
  /** [m, N, N], -1 where not measured. */
  readonly amplitudes: NdArray<"float32">;
  readonly xPx: Float64Array;
  readonly yPx: Float64Array;
}

/**
 * The patterns nearest to the middle of the scan, at most `most`, in the order of the scan: what needs a dense part of
 * a scan in memory, such as an estimate of the probe, gets it here.
 */
export function centralPatterns({ frames, xPx, yPx }: ScanFrames, most: number): PatternSample {
  const middle = (values: Float64Array) => values.toSorted()[Math.floor(values.length / 2)];
  const [x, y] = [middle(xPx), middle(yPx)];
  const distance = xPx.map((value, i) => Math.hypot(value - x, yPx[i] - y));
  const indices = Int32Array.from({ length: frames.n }, (_, i) => i)
    .sort((a, b) => distance[a] - distance[b])
    .slice(0, most)
    .sort();
  return {
    amplitudes: readFrames(frames, indices),
    xPx: Float64Array.from(indices, (i) => xPx[i]),
    yPx: Float64Array.from(indices, (i) => yPx[i]),
  };
}
