// A synthetic scan with its truth, in the file format of measured scans.

import { extname } from "node:path";
import { check } from "../core/errors.js";
import { type ComplexArray, float64, type NdArray } from "../core/ndarray.js";
import { VERSION } from "../core/version.js";
import { BAD_PIXEL_KEYS, DIFFRACTION_KEYS, SCAN_KEYS, TRUE_POSITION_KEYS } from "../data/keys.js";
import type { NpyArray } from "../formats/npy.js";
import { writeNpz } from "../formats/npz.js";
import { type SimulatedScan, simulateScan } from "../simulation/acquire.js";
import { withBeamStop, withReadoutNoise, withSaturation } from "../simulation/detector.js";
import { withBadPixels, withPositionError } from "../simulation/faults.js";
import { probeRadiusPx } from "../simulation/make-probe.js";
import type { ScanPositions } from "../simulation/scans.js";
import type { SimulateRequest, SimulateResult, Work } from "./contract.js";
import { prepareOutputFile } from "./output-file.js";
import { type RunRecorder, recordBeside, recordRun } from "./run-record.js";
import { checkSimulateRequest } from "./simulate-request.js";
import { simulatedObject, simulatedPositions, simulatedProbe } from "./simulated-parts.js";

/**
 * Writes a scan file: amplitude = sqrt(counts) / s, with the one factor s that makes |F(probe x object)| the noise-free
 * amplitude for the probe and object of the file; counts = s^2 x amplitude^2 (s^2 stands in the metadata as
 * `counts_per_squared_amplitude`). Equal requests give equal bytes. With a position error the recorded positions stand
 * under the usual names and the true ones under `xcoords_true`, `ycoords_true`; with bad pixels the file has their mask
 * as `bad_pixels`, 1 = bad. With a dose ladder there is one file for each number of photons, `<name>_n<photons>.npz`, of one
 * object, probe and scan.
 *
 * @param outer the run that this one is a part of, which keeps the record of both.
 * @throws PtychoError UsageError for a path that cannot be written or a size that cannot be simulated, ResourceError.
 */
export function simulateWorkflow(request: SimulateRequest, outer?: RunRecorder): Work<SimulateResult> {
  const { signal: _, outputFile: __, ...asked } = request;
  return recordRun({ command: "simulate", request: asked, outer }, (run) => simulate(request, run));
}

async function* simulate(request: SimulateRequest, run: RunRecorder): Work<SimulateResult> {
  checkSimulateRequest(request);
  const { outputFile, photons, signal, objectFile, probeFile, scanFile, seed } = request;
  const inputs = Object.entries({ objectFile, probeFile, scanFile }).filter(
    (entry): entry is [string, string] => entry[1] !== undefined,
  );
  const doses = request.doseLadder ?? [photons];
  const files = doses.map((dose) =>
    request.doseLadder === undefined ? outputFile : doseFile(outputFile, dose),
  );
  check(
    doses.length > 0 && new Set(files).size === files.length,
    "UsageError",
    () => `--dose_ladder: expected different numbers of photons, got ${doses.join(", ")}`,
  );
  for (const file of files)
    prepareOutputFile(
      "simulate: output file",
      file,
      inputs.map(([, path]) => path),
    );
  signal.throwIfAborted();
  const object = simulatedObject(request);
  const probe = await simulatedProbe(request);
  const { positions, stepPx } = simulatedPositions(request, object.shape);
  await run.begin({ path: recordBeside(outputFile), inputs: Object.fromEntries(inputs) });
  const patterns = positions.xPx.length;
  yield { kind: "message", text: summaryOf(request, patterns, stepPx) };
  const radiusPx = probeRadiusPx({ sidePx: request.N, seed, ...radiusOf(request) });
  if (patterns > 1 && stepPx > radiusPx && probeFile === undefined) {
    yield {
      kind: "warning",
      text:
        `the step of the scan, ${stepPx.toPrecision(3)} px, is larger than the radius of the probe, ` +
        `${radiusPx.toPrecision(3)} px: neighbours hardly overlap; ask for more patterns or a smaller object`,
    };
  }
  for (const [k, dose] of doses.entries()) {
    signal.throwIfAborted();
    const noise =
      request.noise === "none"
        ? ({ kind: "none" } as const)
        : ({ kind: "poisson", seed: (seed + k) % 2 ** 32 } as const);
    const scan = simulateScan({ object, probe, ...positions, photons: dose, noise });
    const readOut = readOutScan(scan.diffraction, request);
    for (const text of readOut.warnings) yield { kind: "warning", text };
    if (k === 0 && scan.patternsOverEdge > 0)
      yield {
        kind: "warning",
        text: `${scan.patternsOverEdge} of ${patterns} patterns reach over the edge of the object, where it is opaque`,
      };
    writeNpz(files[k], members(scan, readOut, { ...request, photons: dose, patterns }));
    yield { kind: "wrote", path: files[k], what: "scan" };
  }
  return { outputFile: files[0], outputFiles: files, patterns };
}

/** `<name>_n1e9.npz` for 1e9 photons. */
function doseFile(outputFile: string, dose: number): string {
  const ending = extname(outputFile);
  const photons = dose.toExponential().replace("e+", "e");
  return `${outputFile.slice(0, outputFile.length - ending.length)}_n${photons}${ending}`;
}

function radiusOf({ probeRadiusPx: radiusPx }: SimulateRequest): { readonly radiusPx?: number } {
  return radiusPx === undefined ? {} : { radiusPx };
}

function summaryOf(request: SimulateRequest, patterns: number, stepPx: number): string {
  const { N, object, probe, scan, objectFile, probeFile, scanFile, probeModes = 1 } = request;
  const named = (file: string | undefined, kind: string) => (file === undefined ? kind : `given`);
  return (
    `simulating ${patterns} patterns of ${N} x ${N} pixels, ${named(objectFile, object)} object, ` +
    `${named(probeFile, probe)} probe${probeModes === 1 ? "" : ` of ${probeModes} modes`}, ` +
    `${named(scanFile, scan)} scan with a step of ${stepPx.toPrecision(3)} px`
  );
}

interface ReadOut {
  readonly diffraction: NdArray<"float32">;
  /** 1 at pixels that say nothing [N, N]; undefined where all of them do. */
  readonly badPixels: NdArray<"bool"> | undefined;
  readonly warnings: readonly string[];
}

/** Photons to what the detector gives: readout noise, full well, faulty pixels, beam stop. */
function readOutScan(photons: NdArray<"float32">, request: SimulateRequest): ReadOut {
  const { readoutNoise = 0, saturation, badPixelFraction = 0, beamStopPx = 0, seed } = request;
  const warnings: string[] = [];
  let diffraction = readoutNoise === 0 ? photons : withReadoutNoise(photons, readoutNoise, seed);
  if (saturation !== undefined) {
    const cut = withSaturation(diffraction, saturation);
    diffraction = cut.diffraction;
    if (cut.saturated > 0)
      warnings.push(`${cut.saturated} values were cut at ${saturation} counts, where the detector saturates`);
  }
  const masks: NdArray<"bool">[] = [];
  if (badPixelFraction !== 0) {
    const faulty = withBadPixels(diffraction, badPixelFraction, seed);
    diffraction = faulty.diffraction;
    masks.push(faulty.badPixels);
  }
  if (beamStopPx !== 0) {
    const stopped = withBeamStop(diffraction, beamStopPx);
    diffraction = stopped.diffraction;
    masks.push(stopped.badPixels);
  }
  const badPixels =
    masks.length === 0
      ? undefined
      : { ...masks[0], data: masks[0].data.map((_, i) => (masks.some(({ data }) => data[i] === 1) ? 1 : 0)) };
  return { diffraction, badPixels, warnings };
}

function members(
  scan: SimulatedScan,
  { diffraction, badPixels }: ReadOut,
  request: SimulateRequest,
): [string, NpyArray][] {
  const { object, intensityScale } = scan;
  const { positionErrorPx = 0, seed } = request;
  const { xPx, yPx } = positionErrorPx === 0 ? scan : withPositionError(scan, positionErrorPx, seed);
  const amplitude: NdArray<"float32"> = {
    ...diffraction,
    data: diffraction.data.map((value) => value / intensityScale),
  };
  const probe: ComplexArray = {
    ...scan.probe,
    re: scan.probe.re.map((value) => value / intensityScale),
    im: scan.probe.im.map((value) => value / intensityScale),
  };
  const x = float64([xPx.length], xPx);
  const y = float64([yPx.length], yPx);
  const zeros = { dtype: "int64", shape: [xPx.length], data: new BigInt64Array(xPx.length) } as const;
  const metadata = { dtype: "text", shape: [], values: [JSON.stringify(metadataOf(scan, request))] } as const;
  return [
    ...DIFFRACTION_KEYS.map((key): [string, NpyArray] => [key, amplitude]),
    [SCAN_KEYS.x, x],
    [SCAN_KEYS.y, y],
    [SCAN_KEYS.xStart, x],
    [SCAN_KEYS.yStart, y],
    [SCAN_KEYS.probe, probe],
    [SCAN_KEYS.truthObject, object],
    [SCAN_KEYS.scanIndex, zeros],
    [SCAN_KEYS.metadata, metadata],
    ...(positionErrorPx === 0 ? [] : truePositions(scan)),
    ...(badPixels === undefined ? [] : [[BAD_PIXEL_KEYS[0], badPixels] satisfies [string, NpyArray]]),
  ];
}

function truePositions({ xPx, yPx }: ScanPositions): [string, NpyArray][] {
  return [
    [TRUE_POSITION_KEYS.x, float64([xPx.length], xPx)],
    [TRUE_POSITION_KEYS.y, float64([yPx.length], yPx)],
  ];
}

function metadataOf(scan: SimulatedScan, request: SimulateRequest) {
  const { object, phase, probe, scan: kind, N, patterns, objectSizePx, photons, seed } = request;
  const {
    probeModes = 1,
    positionErrorPx = 0,
    badPixelFraction = 0,
    readoutNoise = 0,
    beamStopPx = 0,
  } = request;
  const { objectFile, probeFile, scanFile, probeRadiusPx: radius, scanJitter, noise, saturation } = request;
  return {
    schema_version: "1.0.0",
    creation_info: { script: "ptychopinn simulate", ptychopinn_version: VERSION },
    physics_parameters: { nphotons: photons, N },
    training_parameters: { n_images: patterns },
    data_transformations: [],
    additional_parameters: {
      ...(objectFile === undefined ? { object, object_size_px: objectSizePx } : { object_file: objectFile }),
      ...(probeFile === undefined ? { probe } : { probe_file: probeFile }),
      ...(scanFile === undefined ? { scan: kind } : { scan_file: scanFile }),
      ...{ phase, seed },
      ...(radius !== undefined && { probe_radius_px: radius }),
      ...(scanJitter !== undefined && { scan_jitter: scanJitter }),
      ...(noise !== undefined && { noise }),
      ...(readoutNoise !== 0 && { readout_noise: readoutNoise }),
      ...(saturation !== undefined && { saturation }),
      ...(beamStopPx !== 0 && { beam_stop_px: beamStopPx }),
      ...(probeModes !== 1 && { probe_modes: probeModes }),
      ...(positionErrorPx !== 0 && { position_error_px: positionErrorPx }),
      ...(badPixelFraction !== 0 && { bad_pixel_fraction: badPixelFraction }),
      counts_per_squared_amplitude: scan.intensityScale ** 2,
      mean_counts: scan.meanCounts,
    },
  };
}
