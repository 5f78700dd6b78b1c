// The number of threads changes how long a reconstruction takes, and not one bit of it.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { complex64 } from "../../src/core/ndarray.js";
import { engines } from "../../src/engines/registry.js";
import { openScan, runEpoch } from "./known-scan.js";

const DIST = join(import.meta.dirname, "..", "..", "dist");
const BUILT = join(DIST, "src", "engines", "worker.js");

it("every engine gives the same bits for 1, 2 and 3 threads", () => {
  if (!existsSync(BUILT)) throw new Error(`${BUILT} is missing; build it with: npm run build`);
  const run = join(import.meta.dirname, "run-threads.js");
  const lines = execFileSync(process.execPath, [run, DIST], { encoding: "utf8" }).trim().split("\n");
  const runs = lines.map((line) => line.split(" "));
  expect(runs.map(([engine, threads]) => `${engine} ${threads}`)).toEqual(
    Object.keys(engines).flatMap((engine) => [1, 2, 3].map((threads) => `${engine} ${threads}`)),
  );
  for (const engine of Object.keys(engines)) {
    const hashes = runs.filter(([name]) => name === engine).map(([, , hash]) => hash);
    expect(new Set(hashes).size, engine).toBe(1);
  }
});

it("says that a worker thread cannot start, in place of waiting for it", async () => {
  // Run from sources, the worker's JavaScript is not there.
  const scan = {
    ...{ n: 4, N: 16, object: complex64([40, 40]), probe: complex64([1, 16, 16]) },
    ...{ xPx: Float64Array.of(20, 20, 20, 20), yPx: Float64Array.of(20, 20, 20, 20) },
    amplitudes: new Float32Array(4 * 256).fill(1),
  };
  scan.probe.re.fill(1);
  const reconstruction = openScan(scan, { engine: "rpie", epochs: 1, threads: 2 });
  await expect(runEpoch(reconstruction)).rejects.toThrow("a worker thread could not start");
  await reconstruction.release();
});
