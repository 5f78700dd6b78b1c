// A file for what does not fit into memory. It bears no name where the system allows that, so that nothing is left of it
// however the process ends.
import * as nodeFs from "node:fs";
import { join } from "node:path";
import { check, PtychoError } from "../core/errors.js";
import { partialName, reapPartials } from "./files.js";
import { printable } from "./printable.js";
import { codeOf, explainCode } from "./system-error.js";

export interface ScratchFile {
  /** Appends bytes. */
  append(bytes: Uint8Array): void;
  /** Fills `target` from a place in the file. */
  readInto(target: Uint8Array, from: number): void;
  /** Gives the space back. */
  close(): void;
}

/** The calls that a scratch file makes; tests hand in ones that fail. */
export interface ScratchFs {
  freeBytes(folder: string): number;
  open(path: string): number;
  write(handle: number, bytes: Uint8Array, from: number): number;
  read(handle: number, target: Uint8Array, offset: number, from: number): number;
  unlink(path: string): void;
  close(handle: number): void;
}

const REAL_FS: ScratchFs = {
  freeBytes: (folder) => {
    const { bavail, bsize } = nodeFs.statfsSync(folder);
    return bavail * bsize;
  },
  open: (path) => nodeFs.openSync(path, "wx+", 0o600),
  write: (handle, bytes, from) => nodeFs.writeSync(handle, bytes, 0, Math.min(bytes.length, 1 << 30), from),
  read: (handle, target, offset, from) =>
    nodeFs.readSync(handle, target, offset, Math.min(target.length - offset, 1 << 30), from),
  unlink: nodeFs.unlinkSync,
  close: nodeFs.closeSync,
};

/**
 * Opens an empty scratch file in a folder, which must be there. What earlier, interrupted runs left in the folder is
 * removed first.
 *
 * @param expectedBytes how large it will be: refused at once where the disk has less room
 * @throws PtychoError ResourceError, here and from its calls, when the disk is full or fails
 */
export function openScratchFile(folder: string, expectedBytes: number, fs: ScratchFs = REAL_FS): ScratchFile {
  const where = `scratch file in ${printable(folder)}`;
  const attempt = <T>(what: string, call: () => T): T => {
    try {
      return call();
    } catch (error) {
      if (error instanceof PtychoError) throw error;
      const [why, remedy] = explainCode(codeOf(error));
      throw new PtychoError("ResourceError", `${where}: cannot be ${what}, ${why}; ${remedy}`, error);
    }
  };
  reapPartials(folder);
  const free = attempt("made", () => fs.freeBytes(folder));
  check(
    free >= expectedBytes,
    "ResourceError",
    () =>
      `${where}: ${gigabytes(expectedBytes)} GB are needed, the disk has ${gigabytes(free)} GB left; free some space, ` +
      "choose another output folder, or allow more memory",
  );
  const path = join(folder, partialName("scratch"));
  const handle = attempt("made", () => fs.open(path));
  const hasName = !unlinked(path, fs);
  let length = 0;
  let isOpen = true;
  return {
    append(bytes) {
      for (let done = 0; done < bytes.length; ) {
        const count = attempt("written", () => {
          const taken = fs.write(handle, bytes.subarray(done), length);
          if (taken <= 0) throw Object.assign(new Error("no byte was written"), { code: "EIO" });
          return taken;
        });
        done += count;
        length += count;
      }
    },
    readInto(target, from) {
      for (let filled = 0; filled < target.length; ) {
        filled += attempt("read", () => {
          const count = fs.read(handle, target, filled, from + filled);
          if (count <= 0) throw Object.assign(new Error("the file has become shorter"), { code: "EIO" });
          return count;
        });
      }
    },
    close() {
      if (!isOpen) return;
      isOpen = false;
      fs.close(handle);
      if (hasName) unlinked(path, fs);
    },
  };
}

/** Takes the name away; false where an open file must keep it. */
function unlinked(path: string, fs: ScratchFs): boolean {
  try {
    fs.unlink(path);
    return true;
  } catch {
    return false;
  }
}

const gigabytes = (bytes: number): string => (bytes / 1e9).toPrecision(3);
