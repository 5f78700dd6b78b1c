// A synthetic scan with its truth, in the file format of measured scans.

import { type ComplexArray, float64, type NdArray } from "../core/ndarray.js";
import { VERSION } from "../core/version.js";
import { BAD_PIXEL_KEYS, DIFFRACTION_KEYS, SCAN_KEYS, TRUE_POSITION_KEYS } from "../data/keys.js";
import type { NpyArray } from "../formats/npy.js";
import { writeNpz } from "../formats/npz.js";
import { type SimulatedScan, simulateScan } from "../simulation/acquire.js";
import { type FaultyPatterns, withBadPixels, withPositionError } from "../simulation/faults.js";
import { makeDeadLeavesObject, makeLinesObject } from "../simulation/objects.js";
import { makeProbeModes } from "../simulation/probe-modes.js";
import { defaultDiskRadiusPx, makeDefocusedProbe, makeDiskProbe } from "../simulation/probes.js";
import { makeFermatScan, makeRasterScan, type ScanPositions } from "../simulation/scans.js";
import type { SimulateRequest, SimulateResult, Work } from "./contract.js";
import { prepareOutputFile } from "./output-file.js";

/** Jitter of a raster scan as a share of its step. */
const JITTER = 0.3;
/** Object pixels kept free beside the outermost probe windows, for the bilinear sampling. */
const MARGIN_PX = 1;
/** Wavelength and object pixel of the defocused probe; only their ratio with the defocus shapes it. */
const WAVELENGTH_M = 1.24e-10;
const PIXEL_SIZE_M = 20e-9;

/**
 * Writes a scan file: amplitude = sqrt(counts) / s, with the one factor s that makes |F(probe x object)| the noise-free
 * amplitude for the probe and object of the file; counts = s^2 x amplitude^2 (s^2 stands in the metadata as
 * `counts_per_squared_amplitude`). Equal requests give equal bytes. With a position error the recorded positions stand
 * under the usual names and the true ones under `xcoords_true`, `ycoords_true`; with bad pixels the file has their mask
 * as `bad_pixels`, 1 = bad.
 *
 * @throws PtychoError UsageError for a path that cannot be written or a size that cannot be simulated, ResourceError.
 */
export async function* simulateWorkflow(request: SimulateRequest): Work<SimulateResult> {
  const { outputFile, photons, patterns, seed, signal, probeModes = 1 } = request;
  prepareOutputFile("simulate: output file", outputFile, []);
  signal.throwIfAborted();
  const { positions, stepPx } = scanOf(request);
  const radiusPx = defaultDiskRadiusPx(request.N, 0.7);
  yield {
    kind: "message",
    text:
      `simulating ${patterns} patterns of ${request.N} x ${request.N} pixels, ${request.object} object, ` +
      `${request.probe} probe${probeModes === 1 ? "" : ` of ${probeModes} modes`}, ${request.scan} scan with a step of ` +
      `${stepPx.toPrecision(3)} px`,
  };
  if (patterns > 1 && stepPx > radiusPx) {
    yield {
      kind: "warning",
      text:
        `the step of the scan, ${stepPx.toPrecision(3)} px, is larger than the radius of the probe, ` +
        `${radiusPx.toPrecision(3)} px: neighbours hardly overlap; ask for more patterns or a smaller object`,
    };
  }
  const scan = simulateScan({
    object: objectOf(request),
    probe: probeModes === 1 ? probeOf(request) : makeProbeModes(probeOf(request), probeModes),
    xPx: positions.xPx,
    yPx: positions.yPx,
    photons,
    noise: { kind: "poisson", seed },
  });
  signal.throwIfAborted();
  writeNpz(outputFile, members(scan, request));
  yield { kind: "wrote", path: outputFile, what: "scan" };
  return { outputFile, patterns };
}

function objectOf({ object, phase, objectSizePx: sidePx, seed }: SimulateRequest): ComplexArray {
  if (object === "lines") return makeLinesObject({ sidePx, seed, ...(phase ? {} : { phaseRad: 0 }) });
  return makeDeadLeavesObject({ sidePx, seed, ...(phase ? {} : { phaseRad: [0, 0] as const }) });
}

function probeOf({ probe, N: sidePx }: SimulateRequest): ComplexArray {
  if (probe === "disk") return makeDiskProbe({ sidePx });
  // A quarter of the longest distance that N pixels can carry: curved by several radians, still well inside the window.
  const defocusM = (sidePx * PIXEL_SIZE_M ** 2) / WAVELENGTH_M / 4;
  return makeDefocusedProbe({ sidePx, wavelengthM: WAVELENGTH_M, pixelSizeM: PIXEL_SIZE_M, defocusM });
}

/** Exactly `patterns` positions that fill the object as far as the probe window stays on it. */
function scanOf({ scan, patterns, N, objectSizePx, seed }: SimulateRequest): {
  readonly positions: ScanPositions;
  readonly stepPx: number;
} {
  const centre = objectSizePx / 2;
  const centrePx = [centre, centre] as const;
  const roomPx = objectSizePx - N - 2 * MARGIN_PX;
  if (roomPx <= 0) {
    const xPx = new Float64Array(patterns).fill(centre);
    return { positions: { xPx, yPx: xPx.slice() }, stepPx: 0 };
  }
  if (scan === "fermat") {
    const stepPx = (roomPx / 2) * Math.sqrt(Math.PI / patterns);
    return { positions: makeFermatScan({ positions: patterns, stepPx, centrePx }), stepPx };
  }
  const columns = Math.ceil(Math.sqrt(patterns));
  const rows = Math.ceil(patterns / columns);
  const stepPx = roomPx / (columns - 1 + 2 * JITTER);
  const grid = makeRasterScan({ columns, rows, stepPx, centrePx, jitterPx: JITTER * stepPx, seed });
  const positions = { xPx: grid.xPx.slice(0, patterns), yPx: grid.yPx.slice(0, patterns) };
  return { positions, stepPx };
}

function members(scan: SimulatedScan, request: SimulateRequest): [string, NpyArray][] {
  const { object, intensityScale } = scan;
  const { positionErrorPx = 0, badPixelFraction = 0, seed } = request;
  const { xPx, yPx } = positionErrorPx === 0 ? scan : withPositionError(scan, positionErrorPx, seed);
  const { diffraction, badPixels }: Partial<FaultyPatterns> & Pick<SimulatedScan, "diffraction"> =
    badPixelFraction === 0 ? scan : withBadPixels(scan.diffraction, badPixelFraction, seed);
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
  const { probeModes = 1, positionErrorPx = 0, badPixelFraction = 0 } = request;
  return {
    schema_version: "1.0.0",
    creation_info: { script: "ptychopinn simulate", ptychopinn_version: VERSION },
    physics_parameters: { nphotons: photons, N },
    training_parameters: { n_images: patterns },
    data_transformations: [],
    additional_parameters: {
      ...{ object, phase, probe, scan: kind, object_size_px: objectSizePx, seed },
      ...(probeModes !== 1 && { probe_modes: probeModes }),
      ...(positionErrorPx !== 0 && { position_error_px: positionErrorPx }),
      ...(badPixelFraction !== 0 && { bad_pixel_fraction: badPixelFraction }),
      counts_per_squared_amplitude: scan.intensityScale ** 2,
      mean_counts: scan.meanCounts,
    },
  };
}
