// The parts of a simulated measurement as they are asked for: object, probe and positions, made or read from a file.
import { check, PtychoError } from "../core/errors.js";
import { type ComplexArray, complex64, float64 } from "../core/ndarray.js";
import { SCAN_KEYS } from "../data/keys.js";
import { readProbeFile } from "../data/read-probe-file.js";
import { complexValues } from "../data/stored-values.js";
import { openNpz } from "../formats/npz.js";
import { printable } from "../formats/printable.js";
import { makeObject } from "../simulation/make-object.js";
import { makeProbe } from "../simulation/make-probe.js";
import { makeProbeModes } from "../simulation/probe-modes.js";
import {
  makeConcentricScan,
  makeFermatScan,
  makeLissajousScan,
  makeRandomScan,
  makeRasterScan,
  type ScanPositions,
} from "../simulation/scans.js";
import type { SimulateRequest } from "./contract.js";

/** Jitter of a raster scan as a share of its step, where none is asked for. */
const JITTER = 0.3;
/** Object pixels kept free beside the outermost probe windows, for the bilinear sampling. */
const MARGIN_PX = 1;
const OBJECT_FILE_KEYS = ["object", SCAN_KEYS.truthObject] as const;

/** The object [H, W]. @throws PtychoError UsageError or DataError for one that cannot be had. */
export function simulatedObject(request: SimulateRequest): ComplexArray {
  const { object, objectFile, phase, objectSizePx: sidePx, seed } = request;
  if (objectFile === undefined) return makeObject(object, { sidePx, seed, phase });
  const npz = openNpz(objectFile);
  const key = OBJECT_FILE_KEYS.find((name) => npz.has(name));
  const where = printable(objectFile);
  if (key === undefined)
    throw new PtychoError(
      "DataError",
      `${where}: no object; expected an array '${OBJECT_FILE_KEYS.join("' or '")}'`,
    );
  const { shape, re, im } = complexValues(npz.read(key), where, key);
  check(
    shape.length === 2 && re.every(Number.isFinite) && im.every(Number.isFinite),
    "DataError",
    () => `${where}: ${key} [${shape}] must be 2-D and finite to be an object [H, W]`,
  );
  if (phase) return complex64(shape, re, im);
  return complex64(
    shape,
    re.map((value, i) => Math.hypot(value, im[i])),
  );
}

/** The probe [N, N] or its modes [P, N, N]. @throws PtychoError as simulatedObject. */
export async function simulatedProbe(request: SimulateRequest): Promise<ComplexArray> {
  const { probe, probeFile, probeRadiusPx, probeModes = 1, N: sidePx, seed } = request;
  if (probeFile === undefined) {
    const radius = probeRadiusPx === undefined ? {} : { radiusPx: probeRadiusPx };
    const single = makeProbe(probe, { sidePx, seed, ...radius });
    return probeModes === 1 ? single : makeProbeModes(single, probeModes);
  }
  const modes = await readProbeFile(probeFile, sidePx);
  if (probeModes === 1) return modes;
  check(
    modes.shape[0] === 1,
    "UsageError",
    () => `--probe_modes: ${printable(probeFile)} has ${modes.shape[0]} modes already; leave it out`,
  );
  return makeProbeModes({ ...modes, shape: modes.shape.slice(1) }, probeModes);
}

export interface SimulatedPositions {
  readonly positions: ScanPositions;
  /** Mean distance of neighbours, pixels: side of the square with the area of one position. */
  readonly stepPx: number;
}

/** Positions that fill an object [H, W] as far as the probe window stays on it, or those of a file. */
export function simulatedPositions(request: SimulateRequest, [H, W]: readonly number[]): SimulatedPositions {
  const { scan, scanFile, patterns, N, seed, scanJitter = JITTER } = request;
  if (scanFile !== undefined) return readPositions(scanFile);
  const centrePx = [W / 2, H / 2] as const;
  const roomPx = Math.min(H, W) - N - 2 * MARGIN_PX;
  if (roomPx <= 0) {
    const xPx = new Float64Array(patterns).fill(W / 2);
    return { positions: { xPx, yPx: new Float64Array(patterns).fill(H / 2) }, stepPx: 0 };
  }
  const reachPx = roomPx / 2;
  const roundStep = reachPx * Math.sqrt(Math.PI / patterns);
  const squareStep = roomPx / Math.sqrt(patterns);
  switch (scan) {
    case "fermat":
      return {
        positions: makeFermatScan({ positions: patterns, stepPx: roundStep, centrePx }),
        stepPx: roundStep,
      };
    case "concentric":
      return { positions: makeConcentricScan({ positions: patterns, reachPx, centrePx }), stepPx: roundStep };
    case "lissajous":
      return { positions: makeLissajousScan({ positions: patterns, reachPx, centrePx }), stepPx: squareStep };
    case "random": {
      const options = {
        positions: patterns,
        objectShape: [H, W],
        marginPx: N / 2 + MARGIN_PX,
        seed,
      } as const;
      return { positions: makeRandomScan(options), stepPx: squareStep };
    }
    case "raster": {
      const columns = Math.ceil(Math.sqrt(patterns));
      const rows = Math.ceil(patterns / columns);
      const stepPx = columns === 1 && scanJitter === 0 ? roomPx : roomPx / (columns - 1 + 2 * scanJitter);
      const grid = makeRasterScan({ columns, rows, stepPx, centrePx, jitterPx: scanJitter * stepPx, seed });
      const first = (values: Float64Array) => values.slice(0, patterns);
      return { positions: { xPx: first(grid.xPx), yPx: first(grid.yPx) }, stepPx };
    }
  }
}

function readPositions(path: string): SimulatedPositions {
  const npz = openNpz(path);
  const where = printable(path);
  const read = (key: string): Float64Array => {
    const array = npz.read(key);
    check(
      "data" in array && array.shape.length === 1 && array.shape[0] > 0,
      "DataError",
      () => `${where}: ${key} must be one-dimensional numbers, got ${array.dtype} [${array.shape}]`,
    );
    const { data } = float64(
      array.shape,
      Float64Array.from(array.data as ArrayLike<number | bigint>, Number),
    );
    check(
      data.every(Number.isFinite),
      "DataError",
      () => `${where}: ${key} holds values that are not finite`,
    );
    return data;
  };
  const [xPx, yPx] = [read(SCAN_KEYS.x), read(SCAN_KEYS.y)];
  check(
    xPx.length === yPx.length,
    "DataError",
    () => `${where}: expected as many x as y positions, got ${xPx.length} and ${yPx.length}`,
  );
  const extent = (values: Float64Array) =>
    values.reduce((a, b) => Math.max(a, b)) - values.reduce((a, b) => Math.min(a, b));
  return { positions: { xPx, yPx }, stepPx: Math.sqrt((extent(xPx) * extent(yPx)) / xPx.length) };
}
