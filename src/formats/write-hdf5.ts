// Arrays, groups and attributes as an HDF5 file. Complex numbers are the compound {r, i} that h5py reads as complex.
import { check, PtychoError } from "../core/errors.js";
import { sizeOf } from "../core/ndarray.js";
import { encodeElements } from "./element.js";
import { type WriteFs, writeFileAtomic } from "./files.js";
import { type Hdf5Library, type Hdf5Module, loadHdf5Library } from "./hdf5-library.js";
import type { NpyArray } from "./npy.js";
import { printable } from "./printable.js";

/** Text and whole numbers as they are; every other number as float64. */
export type AttributeValue = string | number | { readonly float64: number | readonly number[] };

interface WithAttributes {
  readonly attributes?: Readonly<Record<string, AttributeValue>>;
}

export interface Hdf5Group extends WithAttributes {
  readonly kind: "group";
  readonly members: Readonly<Record<string, Hdf5Node>>;
}

export interface Hdf5Array extends WithAttributes {
  readonly kind: "array";
  readonly array: NpyArray;
  /** Stored in gzip chunks of one entry along the first axis each; in one piece unless given. */
  readonly gzip?: boolean;
}

/** Another name of something in the same file; `to` is its path. */
export interface Hdf5SoftLink {
  readonly kind: "link";
  readonly to: string;
}

export type Hdf5Node = Hdf5Group | Hdf5Array | Hdf5SoftLink;

/**
 * Writes a file, whole or not at all.
 *
 * @throws PtychoError ResourceError when the disk fails or memory is short; EngineError where the library is missing.
 */
export async function writeHdf5(path: string, root: Hdf5Group, fs?: WriteFs): Promise<void> {
  writeFileAtomic(path, await hdf5Bytes(root), fs);
}

/** The bytes that `writeHdf5` would write. They are made in memory: for results, not for data of many gigabytes. */
export async function hdf5Bytes(root: Hdf5Group): Promise<Buffer> {
  const library = await loadHdf5Library();
  const path = library.freshPath();
  const { module } = library;
  try {
    const { result: id } = library.listen(() => module.open(path, module.H5F_ACC_TRUNC, false, -1, -1));
    check(
      id >= 0n,
      "ResourceError",
      () => "HDF5: no file can be made in memory; free some memory and run again",
    );
    try {
      writeGroup({ library, module, id }, "", root);
    } finally {
      library.listen(() => module.close_file(id));
    }
    return library.take(path);
  } finally {
    library.unmount(path);
  }
}

interface Target {
  readonly library: Hdf5Library;
  readonly module: Hdf5Module;
  readonly id: bigint;
}

function writeGroup(target: Target, path: string, group: Hdf5Group): void {
  if (path !== "") tell(target, path, (module) => module.create_group(target.id, path));
  for (const [name, node] of Object.entries(group.members)) {
    check(
      name !== "" && !name.includes("/"),
      "UsageError",
      () => `HDF5: ${printable(name)} is no name of a group or dataset; leave "/" out`,
    );
    const inner = `${path}/${name}`;
    if (node.kind === "group") writeGroup(target, inner, node);
    else if (node.kind === "link")
      tell(target, inner, (module) => module.create_soft_link(target.id, node.to, inner));
    else writeArray(target, inner, node);
  }
  writeAttributes(target, path === "" ? "/" : path, group.attributes);
}

const CLASS = { integer: 0, float: 1, text: 3, compound: 6 } as const;

interface Type {
  readonly type: number;
  readonly size: number;
  readonly signed: boolean;
  readonly littleEndian: true;
  readonly vlen: boolean;
  readonly compound_type?: { readonly nmembers: number; readonly members: readonly unknown[] };
}

const numberType = (type: number, size: number, signed = false): Type => ({
  ...{ type, size, signed, littleEndian: true, vlen: false },
});
/** Variable length, UTF-8. */
const TEXT: Type = { ...numberType(CLASS.text, 4), vlen: true };

function writeArray(target: Target, path: string, { array, gzip = false, attributes }: Hdf5Array): void {
  const { shape } = array;
  const isChunked = gzip && shape.length > 0 && sizeOf(shape) > 0;
  const layout = {
    shape: shape.map(BigInt),
    maxshape: shape.map(BigInt),
    chunks: isChunked ? [1n, ...shape.slice(1).map(BigInt)] : null,
    ...(isChunked ? { compression: GZIP, compression_opts: [GZIP_LEVEL] } : {}),
  };
  if (array.dtype === "text") {
    const texts = [...array.values];
    tell(target, path, (module) =>
      module.create_vlen_str_dataset(target.id, path, texts, asMetadata({ ...TEXT, ...layout })),
    );
  } else {
    const { type, bytes } = encoded(array);
    withBytes(target, path, bytes, (address) =>
      tell(target, path, (module) =>
        module.create_dataset(target.id, path, address, asMetadata({ ...type, ...layout })),
      ),
    );
  }
  writeAttributes(target, path, attributes);
}

const GZIP = 1;
const GZIP_LEVEL = 4;

function encoded(array: Exclude<NpyArray, { dtype: "text" }>): {
  readonly type: Type;
  readonly bytes: Uint8Array;
} {
  if ("re" in array) {
    const single = array.re instanceof Float32Array;
    const pairs = single ? new Float32Array(2 * array.re.length) : new Float64Array(2 * array.re.length);
    for (let i = 0; i < array.re.length; i++) {
      pairs[2 * i] = array.re[i];
      pairs[2 * i + 1] = array.im[i];
    }
    const part = numberType(CLASS.float, single ? 4 : 8);
    const members = [
      { ...part, name: "r", offset: 0 },
      { ...part, name: "i", offset: part.size },
    ];
    const type = { ...numberType(CLASS.compound, 2 * part.size), compound_type: { nmembers: 2, members } };
    return { type, bytes: encodeElements(pairs) };
  }
  const size = array.data.BYTES_PER_ELEMENT;
  const type = array.dtype.startsWith("float")
    ? numberType(CLASS.float, size)
    : numberType(CLASS.integer, size, array.dtype.startsWith("int"));
  return { type, bytes: encodeElements(array.data) };
}

function writeAttributes(
  target: Target,
  path: string,
  attributes: Readonly<Record<string, AttributeValue>> = {},
): void {
  for (const [name, value] of Object.entries(attributes)) {
    const place = `${path} @${name}`;
    const write = (type: Type, shape: readonly number[], address: bigint | readonly string[]) =>
      tell(target, place, (module) => {
        const metadata = asMetadata({ ...type, shape: shape.map(BigInt), maxshape: shape.map(BigInt) });
        return typeof address === "bigint"
          ? module.create_attribute(target.id, path, name, address, metadata)
          : module.create_vlen_str_attribute(target.id, path, name, [...address], metadata);
      });
    if (typeof value === "string") write(TEXT, [], [value]);
    else {
      const floats = typeof value === "object" ? value.float64 : undefined;
      const shape = typeof floats === "object" ? [floats.length] : [];
      const data =
        floats === undefined
          ? BigInt64Array.of(BigInt(value as number))
          : Float64Array.from(typeof floats === "number" ? [floats] : floats);
      const type = floats === undefined ? numberType(CLASS.integer, 8, true) : numberType(CLASS.float, 8);
      withBytes(target, place, encodeElements(data), (address) => write(type, shape, address));
    }
  }
}

/** The package's type of it demands fields which the library does not read. */
const asMetadata = (metadata: object) => metadata as Parameters<Hdf5Module["create_dataset"]>[3];

/** One call that writes; the library answers with a negative number, or throws, where it cannot. */
function tell({ library, module }: Target, path: string, work: (module: Hdf5Module) => unknown): void {
  let reason: string;
  try {
    const { result, complaint } = library.listen(() => work(module));
    if (complaint === "" && !(typeof result === "number" && result < 0)) return;
    reason = complaint;
  } catch (error) {
    if (error instanceof PtychoError) throw error;
    reason = error instanceof Error ? error.message : String(error);
  }
  throw new PtychoError(
    "ResourceError",
    `HDF5: ${printable(path)} cannot be written (${reason}); free some memory, or write less`,
  );
}

function withBytes(
  { module }: Target,
  path: string,
  bytes: Uint8Array,
  work: (address: bigint) => void,
): void {
  const address = module._malloc(Math.max(1, bytes.length));
  check(
    address !== 0,
    "ResourceError",
    () => `HDF5: no memory for the ${bytes.length} bytes of ${printable(path)}; write less, or as .npz`,
  );
  try {
    module.HEAPU8.set(bytes, address);
    work(BigInt(address));
  } finally {
    module._free(address);
  }
}
