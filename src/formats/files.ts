// Files of the operating system: read whole and checked, written whole or not at all. What is inside them is for others.
import { constants as bufferLimits } from "node:buffer";
import { randomBytes } from "node:crypto";
import * as nodeFs from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { type ErrorTag, PtychoError } from "../core/errors.js";
import { isSymbolicLink, openRegularFile, type ReadOptions } from "./open-file.js";
import { printable } from "./printable.js";
import { codeOf, explainCode } from "./system-error.js";

/**
 * The content of a regular file (or of a symbolic link to one). A pipe, device or folder is refused without being
 * opened for waiting, and a file that changes while it is read is refused too.
 *
 * @throws PtychoError with `tag` when the file cannot be used, ResourceError when the machine cannot read it now.
 */
export function readRegularFile(path: string, options: ReadOptions = {}): Buffer {
  const file = openRegularFile(path, {
    ...options,
    maxBytes: Math.min(options.maxBytes ?? Number.POSITIVE_INFINITY, bufferLimits.MAX_LENGTH),
  });
  try {
    const bytes = file.bytes(0, file.length);
    file.expectUnchanged();
    return bytes;
  } finally {
    file.close();
  }
}

/** The calls that an atomic write makes; tests hand in one that fails. */
export interface WriteFs {
  open(path: string, flags: string): number;
  /** Returns how many bytes were taken, perhaps fewer than given. */
  write(handle: number, bytes: Uint8Array): number;
  fsync(handle: number): void;
  close(handle: number): void;
  rename(from: string, to: string): void;
  unlink(path: string): void;
}

const REAL_FS: WriteFs = {
  open: (path, flags) => nodeFs.openSync(path, flags, 0o666),
  write: (handle, bytes) => nodeFs.writeSync(handle, bytes, 0, Math.min(bytes.length, 1 << 30)),
  fsync: nodeFs.fsyncSync,
  close: nodeFs.closeSync,
  rename: nodeFs.renameSync,
  unlink: nodeFs.unlinkSync,
};

/**
 * Writes a file so that under its name stands the old content or the new one, never a part: a temporary file in the
 * same folder, flushed, then renamed over `path`, then the folder flushed. Pieces are written one after another.
 *
 * @throws PtychoError ResourceError; the previous file is intact and the temporary one removed, except when only the
 * last flush of the folder failed: then the new content stands.
 */
export function writeFileAtomic(
  path: string,
  bytes: Uint8Array | Iterable<Uint8Array>,
  fs: WriteFs = REAL_FS,
): void {
  const folder = dirname(path);
  const partial = join(folder, partialName(basename(path)));
  let handle: number | undefined;
  let created = false;
  try {
    handle = fs.open(partial, "wx");
    created = true;
    for (const piece of bytes instanceof Uint8Array ? [bytes] : bytes) {
      for (let done = 0; done < piece.length; ) {
        const count = fs.write(handle, piece.subarray(done));
        if (count <= 0) throw Object.assign(new Error("no byte was written"), { code: "EIO" });
        done += count;
      }
    }
    fs.fsync(handle);
    const written = handle;
    handle = undefined;
    fs.close(written);
    fs.rename(partial, path);
    created = false;
    flushFolder(folder, fs);
  } catch (error) {
    if (handle !== undefined) attempt(() => fs.close(handle!));
    if (created) attempt(() => fs.unlink(partial));
    const [why, remedy] = explainCode(codeOf(error));
    throw new PtychoError("ResourceError", `${printable(path)}: cannot be written, ${why}; ${remedy}`, error);
  }
}

/** Makes the rename last through a power cut. File systems that cannot flush a folder are left at that. */
function flushFolder(folder: string, fs: WriteFs): void {
  let handle: number | undefined;
  try {
    handle = fs.open(folder, "r");
    fs.fsync(handle);
  } catch (error) {
    if (!["EINVAL", "ENOTSUP", "EOPNOTSUPP", "EISDIR", "EPERM", "EACCES", "EBADF"].includes(codeOf(error)))
      throw error;
  } finally {
    if (handle !== undefined) fs.close(handle);
  }
}

/** `.<base>.<pid>.<random>.partial`, the base cut so that the whole fits in 255 bytes. */
export function partialName(base: string): string {
  const ending = `.${process.pid}.${randomBytes(6).toString("hex")}.partial`;
  const room = 254 - ending.length;
  let short = "";
  let bytes = 0;
  for (const point of base) {
    bytes += Buffer.byteLength(point);
    if (bytes > room) break;
    short += point;
  }
  return `.${short}${ending}`;
}

const PARTIAL = /^\..*\.(\d+)\.[0-9a-f]{12}\.partial$/s;
const STALE_AFTER_MS = 24 * 3600 * 1000;

/**
 * Removes temporary files that interrupted writes left in a folder: those of processes that no longer run on this
 * machine, and any older than a day. Returns the names removed. A folder that is missing has none.
 */
export function reapPartials(folder: string): string[] {
  let names: string[];
  try {
    names = nodeFs.readdirSync(folder);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    const [why, remedy] = explainCode(codeOf(error));
    throw new PtychoError(
      "ResourceError",
      `${printable(folder)}: cannot be listed, ${why}; ${remedy}`,
      error,
    );
  }
  const removed: string[] = [];
  for (const name of names.sort()) {
    const match = PARTIAL.exec(name);
    if (match === null) continue;
    attempt(() => {
      const entry = nodeFs.lstatSync(join(folder, name));
      if (!entry.isFile()) return;
      if (isRunning(Number(match[1])) && Date.now() - entry.mtimeMs < STALE_AFTER_MS) return;
      nodeFs.unlinkSync(join(folder, name));
      removed.push(name);
    });
  }
  return removed;
}

/**
 * Makes an output folder (and its parents) and proves that a file can be made in it. Existing content is left alone.
 *
 * @throws PtychoError UsageError when the path cannot be an output folder, ResourceError when the disk fails.
 */
export function prepareOutputFolder(path: string): void {
  const fail: (tag: ErrorTag, message: string, cause?: unknown) => never = (tag, message, cause) => {
    throw new PtychoError(tag, `output folder ${printable(path)}: ${message}`, cause);
  };
  if (path === "" || path.includes("\0"))
    fail("UsageError", "the path is empty or holds a NUL; name a folder");
  try {
    makeFolder(path);
    const probe = join(path, partialName("writable"));
    nodeFs.closeSync(nodeFs.openSync(probe, "wx"));
    nodeFs.unlinkSync(probe);
  } catch (error) {
    const code = codeOf(error);
    const [why, remedy] = explainCode(code);
    if (["ENOSPC", "EDQUOT", "EIO", "EMFILE", "ENFILE", "ENOMEM", "ESTALE"].includes(code))
      fail("ResourceError", `cannot be used, ${why}; ${remedy}`, error);
    if (isSymbolicLink(path) && !nodeFs.existsSync(path))
      fail("UsageError", "the symbolic link points to nothing; mend it or name another folder", error);
    if (code === "EEXIST") fail("UsageError", "a file of that name exists; name another folder", error);
    if (code === "ENOTDIR") fail("UsageError", "a part of the path is a file; name another folder", error);
    fail("UsageError", `cannot be used, ${why}; ${remedy}`, error);
  }
}

/** mkdirSync's own `recursive` never ends in a file system that makes no folders, such as /proc. */
function makeFolder(path: string): void {
  const missing = [resolve(path)];
  for (;;) {
    const above = dirname(missing[0]);
    if (nodeFs.statSync(above, { throwIfNoEntry: false }) !== undefined) break;
    missing.unshift(above);
  }
  for (const folder of missing) {
    try {
      nodeFs.mkdirSync(folder);
    } catch (error) {
      const isThere = nodeFs.statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true;
      if (!isThere) throw error;
    }
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === "EPERM";
  }
}

/** Clean-up that must not hide the error that led to it. */
function attempt(action: () => void): void {
  try {
    action();
  } catch {
    // The file is left; reapPartials removes it later.
  }
}
