// What a scan file holds, before any rule is applied to it: the readers refuse what cannot be reconstructed, the doctor
// and the preparation of a file must see it all the same.
import { isPtychoError } from "../core/errors.js";
import type { DiffractionUnits } from "./diffraction-units.js";
import type { Metadata } from "./metadata.js";
import type { PixelMask } from "./pixel-mask.js";

/** Coordinates of the patterns one by one, x = column, y = row. */
export interface ScanPositions {
  readonly xPx: Float64Array;
  readonly yPx: Float64Array;
}

/** Something of the file that could not be read, in the words of the reader. */
export interface Trouble {
  /** "file", or the name of the array. */
  readonly place: string;
  readonly message: string;
}

export interface ArrayNote {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
}

/** The stack of patterns by its header: n of height x width pixels. */
export interface StoredPatterns {
  readonly key: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Which axis counts the patterns; undefined where nothing decides. */
  readonly order: "NHW" | "HWN" | undefined;
  readonly n: number;
  readonly height: number;
  readonly width: number;
}

/** Complex values as stored, any shape. */
export interface StoredProbe {
  readonly shape: readonly number[];
  readonly re: Float32Array;
  readonly im: Float32Array;
}

/** Whole patterns in their order, (height, width) row-major, values as stored but float32. They may be changed. */
export interface PatternBlock {
  readonly first: number;
  readonly values: Float32Array;
}

export interface ScanContents {
  readonly where: string;
  readonly bytes: number;
  /** "NPZ", or the name of another format. */
  readonly format: string;
  /** What the values are by the contract of the format; undefined where it is for the user to say (NPZ). */
  readonly units: DiffractionUnits | undefined;
  /** Edge of an object pixel, metres, where the file says enough. */
  readonly pixelSizeM: number | undefined;
  /** How the file was read: what was converted how. */
  readonly notes: readonly string[];
  readonly arrays: readonly ArrayNote[];
  readonly patterns: StoredPatterns | undefined;
  /** Coordinates as stored: not aligned with the patterns, not checked. */
  readonly xPx: Float64Array | undefined;
  readonly yPx: Float64Array | undefined;
  readonly probe: StoredProbe | undefined;
  /** Pixels that the file itself calls bad. */
  readonly mask: PixelMask | undefined;
  /** Other numbers that go with the patterns one by one: start positions, scan numbers. */
  readonly perPattern: ReadonlyMap<string, Float64Array>;
  readonly metadata: Metadata | undefined;
  /** Shape [H, W] of the object in the file. */
  readonly objectShape: readonly number[] | undefined;
  /** The object, read when it is asked for: truth, which nothing but a copy into another scan file may want. */
  readonly readObject: () => StoredProbe | undefined;
  readonly troubles: readonly Trouble[];
  /** Reads all patterns through once, in bounded memory. */
  readonly blocks: () => AsyncIterable<PatternBlock>;
  readonly close: () => void;
}

/** Takes the answer of `read`, or notes in `troubles` why there is none. Errors that are no PtychoError are bugs. */
export function attempt<T>(troubles: Trouble[], place: string, read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!isPtychoError(error) || error.tag === "Interrupted") throw error;
    troubles.push({ place, message: error.message });
    return undefined;
  }
}
