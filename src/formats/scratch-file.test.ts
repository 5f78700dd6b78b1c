import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isPtychoError } from "../core/errors.js";
import { openScratchFile, type ScratchFs } from "./scratch-file.js";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "scratch-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** A disk in memory that takes `room` bytes, a few at a time, and keeps names if told to. */
function smallDisk(room: number, keepsNames: boolean) {
  const content = Buffer.alloc(room);
  const names: string[] = [];
  let used = 0;
  let isOpen = false;
  const fs: ScratchFs = {
    freeBytes: () => 1e9,
    open: (path) => {
      names.push(path);
      isOpen = true;
      return 7;
    },
    write: (_, bytes, from) => {
      const count = Math.min(5, bytes.length, room - from);
      if (count === 0) throw Object.assign(new Error("no space"), { code: "ENOSPC" });
      content.set(bytes.subarray(0, count), from);
      used = Math.max(used, from + count);
      return count;
    },
    read: (_, target, offset, from) => {
      const count = Math.min(3, target.length - offset, used - from);
      target.set(content.subarray(from, from + count), offset);
      return count;
    },
    unlink: (path) => {
      if (keepsNames && isOpen) throw Object.assign(new Error("in use"), { code: "EBUSY" });
      names.splice(names.indexOf(path), 1);
    },
    close: () => {
      isOpen = false;
    },
  };
  return { fs, names };
}

function caught(action: () => unknown): Error {
  try {
    action();
  } catch (error) {
    if (isPtychoError(error, "ResourceError")) return error;
    throw error;
  }
  throw new Error("no error");
}

describe("openScratchFile", () => {
  test("gives back what was written, and stands under no name", () => {
    const scratch = openScratchFile(folder, 100);
    expect(readdirSync(folder)).toEqual([]);
    scratch.append(Buffer.from("hello, "));
    scratch.append(Buffer.from("world"));
    const target = Buffer.alloc(5);
    scratch.readInto(target, 7);
    expect(target.toString()).toBe("world");
    expect(caught(() => scratch.readInto(Buffer.alloc(2), 11)).message).toMatch(/cannot be read/);
    scratch.close();
    scratch.close();
    expect(readdirSync(folder)).toEqual([]);
  });

  test("short writes and reads are gone on with; a name that cannot go at once goes at the end", () => {
    const { fs, names } = smallDisk(100, true);
    const scratch = openScratchFile(folder, 100, fs);
    const bytes = Buffer.from("a text that is longer than five bytes");
    scratch.append(bytes);
    const target = Buffer.alloc(bytes.length);
    scratch.readInto(target, 0);
    expect(target).toEqual(bytes);
    expect(names).toHaveLength(1);
    scratch.close();
    expect(names).toEqual([]);
  });

  test("a disk that is full is said at once where it can be known, else when it happens", () => {
    const { fs } = smallDisk(10, false);
    const early = caught(() => openScratchFile(folder, 5e9, fs));
    expect(early.message).toMatch(
      /scratch file in .*: 5\.00 GB are needed, the disk has 1\.00 GB left; free some space/,
    );
    const scratch = openScratchFile(folder, 100, fs);
    expect(caught(() => scratch.append(Buffer.alloc(11))).message).toMatch(
      /scratch file in .*: cannot be written, the disk or quota is full; free some space/,
    );
  });

  test("a folder that is not there is a clear error", () => {
    expect(caught(() => openScratchFile(join(folder, "no"), 1)).message).toMatch(/cannot be made, a folder/);
  });

  test("what a killed run left under a name is removed by the next", () => {
    // No process has this number: it is above the largest that Linux gives.
    writeFileSync(join(folder, ".scratch.4194305.0123456789ab.partial"), "left");
    writeFileSync(join(folder, "kept.txt"), "mine");
    openScratchFile(folder, 1).close();
    expect(readdirSync(folder)).toEqual(["kept.txt"]);
  });
});
