// What every engine must do, asked of all of them: a new one is covered by its line in the registry.
import { describe, expect, it } from "vitest";
import {
  type Attempt,
  cutOut,
  type KnownScan,
  knownScan,
  openScan,
  positionError,
  reconstruct,
  relativeError,
  runEpoch,
} from "../../tests/engines/known-scan.js";
import type { ComplexArray } from "../core/ndarray.js";
import { fitPhaseRamp, removePhaseRamp } from "../evaluation/align.js";
import { pcg64Random } from "../numeric/random-pcg64.js";
import { withPositionError } from "../simulation/faults.js";
import { makeDeadLeavesObject } from "../simulation/objects.js";
import { makeProbeModes } from "../simulation/probe-modes.js";
import { makeDefocusedProbe } from "../simulation/probes.js";
import { makeFermatScan } from "../simulation/scans.js";
import { KNOBS } from "./contract.js";
import type { SavedState } from "./reconstruction.js";
import { engineNamed, engines } from "./registry.js";

const N = 32;
const SIDE = 92;
/** Seen by many patterns each. */
const CENTRE = { at: [SIDE / 2, SIDE / 2], sidePx: 24 } as const;

const beam = { sidePx: N, radiusPx: 8, wavelengthM: 1e-10, pixelSizeM: 2e-8, defocusM: 4e-5 };
const object = makeDeadLeavesObject({ sidePx: SIDE, seed: 1, radiusPx: [3, 14], amplitude: [0.6, 1] });
const positions = makeFermatScan({ positions: 48, stepPx: 4, centrePx: [SIDE / 2 + 0.3, SIDE / 2 - 0.2] });
const scan = knownScan({ object, probe: makeDefocusedProbe(beam), ...positions });

/** 1 - |<found, truth>|^2-like distance of the objects about the centre, scale and global phase apart. */
function objectError(
  of: KnownScan,
  picture: Parameters<typeof cutOut>[1],
  ramp: "ramp free" | "exact",
): number {
  const { truth, found } = cutOut(of, picture, CENTRE.at, CENTRE.sidePx);
  return relativeError(ramp === "exact" ? found : removePhaseRamp(found, fitPhaseRamp(found, truth)), truth);
}

function planesOf({ planes }: SavedState): string[] {
  return Object.entries(planes).map(
    ([name, plane]) => `${name} ${Buffer.from(plane.buffer).toString("base64")}`,
  );
}

function expectSameState(found: SavedState, expected: SavedState): void {
  expect(Object.keys(found.planes)).toEqual(Object.keys(expected.planes));
  for (const [name, plane] of Object.entries(expected.planes))
    expect(
      found.planes[name].every((value, i) => Object.is(value, plane[i])),
      name,
    ).toBe(true);
}

const mean = (values: ArrayLike<number>) =>
  Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;

const rms = (values: Float64Array | Float32Array) => Math.sqrt(mean(values.map((value) => value ** 2)));

/** Everything that can change does. */
const ALL = { probeStart: 1, positionStart: 1, brightnessStart: 1, positionLimitPx: 1 };
const twoModes: ComplexArray = makeProbeModes(makeDefocusedProbe(beam), 2);

describe.each(Object.keys(engines))("%s", (engine) => {
  const { knobs, defaults } = engineNamed(engine);
  const { epochs, batchSize } = defaults;
  /** The engine's own settings, but for batches as small against this scan as its own against a large one. */
  const run = (of: KnownScan, attempt: Partial<Attempt> = {}) =>
    reconstruct(of, {
      ...{ engine, epochs, ...attempt },
      settings: { batchSize: Math.min(batchSize, 16), ...attempt.settings },
    });

  // Without momentum an engine has no planes for it, and recipeFor refuses it.
  const turnable = KNOBS.filter((knob) => knob !== "momentum" || knobs.momentum === "used");
  it.each(turnable)("%s changes the result just when the engine says that it uses it", async (knob) => {
    const settings = { probeStart: 1, batchSize: 16, momentum: defaults.momentum };
    const other = { batchSize: 5, momentum: 0.5, objectStep: 0.37, probeStep: 0.37, relaxation: 0.37 };
    const plain = await run(scan, { epochs: 3, settings });
    const turned = await run(scan, { epochs: 3, settings: { ...settings, [knob]: other[knob] } });
    const change = Math.abs(turned.residuals[2] / plain.residuals[2] - 1);
    // Sums in another order differ by the rounding of float32.
    if (knobs[knob] === "used") expect(change).toBeGreaterThan(1e-4);
    else expect(change).toBeLessThan(1e-5);
  });

  it("its own settings recover the object under a known probe", async () => {
    const { residuals, picture } = await run(scan);
    const third = Math.floor(epochs / 3);
    const [first, second, last] = [0, 1, 2].map((k) => mean(residuals.slice(k * third, (k + 1) * third)));
    expect([first > 2 * second, second > last]).toEqual([true, true]);
    // Noiseless patterns of the engines' own forward model: only unfinished iterations are left.
    expect(residuals[epochs - 1]).toBeLessThan(0.02);
    expect(objectError(scan, picture, "exact")).toBeLessThan(0.02);
  });

  it("recovers a probe from a wrong one", async () => {
    const wrong = makeDefocusedProbe({ ...beam, radiusPx: 7, defocusM: 3e-5 });
    const probe = { ...wrong, shape: [1, N, N] };
    const before = relativeError(probe, scan.probe);
    expect(before).toBeGreaterThan(0.25);
    const fixed = await run(scan, { probe });
    const refined = await run(scan, { probe, settings: { probeStart: 2 } });
    expect(refined.residuals[epochs - 1]).toBeLessThan(0.25 * fixed.residuals[epochs - 1]);
    expect(relativeError(refined.probe, scan.probe)).toBeLessThan(0.3 * before);
    expect(objectError(scan, refined.picture, "ramp free")).toBeLessThan(0.06);
  });

  it("recovers the object under a probe of two incoherent modes", async () => {
    const partly = knownScan({ object, probe: twoModes, ...positions });
    const { residuals, picture } = await run(partly);
    expect(residuals[epochs - 1]).toBeLessThan(0.02);
    expect(objectError(partly, picture, "exact")).toBeLessThan(0.04);
  });

  it("moves positions to where they belong", async () => {
    const wrong = withPositionError(positions, 0.5, 3);
    const before = positionError(scan, wrong);
    const found = await run(scan, { ...wrong, settings: { positionStart: 3 } });
    expect(positionError(scan, found)).toBeLessThan(0.3 * before);
    for (const [now, start] of [
      [found.xPx, wrong.xPx],
      [found.yPx, wrong.yPx],
    ])
      expect(now.every((value, i) => Math.abs(value - start[i]) <= 3 + 1e-9)).toBe(true);
  });

  it("finds the brightness of every pattern", async () => {
    const factors = pcg64Random(9).uniform(0.8, 1.2, scan.n);
    const amplitudes = scan.amplitudes.map((value, i) => value * factors[Math.floor(i / N ** 2)]);
    const { residuals, saved } = await run(scan, { amplitudes, settings: { brightnessStart: 2 } });
    expect(residuals[epochs - 1]).toBeLessThan(0.02);
    // One factor for all patterns is the scale of the object; what varies slowly over the scan is told last from what
    // the object does, so that it is still on its way.
    const wanted = factors.map((factor) => factor / mean(factors));
    const spread = rms(wanted.map((value) => value - 1));
    expect(spread).toBeGreaterThan(0.1);
    expect(rms(saved.planes.brightness.map((value, i) => value - wanted[i]))).toBeLessThan(spread / 4);
  });

  it.each(engineNamed(engine).noise)("fits patterns without noise with the %s model", async (noise) => {
    const { residuals } = await run(scan, { settings: { noise } });
    expect(residuals[epochs - 1]).toBeLessThan(0.03);
  });

  it("is not influenced by what stands at pixels not measured", async () => {
    const bad = pcg64Random(5).choice(N * N, 51, false);
    const masked = [-1, -1e4].map((value) => {
      const amplitudes = scan.amplitudes.slice();
      for (const pixel of bad) for (let j = 0; j < scan.n; j++) amplitudes[j * N * N + pixel] = value;
      return amplitudes;
    });
    const [one, other] = await Promise.all(
      masked.map((amplitudes) => run(scan, { epochs: 4, amplitudes, settings: ALL })),
    );
    expectSameState(other.saved, one.saved);
    expect(other.residuals).toEqual(one.residuals);
    const { picture } = await run(scan, { amplitudes: masked[0] });
    expect(objectError(scan, picture, "exact")).toBeLessThan(0.03);
  });

  it("goes on from a saved state as if it had never stopped", async () => {
    const attempt = { engine, epochs: 4, probe: twoModes, settings: { ...ALL, batchSize: 7 } };
    const straight = openScan(scan, attempt);
    const first = openScan(scan, attempt);
    const reports = [];
    for (let epoch = 0; epoch < attempt.epochs; epoch++) reports.push(await runEpoch(straight));
    for (let epoch = 0; epoch < 2; epoch++) await runEpoch(first);
    const saved = structuredClone(first.save());
    await runEpoch(first);
    const second = openScan(scan, attempt, saved);
    expect(await runEpoch(second)).toEqual(reports[2]);
    expect(await runEpoch(second)).toEqual(reports[3]);
    expectSameState(second.save(), straight.save());
    expect(second.picture()).toEqual(straight.picture());
    expect(second.probe()).toEqual(straight.probe());
    await Promise.all([straight, first, second].map((one) => one.release()));
  });

  it("gives the same bits for the same seed, and visits in another order for another", async () => {
    const stateOf = async (seed: number) => {
      const { saved } = await run(scan, { epochs: 2, settings: { seed, batchSize: 7 } });
      return planesOf(saved);
    };
    const one = await stateOf(1);
    expect(await stateOf(1)).toEqual(one);
    expect(await stateOf(2)).not.toEqual(one);
  });

  it("gives the same bits when patterns are read batch by batch", async () => {
    const attempt = { engine, epochs: 2, settings: { ...ALL, batchSize: 7 } };
    const roomy = openScan(scan, attempt);
    const tight = openScan(scan, { ...attempt, memoryBytes: roomy.bytes - 2 ** 16 });
    expect([roomy, tight].map(({ plan }) => plan.framesResident)).toEqual([true, false]);
    for (let epoch = 0; epoch < attempt.epochs; epoch++)
      expect(await runEpoch(tight)).toEqual(await runEpoch(roomy));
    expectSameState(tight.save(), roomy.save());
    await Promise.all([roomy, tight].map((one) => one.release()));
  });
});
