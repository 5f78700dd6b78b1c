// A scan file of any format, seen as the arrays of the NPZ contract under their names there (keys.ts).
import type { NpyArray } from "../formats/npy.js";
import type { NpyHeader } from "../formats/npy-header.js";
import type { PickledString } from "../formats/pickled-string.js";
import type { DiffractionUnits } from "./diffraction-units.js";

export type ArrayHeader = Pick<NpyHeader, "dtype" | "shape">;

/** Named arrays, each read when it is asked for. An open NPZ archive is one. */
export interface ScanArrays<H extends ArrayHeader = ArrayHeader> {
  readonly names: readonly string[];
  has(name: string): boolean;
  header(name: string): H;
  /** @throws PtychoError DataError for an array that is not there or cannot be read. */
  read(name: string): NpyArray;
  readPickledString(name: string): PickledString;
}

export interface ScanSource extends ScanArrays {
  /** Name of the format, for people. */
  readonly format: string;
  /** What the diffraction values are by the contract of the format; undefined where it is for the caller to say (NPZ). */
  readonly units: DiffractionUnits | undefined;
  /** Edge of an object pixel, metres, where the file says enough. */
  readonly pixelSizeM?: number | undefined;
  /** Photon energy, eV, and distance from object to detector, metres, where the file has them. */
  readonly energyEv?: number | undefined;
  readonly distanceM?: number | undefined;
  /** How the file was read, in sentences: what was taken from where and converted how. */
  readonly notes: readonly string[];
  /** Patterns from..to, [to - from, N, N], in the order and units of the file; absent where they cannot be read in part. */
  readonly readFrames?: ((from: number, to: number) => Float32Array) | undefined;
  close(): void;
}
