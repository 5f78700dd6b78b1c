// A regular file held open and read by offset. A change while it is in use is noticed, never read as data.
import * as nodeFs from "node:fs";
import { PtychoError } from "../core/errors.js";
import type { ByteSource } from "./byte-source.js";
import type { FileTag } from "./npy-header.js";
import { printable } from "./printable.js";
import { codeOf, explainCode } from "./system-error.js";

export interface ReadOptions {
  /** Refuse larger files before reading them. */
  readonly maxBytes?: number;
  /** ArtefactError for model archives; DataError, the default, for scan files. */
  readonly tag?: FileTag;
}

export interface OpenFile extends ByteSource {
  /** Fills `target` from a place in the file. */
  readInto(target: Uint8Array, from: number): void;
  /** Throws if the file has been written to since it was opened. */
  expectUnchanged(): void;
  close(): void;
}

const TROUBLES = ["EMFILE", "ENFILE", "EIO", "ENOMEM", "ESTALE", "ERR_MEMORY_ALLOCATION_FAILED"];
const MOST_AT_ONCE = 2 ** 30;

/**
 * Opens a regular file (or a symbolic link to one). A pipe, device or folder is refused without being opened for
 * waiting.
 *
 * @throws PtychoError, here and from every read, with `tag` when the file cannot be used, ResourceError when the machine
 * cannot read it now.
 */
export function openRegularFile(path: string, options: ReadOptions = {}): OpenFile {
  const tag = options.tag ?? "DataError";
  const where = printable(path);
  const fail: (message: string, cause?: unknown) => never = (message, cause) => {
    throw new PtychoError(tag, `${where}: ${message}`, cause);
  };
  /** Carries out a call of the operating system, its errors in words. */
  const attempt = <T>(call: () => T): T => {
    try {
      return call();
    } catch (error) {
      if (error instanceof PtychoError) throw error;
      const code = codeOf(error);
      const [why, remedy] = explainCode(code);
      if (TROUBLES.includes(code))
        throw new PtychoError("ResourceError", `${where}: cannot be read, ${why}; ${remedy}`, error);
      if (code === "ENOENT" && isSymbolicLink(path))
        fail("the symbolic link points to nothing; mend the link or give the file itself", error);
      if (code === "ENOENT") fail("there is no such file; check the path", error);
      return fail(`cannot be read, ${why}; ${remedy}`, error);
    }
  };
  const handle = attempt(() => {
    const kind = kindOf(nodeFs.statSync(path));
    if (kind !== "file") fail(`expected a regular file, found a ${kind}; give the path of a file`);
    return nodeFs.openSync(path, nodeFs.constants.O_RDONLY | (nodeFs.constants.O_NONBLOCK ?? 0));
  });
  let isOpen = true;
  const close = (): void => {
    if (isOpen) nodeFs.closeSync(handle);
    isOpen = false;
  };
  try {
    const before = attempt(() => nodeFs.fstatSync(handle));
    if (!before.isFile()) fail(`expected a regular file, found a ${kindOf(before)}; give the path of a file`);
    const limit = options.maxBytes ?? Number.POSITIVE_INFINITY;
    if (before.size > limit)
      fail(`the file has ${before.size} bytes, more than the ${limit} allowed here; split or reduce it`);
    const changed = () =>
      fail(`the file changed while it was read (${before.size} bytes at first); wait until it is complete`);
    const readInto = (target: Uint8Array, from: number): void => {
      for (let filled = 0; filled < target.length; ) {
        const wanted = Math.min(target.length - filled, MOST_AT_ONCE);
        const count = attempt(() => nodeFs.readSync(handle, target, filled, wanted, from + filled));
        if (count === 0) changed();
        filled += count;
      }
    };
    return {
      length: before.size,
      bytes: (from, to) => {
        const target = attempt(() => Buffer.allocUnsafe(to - from));
        readInto(target, from);
        return target;
      },
      readInto,
      expectUnchanged: () => {
        const beyond = attempt(() => nodeFs.readSync(handle, Buffer.alloc(1), 0, 1, before.size));
        const after = attempt(() => nodeFs.fstatSync(handle));
        if (beyond > 0 || after.size !== before.size || after.mtimeMs !== before.mtimeMs) changed();
      },
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

function kindOf(entry: nodeFs.Stats): string {
  if (entry.isFile()) return "file";
  if (entry.isDirectory()) return "folder";
  if (entry.isFIFO()) return "pipe";
  return entry.isSocket() ? "socket" : "device";
}

export function isSymbolicLink(path: string): boolean {
  try {
    return nodeFs.lstatSync(path).isSymbolicLink();
  } catch {
    return false;
  }
}
