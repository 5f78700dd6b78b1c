// How the reading of a scan file ends: patterns, or one sentence of ours. Anything else fails the test.

import { expect } from "vitest";
import { isPtychoError } from "../../src/core/errors.js";
import { readMeasuredScan } from "../../src/data/read-scan.js";

/** More memory than this, taken for a file of a few kB, is an attack that succeeded. */
const MOST_MEMORY_BYTES = 700e6;

/** "read", or the sentence that refused the file, which begins with its tag. */
export async function endingOf(path: string, map?: string): Promise<string> {
  try {
    const { measurement } = await readMeasuredScan(path, {
      ...{ domain: "amplitude", allowedN: [4], axisOrder: "NHW" },
      ...(map === undefined ? { units: "intensity" } : { map }),
    });
    expect(measurement.diffraction.array.data.every(Number.isFinite)).toBe(true);
    return "read";
  } catch (error) {
    if (!isPtychoError(error)) throw error;
    expect(["DataError", "ResourceError", "UsageError"]).toContain(error.tag);
    expect(error.message).toMatch(/^[^\n]{20,900}$/);
    return `${error.tag}: ${error.message}`;
  }
}

/** Runs attacks; fails where they took more memory than the files could need. */
export async function withLittleMemory(attacks: () => Promise<void>): Promise<void> {
  const before = process.memoryUsage.rss();
  await attacks();
  expect(process.memoryUsage.rss() - before).toBeLessThan(MOST_MEMORY_BYTES);
}
