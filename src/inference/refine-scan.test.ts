import { describe, expect, it } from "vitest";
import { input } from "../compute/build-elementwise.js";
import { evaluate } from "../compute/evaluate.js";
import { isPtychoError } from "../core/errors.js";
import { type ComplexArray, complex64, float32, type NdArray } from "../core/ndarray.js";
import { middleOf } from "../data/clusters.js";
import type { RawData } from "../data/raw-data.js";
import { prepareRefinement, refinedWindowPx, refinementBatch } from "../data/refinement-scan.js";
import { evaluateReconstruction } from "../evaluation/evaluate-reconstruction.js";
import { initialParameters } from "../model/initialise.js";
import { modelDefaults } from "../model/model-options.js";
import { buildNetwork } from "../model/registry.js";
import { pcg64Random } from "../numeric/random-pcg64.js";
import { FEATURE_CHANNELS } from "../physics/refinement.js";
import { simulateScan } from "../simulation/acquire.js";
import { makeLinesObject } from "../simulation/objects.js";
import { makeDiskProbe } from "../simulation/probes.js";
import { buildRefinementObjective } from "../training/refinement-objective.js";
import { type RefineSettings, refineScan } from "./refine-scan.js";

const network = buildNetwork({
  ...modelDefaults,
  architecture: "unrolled",
  channels: FEATURE_CHANNELS,
  nFiltersScale: 1,
});
const untrained = initialParameters(network.parameters, 8);
/** Weights whose correction is far from zero. */
const trained = {
  ...untrained,
  step_size: float32([1], [0.8]),
  "correction.weight": float32(
    [2, 8, 1, 1],
    Float32Array.from({ length: 16 }, (_, i) => Math.sin(1 + 1.7 * i)),
  ),
};

interface Measured {
  readonly diffraction: NdArray<"float32">;
  readonly xPx: Float64Array;
  readonly yPx: Float64Array;
  readonly probe: ComplexArray;
}

const rawOf = ({ diffraction, xPx, yPx, probe }: Measured): RawData<"amplitude"> => ({
  diffraction: { domain: "amplitude", array: diffraction },
  xPx,
  yPx,
  xStartPx: xPx,
  yStartPx: yPx,
  probe,
  scanIndex: new Int32Array(xPx.length),
});

async function reconstructed(
  raw: RawData<"amplitude">,
  weights: typeof untrained,
  settings: Omit<RefineSettings, "signal">,
) {
  const progress: number[] = [];
  const { signal } = new AbortController();
  const work = refineScan(network, weights, prepareRefinement(raw), { ...settings, signal });
  for (;;) {
    const { done, value } = await work.next();
    if (done) return { ...value, progress };
    if (value.kind === "predicted") progress.push(value.done / value.total);
  }
}

/** Five patterns, two modes, numbers without a meaning. */
const small = ((): RawData<"amplitude"> => {
  const wave = (count: number, seed: number) =>
    Float32Array.from({ length: count }, (_, i) => Math.sin(seed + 12.9898 * i));
  const bright = wave(5 * 16 * 16, 3).map((value) => 4 + value);
  return rawOf({
    diffraction: float32([5, 16, 16], bright),
    xPx: Float64Array.of(20.3, 24.1, 17.6, 21.9, 25.2),
    yPx: Float64Array.of(-6.2, -3.4, -4.9, -9.1, -7.7),
    probe: complex64([2, 16, 16], wave(2 * 16 * 16, 1), wave(2 * 16 * 16, 2)),
  });
})();

describe("refineScan", () => {
  it("makes of a scan that is one cluster what the objective of training makes of it", async () => {
    const [steps, cropPx, canvasPx] = [3, 8, 30];
    const { object, coverage, originPx, progress } = await reconstructed(small, trained, {
      steps,
      cropPx,
      batchSize: 2,
    });
    const scan = prepareRefinement(small);
    const everyone = Int32Array.of(0, 1, 2, 3, 4);
    const middle = [middleOf(scan.xWholePx, everyone), middleOf(scan.yWholePx, everyone)];
    const positions = Array.from(everyone, (i) => [
      middle[0] - scan.xWholePx[i],
      middle[1] - scan.yWholePx[i],
    ]);
    const parameters = Object.fromEntries(
      network.parameters.map(({ name, shape }) => [name, input(name, shape)]),
    );
    const shape = { batch: 5, N: 16, modes: 2, canvasPx };
    const { canvas } = buildRefinementObjective({ steps, cropPx }, shape, network, parameters);
    const [re, im] = evaluate([canvas.re, canvas.im], {
      ...trained,
      ...refinementBatch(scan, everyone),
      positions: float32([5, 1, 1, 2], positions.flat()),
    });
    let [seen, worst, largest] = [0, 0, 0];
    const width = object.shape[1];
    for (let i = 0; i < object.re.length; i++) {
      if (coverage.data[i] === 0) {
        expect(object.re[i]).toBe(0);
        continue;
      }
      seen++;
      const column = (i % width) + originPx[0] - middle[0] + canvasPx / 2;
      const row = Math.floor(i / width) + originPx[1] - middle[1] + canvasPx / 2;
      const j = row * canvasPx + column;
      largest = Math.max(largest, Math.abs(object.re[i]));
      worst = Math.max(
        worst,
        Math.abs(object.re[i] - scan.objectScale * Number(re.data[j])),
        Math.abs(object.im[i] - scan.objectScale * Number(im.data[j])),
      );
    }
    expect(seen).toBeGreaterThan(8 * 8);
    expect(worst).toBeLessThan(1e-4 * largest);
    expect(progress).toEqual([2, 4, 5, 7, 9, 10, 12, 14, 15].map((done) => done / 15));
  });

  it("stops when it is interrupted", async () => {
    const stop = new AbortController();
    const settings = { steps: 4, cropPx: 8, batchSize: 5, signal: stop.signal };
    const work = refineScan(network, untrained, prepareRefinement(small), settings);
    expect((await work.next()).done).toBe(false);
    stop.abort();
    const error = await work.next().catch((reason: unknown) => reason);
    expect(isPtychoError(error, "Interrupted")).toBe(true);
  });

  it("refuses weights that make the object infinite", async () => {
    const weights = { ...untrained, "correction.bias": float32([2], [Number.NaN, 0]) };
    const settings = { steps: 1, cropPx: 8, batchSize: 5 };
    await expect(reconstructed(small, weights, settings)).rejects.toThrow(/object is not finite/);
  });

  it("puts a simulated object where it was, by physics alone", async () => {
    const object = makeLinesObject({ sidePx: 160, seed: 2, phaseRad: 0.6 });
    // 9 x 7 positions off the middle of the object and off the pixels, so that no mirror image would pass.
    const random = pcg64Random(1);
    const position = (start: number, i: number) => start + 5 * i + random.random() - 0.5;
    const scan = simulateScan({
      object,
      probe: makeDiskProbe({ sidePx: 64 }),
      xPx: Float64Array.from({ length: 63 }, (_, i) => position(48.3, i % 9)),
      yPx: Float64Array.from({ length: 63 }, (_, i) => position(71.6, Math.floor(i / 9))),
      photons: 1e6,
      noise: { kind: "none" },
    });
    const probe = complex64([1, 64, 64], scan.probe.re, scan.probe.im);
    const raw = rawOf({ ...scan, probe });
    const cropPx = refinedWindowPx(probe);
    expect(cropPx).toBe(32);
    const result = await reconstructed(raw, untrained, { steps: 8, cropPx, batchSize: 32 });
    const place = { ...result, truth: object, xPx: scan.xPx, yPx: scan.yPx };
    const metrics = evaluateReconstruction(place, { cropPx: 30 });
    expect(metrics.shift_px).toEqual([0, 0]);
    expect(metrics.crop.covered).toBe(1);
    expect(metrics.amplitude.correlation).toBeGreaterThan(0.99);
    expect(metrics.phase.correlation).toBeGreaterThan(0.99);
    // The object comes back in the units of the file.
    expect(Math.abs(metrics.amplitude.scale - 1)).toBeLessThan(0.02);
    const fine = evaluateReconstruction(place, { cropPx: 30, registration: "subpixel" });
    expect(Math.max(...fine.shift_px.map(Math.abs))).toBeLessThan(0.05);
  });
});
