// What every engine must do is in engines.test.ts; this is about what only this one does.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { knownScan, openScan, runEpoch } from "../../tests/engines/known-scan.js";
import { makeDeadLeavesObject } from "../simulation/objects.js";
import { makeDefocusedProbe } from "../simulation/probes.js";
import { makeFermatScan } from "../simulation/scans.js";
import type { EngineSettings } from "./settings.js";

const N = 16;
const beam = { sidePx: N, radiusPx: 4, wavelengthM: 1e-10, pixelSizeM: 2e-8, defocusM: 1e-5 };
const object = makeDeadLeavesObject({ sidePx: 48, seed: 2, radiusPx: [3, 10], amplitude: [0.6, 1] });
const positions = makeFermatScan({ positions: 24, stepPx: 3, centrePx: [24.3, 23.8] });
const scan = knownScan({ object, probe: makeDefocusedProbe(beam), ...positions });

describe("the gradient engine", () => {
  it("goes on after an epoch that was broken off", async () => {
    const attempt = { engine: "gradient", epochs: 2, settings: { batchSize: 8, probeStart: 0 } };
    const broken = openScan(scan, attempt);
    const before = (await runEpoch(broken)).residual;
    for await (const done of broken.epoch()) {
      expect(done).toBe(8);
      break;
    }
    expect((await runEpoch(broken)).residual).toBeLessThan(before);
    await broken.release();
  });

  it("steps by objectStep, and by less with decay", async () => {
    const moved = async (settings: Partial<EngineSettings>) => {
      const reconstruction = openScan(scan, {
        engine: "gradient",
        epochs: 2,
        settings: { batchSize: 24, ...settings },
      });
      await runEpoch(reconstruction);
      const { planes } = reconstruction.save();
      await reconstruction.release();
      return Math.max(...planes["canvas.re"].map((value) => Math.abs(value - 1)));
    };
    const whole = await moved({});
    // The first step is the rate times the gradient's direction: no pixel moves further.
    expect(whole).toBeGreaterThan(0.03);
    expect(whole).toBeLessThan(0.0401);
    expect((await moved({ objectStep: 0.5 })) / whole).toBeCloseTo(0.5, 3);
    expect((await moved({ decay: [0, 3] })) / whole).toBeCloseTo(0.75, 3);
    expect(await moved({ relaxation: 1 })).toBeLessThan(0.6 * whole);
  });
});

describe("the registry", () => {
  it("loads no ONNX Runtime: worker threads and other engines do without it", () => {
    const loaded = loadedFrom(join(dirname(fileURLToPath(import.meta.url)), "registry.ts"));
    expect([...loaded].some((file) => file.endsWith("gradient.ts"))).toBe(true);
    expect([...loaded].some((file) => file.endsWith("project.ts"))).toBe(true);
    expect([...loaded].filter((file) => /onnxruntime|compute\/runtime/.test(file))).toEqual([]);
  });
});

/** What a source file loads when it is imported: its imports but for those of types alone, and theirs. */
function loadedFrom(path: string, seen = new Set<string>()): Set<string> {
  if (seen.has(path)) return seen;
  seen.add(path);
  if (!path.endsWith(".ts")) return seen;
  for (const [, clause, target] of readFileSync(path, "utf8").matchAll(
    /^(?:import|export)\b([^;"]*?)\bfrom "([^"]+)";/gm,
  )) {
    if (/^\s*type\b/.test(clause)) continue;
    loadedFrom(target.startsWith(".") ? join(dirname(path), target.replace(/\.js$/, ".ts")) : target, seen);
  }
  return seen;
}
