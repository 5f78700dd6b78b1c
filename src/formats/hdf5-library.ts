// The HDF5 library (h5wasm), loaded when the first HDF5 file is met. It runs in a sandbox whose file system is in memory: a
// file of this machine is in it only as one virtual file that reads through `OpenFile`, so nothing in an HDF5 file can reach
// another one. What the library would print is heard and becomes part of an error.
import { randomUUID } from "node:crypto";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { ready } from "h5wasm";
import { PtychoError } from "../core/errors.js";
import { readRegularFile } from "./files.js";
import type { OpenFile } from "./open-file.js";

export type Hdf5Module = Awaited<typeof ready>;

/** The parts of the emscripten file system that are used; the package has no types for it. */
interface VirtualFs {
  mkdirTree(path: string): void;
  create(path: string, mode: number): VirtualNode;
  writeFile(path: string, bytes: Uint8Array): void;
  readFile(path: string): Uint8Array;
  unlink(path: string): void;
  analyzePath(path: string): { readonly exists: boolean };
  readonly streams: { stream_ops: StreamOps }[];
  readonly ErrnoError: new (errno: number) => Error;
}

interface VirtualNode {
  usedBytes: number;
  stream_ops: StreamOps;
}

interface StreamOps {
  read(stream: unknown, into: Uint8Array, offset: number, length: number, position: number): number;
  write(stream: unknown, from: Uint8Array, offset: number, length: number): number;
}

export interface Hdf5Library {
  readonly module: Hdf5Module;
  /** Carries out one call; returns its result and the innermost reason of what the library complained of. */
  listen<T>(work: () => T): { readonly result: T; readonly complaint: string };
  /** Puts a file into the sandbox, read-only; `trouble` returns, once, what went wrong while it was read. */
  mount(file: OpenFile): { readonly path: string; trouble(): unknown };
  /** A name for a file that is to be written in the sandbox. */
  freshPath(): string;
  /** The bytes of a file in the sandbox. */
  take(path: string): Buffer;
  unmount(path: string): void;
  /** Makes a filter available; false where there is no plugin for it. */
  installFilter(id: number): boolean;
}

/** @throws PtychoError EngineError where the package is not there or cannot run. */
export async function loadHdf5Library(): Promise<Hdf5Library> {
  let module: Hdf5Module;
  try {
    module = await (await import("h5wasm")).ready;
  } catch (error) {
    throw new PtychoError(
      "EngineError",
      "the HDF5 library (h5wasm) cannot be loaded; install it again with npm ci, or convert the file to .npz",
      error,
    );
  }
  // The package types FS as a global that does not exist in Node.
  const fs = module.FS as unknown as VirtualFs;
  const freshPath = (): string => `/${randomUUID()}.h5`;
  return {
    module,
    freshPath,
    listen: (work) => listen(fs, work),
    mount: (file) => mountFile(fs, file, freshPath()),
    take: (path) => Buffer.from(fs.readFile(path)),
    unmount: (path) => {
      if (fs.analyzePath(path).exists) fs.unlink(path);
    },
    installFilter: (id) => installFilter(module, fs, id),
  };
}

const STDERR = 2;
const EIO = 29;
const EROFS = 69;

/** HDF5 prints its stack of errors to stderr; the innermost one tells what really happened. */
function listen<T>(fs: VirtualFs, work: () => T): { readonly result: T; readonly complaint: string } {
  let heard = "";
  const stream = fs.streams[STDERR];
  const before = stream.stream_ops;
  stream.stream_ops = {
    ...before,
    write: (_, from, offset, length) => {
      if (heard.length < 65536)
        heard += Buffer.from(from.subarray(offset, offset + length)).toString("latin1");
      return length;
    },
  };
  try {
    const result = work();
    const reasons = [...heard.matchAll(/#\d+:.*? in \w+\(\): (.*)/g)];
    return { result, complaint: (reasons.at(-1)?.[1] ?? "").slice(0, 200) };
  } finally {
    stream.stream_ops = before;
  }
}

function mountFile(
  fs: VirtualFs,
  file: OpenFile,
  path: string,
): { readonly path: string; trouble(): unknown } {
  let trouble: unknown;
  const node = fs.create(path, 0o444);
  node.usedBytes = file.length;
  node.stream_ops = {
    ...node.stream_ops,
    read: (_, into, offset, length, position) => {
      const count = Math.max(0, Math.min(length, file.length - position));
      try {
        if (count > 0) file.readInto(into.subarray(offset, offset + count), position);
      } catch (error) {
        trouble = error;
        throw new fs.ErrnoError(EIO);
      }
      return count;
    },
    write: () => {
      throw new fs.ErrnoError(EROFS);
    },
  };
  return {
    path,
    trouble: () => {
      const found = trouble;
      trouble = undefined;
      return found;
    },
  };
}

/** Registered numbers of the filters that the library has itself, and the plugins for others. */
const BUILT_IN_FILTERS: readonly number[] = [1, 2, 3, 4, 5, 6];
const FILTER_PLUGINS: Readonly<Record<number, string>> = {
  307: "bz2",
  32000: "lzf",
  32001: "blosc",
  32004: "lz4",
  32008: "bshuf",
  32013: "zfp",
  32015: "zstd",
  32019: "jpeg",
  32022: "bitgroom",
  32023: "bitround",
  32026: "blosc2",
};

function installFilter(module: Hdf5Module, fs: VirtualFs, id: number): boolean {
  if (BUILT_IN_FILTERS.includes(id)) return true;
  if (!Object.hasOwn(FILTER_PLUGINS, id)) return false;
  const name = `libH5Z${FILTER_PLUGINS[id]}.so`;
  const folder = module.get_plugin_search_paths()[0];
  const path = `${folder}/${name}`;
  if (fs.analyzePath(path).exists) return true;
  const home = dirname(createRequire(import.meta.url).resolve("h5wasm-plugins/package.json"));
  fs.mkdirTree(folder);
  fs.writeFile(path, readRegularFile(join(home, "plugins", name)));
  return true;
}
