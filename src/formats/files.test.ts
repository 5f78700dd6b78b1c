import { execFileSync } from "node:child_process";
import * as nodeFs from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { exitCodeOf, isPtychoError, type PtychoError } from "../core/errors.js";
import {
  prepareOutputFolder,
  readRegularFile,
  reapPartials,
  type WriteFs,
  writeFileAtomic,
} from "./files.js";

let folder = "";
beforeEach(() => {
  folder = nodeFs.mkdtempSync(join(tmpdir(), "files-"));
});
afterEach(() => nodeFs.rmSync(folder, { recursive: true, force: true }));

const isRoot = process.getuid?.() === 0;
const isPosix = process.platform !== "win32";

function errorOf(action: () => void): PtychoError {
  try {
    action();
  } catch (error) {
    if (isPtychoError(error)) return error;
    throw error;
  }
  throw new Error("no error");
}

describe("readRegularFile", () => {
  test("reads files, also empty ones and through links", () => {
    const path = join(folder, "a b ü");
    nodeFs.writeFileSync(path, "content");
    nodeFs.symlinkSync(path, join(folder, "link"));
    nodeFs.writeFileSync(join(folder, "empty"), "");
    expect(readRegularFile(path).toString()).toBe("content");
    expect(readRegularFile(join(folder, "link")).toString()).toBe("content");
    expect(readRegularFile(join(folder, "empty")).length).toBe(0);
  });

  test("each thing that is no file gets its own sentence, exit code 3", () => {
    nodeFs.symlinkSync(join(folder, "gone"), join(folder, "dangling"));
    nodeFs.symlinkSync(join(folder, "circle"), join(folder, "circle"));
    nodeFs.writeFileSync(join(folder, "file"), "1234");
    const cases: [string, RegExp][] = [
      [folder, /expected a regular file, found a folder/],
      [join(folder, "gone"), /there is no such file/],
      [join(folder, "dangling"), /symbolic link points to nothing/],
      [join(folder, "circle"), /circle/],
      [join(folder, "file", "x"), /a part of the path is a file/],
      [join(folder, "x".repeat(300)), /name is too long/],
      [join(folder, "bad\nname"), /bad\\nname": there is no such file/],
    ];
    for (const [path, message] of cases) {
      const error = errorOf(() => readRegularFile(path));
      expect(error.message).toMatch(message);
      expect(exitCodeOf(error)).toBe(3);
    }
    expect(errorOf(() => readRegularFile(folder, { tag: "ArtefactError" })).tag).toBe("ArtefactError");
    expect(errorOf(() => readRegularFile(join(folder, "file"), { maxBytes: 3 })).message).toMatch(
      /4 bytes, more than/,
    );
  });

  test.skipIf(!isPosix)("a pipe and a device are refused without waiting", () => {
    execFileSync("mkfifo", [join(folder, "pipe")]);
    expect(errorOf(() => readRegularFile(join(folder, "pipe"))).message).toMatch(/found a pipe/);
    expect(errorOf(() => readRegularFile("/dev/zero")).message).toMatch(/found a device/);
  });

  test.skipIf(!nodeFs.existsSync("/proc/self/status"))("a file whose size lies is refused", () => {
    expect(errorOf(() => readRegularFile("/proc/self/status")).message).toMatch(/changed while it was read/);
  });

  test.skipIf(isRoot || !isPosix)("an unreadable file (skipped as root)", () => {
    nodeFs.writeFileSync(join(folder, "secret"), "a", { mode: 0 });
    expect(errorOf(() => readRegularFile(join(folder, "secret"))).message).toMatch(/permission is denied/);
  });
});

/** The real file system, of which the n-th call fails, and which writes at most `gulp` bytes at once. */
function failing(nth: number, code: string, gulp = 3): { fs: WriteFs; calls: () => number; names: string[] } {
  let calls = 0;
  const names: string[] = [];
  const step = <T>(name: string, action: () => T): T => {
    names.push(name);
    if (++calls === nth) throw Object.assign(new Error(`${code}: injected`), { code });
    return action();
  };
  const fs: WriteFs = {
    open: (path, flags) => step("open", () => nodeFs.openSync(path, flags)),
    write: (handle, bytes) =>
      step("write", () => nodeFs.writeSync(handle, bytes, 0, Math.min(gulp, bytes.length))),
    fsync: (handle) => step("fsync", () => nodeFs.fsyncSync(handle)),
    close: (handle) => {
      nodeFs.closeSync(handle); // the kernel frees the handle even when close reports an error
      step("close", () => undefined);
    },
    rename: (from, to) => step("rename", () => nodeFs.renameSync(from, to)),
    unlink: (path) => step("unlink", () => nodeFs.unlinkSync(path)),
  };
  return { fs, calls: () => calls, names };
}

describe("writeFileAtomic", () => {
  const OLD = "the previous content";
  const NEW = "the new content, longer";

  test("writes pieces in order, replaces, leaves nothing else", () => {
    const path = join(folder, "out");
    writeFileAtomic(path, Buffer.from(OLD));
    writeFileAtomic(path, [Buffer.from("the new "), Buffer.alloc(0), Buffer.from("content, longer")]);
    expect(nodeFs.readFileSync(path, "utf8")).toBe(NEW);
    expect(nodeFs.readdirSync(folder)).toEqual(["out"]);
  });

  test.each(["ENOSPC", "EIO", "EROFS", "EDQUOT"])(
    "%s at any call: old or new content, no temporary file",
    (code) => {
      const path = join(folder, "out");
      const { fs, calls, names } = failing(0, code);
      writeFileAtomic(path, Buffer.from(NEW), fs);
      const total = calls();
      expect(names.slice(-5)).toEqual(["close", "rename", "open", "fsync", "close"]);
      const renameAt = names.indexOf("rename") + 1;
      for (let nth = 1; nth <= total; nth++) {
        nodeFs.writeFileSync(path, OLD);
        const error = errorOf(() => writeFileAtomic(path, Buffer.from(NEW), failing(nth, code).fs));
        expect(exitCodeOf(error)).toBe(4);
        expect(error.message).toMatch(/^".*out": cannot be written, .*; /);
        expect(nodeFs.readFileSync(path, "utf8"), `call ${nth}`).toBe(nth <= renameAt ? OLD : NEW);
        expect(nodeFs.readdirSync(folder), `call ${nth}`).toEqual(["out"]);
      }
    },
  );

  test("a write that takes no byte ends in an error, not in a loop", () => {
    const { fs } = failing(0, "");
    const error = errorOf(() =>
      writeFileAtomic(join(folder, "out"), Buffer.from(NEW), { ...fs, write: () => 0 }),
    );
    expect(error.tag).toBe("ResourceError");
    expect(nodeFs.readdirSync(folder)).toEqual([]);
  });

  test("a file system that cannot flush folders is no error", () => {
    const { fs } = failing(0, "");
    let opened = 0;
    const open: WriteFs["open"] = (path, flags) => {
      if (opened++ > 0) throw Object.assign(new Error("no"), { code: "EISDIR" });
      return fs.open(path, flags);
    };
    writeFileAtomic(join(folder, "out"), Buffer.from(NEW), { ...fs, open });
    expect(nodeFs.readFileSync(join(folder, "out"), "utf8")).toBe(NEW);
  });

  test("a name of 255 bytes works, of 256 not; a folder in its place and a missing parent are refused", () => {
    writeFileAtomic(join(folder, "é".repeat(127).concat("x")), Buffer.from(NEW));
    expect(nodeFs.readdirSync(folder).length).toBe(1);
    expect(errorOf(() => writeFileAtomic(join(folder, "x".repeat(256)), Buffer.from(NEW))).message).toMatch(
      /too long/,
    );
    nodeFs.mkdirSync(join(folder, "dir", "inner"), { recursive: true });
    expect(errorOf(() => writeFileAtomic(join(folder, "dir"), Buffer.from(NEW))).message).toMatch(
      /under that name/,
    );
    expect(errorOf(() => writeFileAtomic(join(folder, "no", "x"), Buffer.from(NEW))).message).toMatch(
      /does not exist/,
    );
    expect(nodeFs.readdirSync(folder).filter((name) => name.endsWith(".partial"))).toEqual([]);
  });
});

describe("reapPartials", () => {
  test("removes what dead processes and old ones left, and nothing else", () => {
    const dead = execFileSync(process.execPath, ["-e", "console.log(process.pid)"]).toString().trim();
    const mine = `.a.${process.pid}.0123456789ab.partial`;
    const aged = `.b.${process.pid}.0123456789ab.partial`;
    const stale = `.model.npz.${dead}.0123456789ab.partial`;
    for (const name of [mine, aged, stale, "x.partial", "model.npz"])
      nodeFs.writeFileSync(join(folder, name), "");
    nodeFs.utimesSync(join(folder, aged), 1e9, 1e9);
    expect(reapPartials(folder)).toEqual([aged, stale]);
    expect(nodeFs.readdirSync(folder).sort()).toEqual([mine, "model.npz", "x.partial"]);
    expect(reapPartials(join(folder, "missing"))).toEqual([]);
  });
});

describe("prepareOutputFolder", () => {
  test("makes folders with their parents and leaves what is there", () => {
    const path = join(folder, "a", "ü b");
    prepareOutputFolder(path);
    nodeFs.writeFileSync(join(path, "kept"), "1");
    prepareOutputFolder(path);
    expect(nodeFs.readdirSync(path)).toEqual(["kept"]);
    prepareOutputFolder(join(folder, "x".repeat(255)));
  });

  test("refuses what cannot be one, exit code 2", () => {
    nodeFs.writeFileSync(join(folder, "file"), "");
    nodeFs.symlinkSync(join(folder, "gone"), join(folder, "dangling"));
    const cases: [string, RegExp][] = [
      [join(folder, "file"), /a file of that name exists/],
      [join(folder, "file", "sub"), /a part of the path is a file/],
      [join(folder, "x".repeat(256)), /too long/],
      [join(folder, "dangling"), /points to nothing/],
      ["", /empty/],
      ["a\0b", /NUL/],
    ];
    for (const [path, message] of cases) {
      const error = errorOf(() => prepareOutputFolder(path));
      expect(error.message).toMatch(message);
      expect(exitCodeOf(error)).toBe(2);
    }
  });

  test.skipIf(process.platform !== "linux")("ends in a file system that makes no folders", () => {
    const error = errorOf(() => prepareOutputFolder("/proc/ptychopinn/out"));
    expect(error.message).toMatch(/^output folder "\/proc\/ptychopinn\/out": cannot be used, .+; .+/);
    expect(exitCodeOf(error)).toBe(2);
  });

  test.skipIf(isRoot || !isPosix)("a read-only folder (skipped as root)", () => {
    nodeFs.chmodSync(folder, 0o555);
    expect(errorOf(() => prepareOutputFolder(folder)).message).toMatch(/permission is denied/);
    nodeFs.chmodSync(folder, 0o755);
  });
});
