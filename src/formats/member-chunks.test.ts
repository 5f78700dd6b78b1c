import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isPtychoError } from "../core/errors.js";
import { pcg64Random } from "../numeric/random-pcg64.js";
import { memberChunks } from "./member-chunks.js";
import { openRegularFile } from "./open-file.js";
import { readZip, writeZip } from "./zip.js";
import type { ZipMember } from "./zip-directory.js";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "chunks-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

/** Half noise, half zeros: several pieces, stored or deflated. */
const content = Buffer.alloc(5_000_000);
for (const [i, value] of pcg64Random(1).uniform(0, 256, 2_500_000).entries()) content[i] = value;

function archive(method: "store" | "deflate"): string {
  const path = join(folder, `${method}.zip`);
  writeFileSync(
    path,
    writeZip(
      [
        ["a", Buffer.from("before")],
        ["b", content],
        ["c", Buffer.from("after")],
      ],
      { method },
    ),
  );
  return path;
}

async function read(path: string, change: Partial<ZipMember> = {}) {
  const file = openRegularFile(path);
  try {
    const chunks: Buffer[] = [];
    const member = { ...readZip(file, "a.zip").member("b"), ...change };
    for await (const chunk of memberChunks(file, member, "a.zip")) chunks.push(chunk);
    return chunks;
  } finally {
    file.close();
  }
}

async function refusal(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (isPtychoError(error, "DataError")) return error.message;
    throw error;
  }
  throw new Error("no error");
}

describe.each(["store", "deflate"] as const)("memberChunks of a %sd member", (method) => {
  test("yields the content in pieces of a megabyte at most", async () => {
    const chunks = await read(archive(method));
    expect(Buffer.concat(chunks).equals(content)).toBe(true);
    expect(chunks.length).toBeGreaterThanOrEqual(5);
    expect(Math.max(...chunks.map((chunk) => chunk.length))).toBeLessThanOrEqual(2 ** 20);
  });

  test("damage, other sizes and bytes that belong to nothing are refused", async () => {
    const path = archive(method);
    const bytes = readFileSync(path);
    bytes[1_000_000] ^= 16;
    const broken = join(folder, "broken.zip");
    writeFileSync(broken, bytes);
    expect(await refusal(read(broken))).toMatch(/member "b" (is damaged|cannot be inflated)/);
    const packed = readZip(readFileSync(path), "a.zip").member("b").compressedBytes;
    expect(await refusal(read(path, { bytes: content.length - 1 }))).toMatch(
      /more than its declared 4999999/,
    );
    if (method === "store") return;
    expect(await refusal(read(path, { bytes: content.length + 1 }))).toMatch(
      /5000000 bytes instead of .* 5000001/,
    );
    expect(await refusal(read(path, { compressedBytes: packed - 9 }))).toMatch(/cannot be inflated/);
    expect(await refusal(read(path, { compressedBytes: packed + 9 }))).toMatch(/9 bytes after its data/);
  });
});
