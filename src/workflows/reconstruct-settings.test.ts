import { describe, expect, it } from "vitest";
import type { EngineConfig } from "../config/fields.js";
import { resolveConfig } from "../config/resolve.js";
import type { Engine } from "../engines/contract.js";
import { engines } from "../engines/registry.js";
import { pcg64Random } from "../numeric/random-pcg64.js";
import { countedPhotons, explains, noiseResidual, recipeFor, toleranceOf } from "./reconstruct-settings.js";

const asked = (values: Record<string, unknown> = {}): EngineConfig =>
  resolveConfig("reconstruct", { layers: [{ source: "test", values }] }).config.engine;
const size = { patterns: 900, modes: 1 };

describe("what noise leaves", () => {
  it("is the misfit of Poisson counts with their own mean", () => {
    const [N, photons] = [64, 1e5];
    const random = pcg64Random(1);
    const mean = photons / (N * N);
    let [misfit, energy] = [0, 0];
    for (let i = 0; i < N * N; i++) {
      const count = random.poisson(mean);
      misfit += (Math.sqrt(mean) - Math.sqrt(count)) ** 2;
      energy += count;
    }
    // 4,096 draws: the sum of their squares is known to 1 / sqrt(2 * 4096) of itself, R to half of that; three sigma.
    expect(Math.abs(Math.sqrt(misfit / energy) / noiseResidual(N, photons) - 1)).toBeLessThan(0.04);
    expect(noiseResidual(N, undefined)).toBe(0);
  });

  it("decides whether a probe explains the patterns", () => {
    expect([explains(0.02, 0), explains(0.05, 0), explains(0.105, 0.1), explains(0.12, 0.1)]).toEqual([
      ...[true, false, true, false],
    ]);
  });
});

it("counts are seen in square roots of whole numbers, and in nothing else", () => {
  const roots = Float32Array.from([0, 1, 4, 7, 100003, -1, 12], (count) =>
    count < 0 ? -1 : Math.sqrt(count),
  );
  expect(countedPhotons(roots, 2)).toBeCloseTo((1 + 4 + 7 + 100003 + 12) / 2, 0);
  expect(
    countedPhotons(
      roots.map((root) => root * 0.37),
      2,
    ),
  ).toBeUndefined();
  expect(countedPhotons(new Float32Array(5), 1)).toBeUndefined();
});

describe("recipes", () => {
  it("a known probe is kept in small batches; one that is fitted gets momentum and falling steps", () => {
    const known = recipeFor(asked(), 1, size, false);
    expect(known).toMatchObject({ engine: "rpie", epochs: 12, settings: { batchSize: 30, momentum: 0 } });
    expect(known.settings.probeStart).toBe(Number.POSITIVE_INFINITY);
    const fitted = recipeFor(asked(), 1, size, true);
    expect(fitted.settings).toMatchObject({ batchSize: 100, momentum: 0.9, probeStart: 1, relaxation: 1 });
    expect(fitted.settings.decay).toEqual([fitted.epochs / 2, fitted.epochs]);
    expect([toleranceOf(null, fitted), toleranceOf(null, known)]).toEqual([0, 1e-3]);
  });

  it("what is asked wins, and a tolerance leaves the planned end out", () => {
    const values = {
      engine: "lsqml",
      epochs: 7,
      batch_size: 5,
      object_momentum: 0.5,
      tolerance: 0.01,
      seed: 3,
    };
    const { settings, epochs } = recipeFor(asked(values), 3, size, true);
    expect([epochs, settings.batchSize, settings.momentum, settings.seed]).toEqual([7, 5, 0.5, 3]);
    expect(settings.decay[0]).toBe(Number.POSITIVE_INFINITY);
  });

  it("refuses what an engine cannot honour", () => {
    expect(() => recipeFor(asked({ engine: "dm", noise: "poisson" }), 1, size, true)).toThrow(/noise model/);
  });

  const options = {
    patterns_per_batch: ["batchSize", 3],
    object_step: ["objectStep", 0.3],
    probe_step: ["probeStep", 0.3],
    object_momentum: ["momentum", 0.3],
    relaxation: ["relaxation", 0.3],
  } as const;
  it.each(
    Object.entries<Engine>(engines).flatMap(([engine, { knobs }]) =>
      Object.entries(options).map(([option, [knob, value]]) => ({
        engine,
        option,
        knob,
        value,
        says: knobs[knob],
      })),
    ),
  )("$engine and $option: $says", ({ engine, option, knob, value, says }) => {
    const recipe = () => recipeFor(asked({ engine, [option]: value }), 1, size, true);
    if (says === "used") expect(recipe().settings[knob]).toBe(value);
    else expect(recipe).toThrow(`--${option}: engine ${engine} ${says}; leave the option out, or take rpie`);
  });
});
