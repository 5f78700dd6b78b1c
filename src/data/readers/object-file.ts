// Reconstructed or known objects in HDF5 files of other programs: products of ptychodus, pty-chi and PtychoViT, .ptyr of
// ptypy, CXI images, and any scan file that carries its object.
import { check, PtychoError } from "../../core/errors.js";
import { type ComplexArray, complex64 } from "../../core/ndarray.js";
import { type Hdf5File, isHdf5, openHdf5 } from "../../formats/hdf5.js";
import type { NpyArray } from "../../formats/npy.js";
import { openRegularFile } from "../../formats/open-file.js";
import { SCAN_KEYS } from "../keys.js";
import { readCoordinates } from "../scan-members.js";
import { complexValues } from "../stored-values.js";
import { columnsAt, firstDataset, flatObject, numberAt, numbersAt, probeModes } from "./hdf5-parts.js";
import { openScanSource } from "./open-scan-source.js";
import { isProduct, readProduct } from "./ptychodus-product.js";

export interface ObjectFile {
  /** Name of the format, for people. */
  readonly format: string;
  /** [H, W]; of layers their product. */
  readonly object: ComplexArray;
  /** (x, y) of the corner of the first pixel in the frame of the positions, pixels. */
  readonly originPx: readonly [number, number];
  /** [n] scan positions, pixels; the middle of the object alone where the file has none. */
  readonly xPx: Float64Array;
  readonly yPx: Float64Array;
  /** [N, N] or [P, N, N] */
  readonly probe?: ComplexArray | undefined;
  readonly pixelSizeM?: number | undefined;
}

/** Whether a file is HDF5, so that `readObjectFile` takes it. @throws PtychoError DataError for no regular file. */
export function isObjectFile(path: string): boolean {
  const file = openRegularFile(path);
  try {
    return isHdf5(file);
  } finally {
    file.close();
  }
}

/** @throws PtychoError DataError for a file without an object. */
export async function readObjectFile(path: string): Promise<ObjectFile> {
  const file = await openHdf5(path);
  try {
    for (const read of [fromProduct, fromPtypy, fromCxi]) {
      const found = read(file);
      if (found !== undefined) return found;
    }
  } finally {
    file.close();
  }
  return fromScan(path);
}

function fromProduct(file: Hdf5File): ObjectFile | undefined {
  if (!isProduct(file) || file.kindOf("/object") !== "dataset") return undefined;
  const { xPx, yPx, originPx, object, probe, geometry } = readProduct(file);
  return {
    ...{ format: "ptychodus product", xPx, yPx, originPx },
    object: asComplex(flatObject(object, file.where, "/object")),
    probe: asComplex(probeModes(probe, file.where, "/probe")),
    pixelSizeM: geometry.isMetric ? geometry.pixelWidthM : undefined,
  };
}

/** ptypy: sizes and places are (y, x) in metres; the place is that of pixel [0, 0]. */
function fromPtypy(file: Hdf5File): ObjectFile | undefined {
  const [name] = file.members("/content/obj").flatMap((each) => (each.kind === "group" ? [each.name] : []));
  const at = `/content/obj/${name}`;
  if (name === undefined || file.kindOf(`${at}/data`) !== "dataset") return undefined;
  const object = asComplex(flatObject(file.read(`${at}/data`), file.where, `${at}/data`));
  const pair = (path: string): readonly [number, number] | undefined => {
    if (file.kindOf(path) !== "dataset") return undefined;
    const { values } = numbersAt(file, path);
    return values.length >= 2 ? [values[0], values[1]] : undefined;
  };
  const size = pair(`${at}/_psize`);
  const origin = pair(`${at}/_origin`);
  const positions = firstDataset(file, [`/content/positions/${name}`, `/content/positions/${name}/data`]);
  const [probe] = file
    .members("/content/probe")
    .flatMap((each) => (each.kind === "group" ? [each.name] : []));
  const probePath = `/content/probe/${probe}/data`;
  const found = {
    ...{ format: "ptypy reconstruction", object, pixelSizeM: size?.[1] },
    ...(probe !== undefined && file.kindOf(probePath) === "dataset"
      ? { probe: asComplex(probeModes(file.read(probePath), file.where, probePath)) }
      : {}),
  };
  if (positions === undefined || size === undefined) return { ...found, ...middleOf(object) };
  const [y, x] = columnsAt(file, positions);
  return {
    ...found,
    xPx: x.map((value) => value / size[1]),
    yPx: y.map((value) => value / size[0]),
    originPx: origin === undefined ? [0, 0] : [origin[1] / size[1], origin[0] / size[0]],
  };
}

/** CXI: the object is image_2 where image_1 is the probe (as ptychodus writes), else image_1. */
function fromCxi(file: Hdf5File): ObjectFile | undefined {
  const path = firstDataset(file, ["/entry_1/image_2/data", "/entry_1/image_1/data"]);
  if (path === undefined || !file.dataset(path).dtype.startsWith("complex")) return undefined;
  const object = asComplex(flatObject(file.read(path), file.where, path));
  const own = "/entry_1/ptychodus";
  const pixelSizeM = numberAt(file, `${own}/object_pixel_width_m`);
  const translation = firstDataset(file, [
    "/entry_1/data_1/translation",
    "/entry_1/sample_1/geometry_1/translation",
  ]);
  const found = { format: "CXI", object, pixelSizeM };
  if (translation === undefined || pixelSizeM === undefined) return { ...found, ...middleOf(object) };
  const [x, y] = columnsAt(file, translation);
  const [height, width] = object.shape;
  const corner = (name: string, extent: number) =>
    (numberAt(file, `${own}/${name}`) ?? 0) / pixelSizeM - extent / 2;
  return {
    ...found,
    xPx: x.map((value) => value / pixelSizeM),
    yPx: y.map((value) => value / pixelSizeM),
    originPx: [corner("object_center_x_m", width), corner("object_center_y_m", height)],
  };
}

async function fromScan(path: string): Promise<ObjectFile> {
  const source = await openScanSource(path);
  try {
    check(
      source.has(SCAN_KEYS.truthObject),
      "DataError",
      () => `${path}: a ${source.format} file without an object; give one that holds it`,
    );
    const object = asComplex(source.read(SCAN_KEYS.truthObject));
    return {
      ...{ format: source.format, object, originPx: [0, 0], pixelSizeM: source.pixelSizeM },
      xPx: readCoordinates(source, path, SCAN_KEYS.x),
      yPx: readCoordinates(source, path, SCAN_KEYS.y),
      ...(source.has(SCAN_KEYS.probe) ? { probe: asComplex(source.read(SCAN_KEYS.probe)) } : {}),
    };
  } finally {
    source.close();
  }
}

function middleOf({ shape: [height, width] }: ComplexArray): Pick<ObjectFile, "xPx" | "yPx" | "originPx"> {
  return { xPx: Float64Array.of(width / 2), yPx: Float64Array.of(height / 2), originPx: [0, 0] };
}

function asComplex(array: NpyArray): ComplexArray {
  const { shape, re, im } = complexValues(array, "object", "object");
  if (re.every(Number.isFinite) && im.every(Number.isFinite)) return complex64(shape, re, im);
  throw new PtychoError(
    "DataError",
    "the object or probe of the file holds NaN or infinite values; give a finite one",
  );
}
