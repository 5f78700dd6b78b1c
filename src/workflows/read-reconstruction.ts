// reconstruction.npz and the truth of a scan file, for scoring.
import { statSync } from "node:fs";
import { join } from "node:path";
import { check } from "../core/errors.js";
import { type ComplexArray, complex64, type NdArray } from "../core/ndarray.js";
import { SCAN_KEYS } from "../data/keys.js";
import { complexValues } from "../data/stored-values.js";
import { type Npz, openNpz } from "../formats/npz.js";
import { printable } from "../formats/printable.js";

export const RECONSTRUCTION_FILE = "reconstruction.npz";

export interface Reconstruction {
  /** The file that was read. */
  readonly path: string;
  /** Stitched object [H, W]. */
  readonly object: ComplexArray;
  /** Sum of weights [H, W]; 0 where no pattern contributed. */
  readonly coverage: NdArray<"float32">;
  /** (x, y) of pixel [0, 0] in the frame of the scan positions, pixels. */
  readonly originPx: readonly [number, number];
  /** Edge of an object pixel, where the file says it. */
  readonly pixelSizeM?: number;
  /** Probe modes [P, N, N], where the reconstruction found them. */
  readonly probe?: ComplexArray;
}

/** @throws PtychoError DataError when the file, or the file in that folder, is no reconstruction. */
export function readReconstruction(path: string): Reconstruction {
  const file = statSync(path, { throwIfNoEntry: false })?.isDirectory()
    ? join(path, RECONSTRUCTION_FILE)
    : path;
  const where = printable(file);
  const npz = openNpz(file);
  const object = plane(npz, where, "object");
  const coverage = realValues(npz, where, "coverage");
  const origin = realValues(npz, where, "origin_px");
  check(
    coverage.shape.join() === object.shape.join() && origin.values.length === 2,
    "DataError",
    () =>
      `${where}: object [${object.shape}], coverage [${coverage.shape}] and origin_px [${origin.shape}] do not belong ` +
      "together; expected [H, W], [H, W] and [2]; run infer again",
  );
  return {
    path: file,
    object,
    coverage: { dtype: "float32", shape: coverage.shape, data: Float32Array.from(coverage.values) },
    originPx: [origin.values[0], origin.values[1]],
    ...(npz.has("pixel_size_m") && { pixelSizeM: realValues(npz, where, "pixel_size_m").values[0] }),
    ...(npz.has("probe") && { probe: complexModes(npz, where, "probe") }),
  };
}

export interface KnownObject {
  /** True (or reference) object [H, W]. */
  readonly object: ComplexArray;
  /** (x, y) of pixel [0, 0] in the frame of the positions, pixels; (0, 0) unless given. */
  readonly originPx?: readonly [number, number];
  readonly xPx: Float64Array;
  readonly yPx: Float64Array;
  /** `probeGuess`, where the file has one: [N, N] or [P, N, N]. */
  readonly probe?: ComplexArray;
}

/** The `objectGuess` of a scan file, asked for by name, with the scan positions. */
export function readKnownObject(path: string): KnownObject {
  const where = printable(path);
  const npz = openNpz(path);
  const object = plane(npz, where, SCAN_KEYS.truthObject);
  const [xPx, yPx] = [SCAN_KEYS.x, SCAN_KEYS.y].map((key) => realValues(npz, where, key).values);
  check(
    xPx.length === yPx.length && xPx.length > 0,
    "DataError",
    () => `${where}: expected as many x as y positions and at least one, got ${xPx.length} and ${yPx.length}`,
  );
  return {
    ...{ object, xPx, yPx },
    ...(npz.has(SCAN_KEYS.probe) && { probe: complexModes(npz, where, SCAN_KEYS.probe) }),
  };
}

/** A probe as it is stored; what shape it must have is for its reader to say. */
function complexModes(npz: Npz, where: string, key: string): ComplexArray {
  const { shape, re, im } = complexValues(npz.read(key), where, key);
  return complex64(shape, re, im);
}

function plane(npz: Npz, where: string, key: string): ComplexArray {
  const array = npz.read(key);
  const { shape } = array;
  check(
    shape.length === 2,
    "DataError",
    () => `${where}: ${key} must be 2-D [H, W], got shape [${shape.join(", ")}]`,
  );
  const found =
    "re" in array
      ? complex64(shape, Float32Array.from(array.re), Float32Array.from(array.im))
      : complex64(shape, Float32Array.from(realValues(npz, where, key).values));
  check(
    found.re.every(Number.isFinite) && found.im.every(Number.isFinite),
    "DataError",
    () => `${where}: ${key} holds NaN or infinite values; only a finite object can be scored`,
  );
  return found;
}

function realValues(npz: Npz, where: string, key: string) {
  const array = npz.read(key);
  check("data" in array, "DataError", () => `${where}: ${key} must hold real numbers, got ${array.dtype}`);
  const values = Float64Array.from(array.data as ArrayLike<number | bigint>, Number);
  check(
    values.every(Number.isFinite),
    "DataError",
    () => `${where}: ${key} holds NaN or infinite values; expected finite numbers`,
  );
  return { shape: array.shape, values };
}
