// A scan as the NPZ file of the original, which holds amplitudes under both of their names.
import { check } from "../../core/errors.js";
import { type ComplexArray, float64, type NdArray } from "../../core/ndarray.js";
import type { NpyArray } from "../../formats/npy.js";
import { writeNpz } from "../../formats/npz.js";
import { DIFFRACTION_KEYS, SCAN_KEYS } from "../keys.js";
import type { Metadata } from "../metadata.js";
import type { Domain, Measurement } from "../raw-data.js";

export interface ScanToWrite {
  /** [P, N, N]; left out where a scan has none. */
  readonly probe?: ComplexArray | undefined;
  readonly metadata?: Metadata | undefined;
}

/**
 * Writes a scan so that the original and this program read it: patterns [n, N, N] float32 under `diffraction` and `diff3d`,
 * positions in pixels, a single probe mode as [N, N].
 *
 * @param domain what the patterns must be; amplitudes unless they are asked for as counts
 * @throws PtychoError DataError for patterns of the other domain, ResourceError when the disk fails.
 */
export function writeScanNpz(
  path: string,
  scan: Measurement,
  { probe, metadata }: ScanToWrite = {},
  domain: Domain = "amplitude",
): void {
  writeNpz(path, scanMembers(path, scan, { probe, metadata }, domain));
}

function* scanMembers(
  where: string,
  scan: Measurement,
  { probe, metadata }: ScanToWrite,
  domain: Domain,
): Generator<readonly [string, NpyArray]> {
  check(
    scan.diffraction.domain === domain,
    "DataError",
    () =>
      `${where}: the scan holds ${scan.diffraction.domain} and was to be written as ${domain}; convert it (amplitude = sqrt(counts))`,
  );
  const column = (values: Float64Array): NdArray => float64([values.length], values);
  for (const key of DIFFRACTION_KEYS) yield [key, scan.diffraction.array];
  yield [SCAN_KEYS.x, column(scan.xPx)];
  yield [SCAN_KEYS.y, column(scan.yPx)];
  yield [SCAN_KEYS.xStart, column(scan.xStartPx)];
  yield [SCAN_KEYS.yStart, column(scan.yStartPx)];
  const index = BigInt64Array.from(scan.scanIndex, BigInt);
  yield [SCAN_KEYS.scanIndex, { dtype: "int64", shape: [index.length], data: index }];
  if (probe !== undefined) yield [SCAN_KEYS.probe, singleMode(probe)];
  if (scan.truth?.object !== undefined) yield [SCAN_KEYS.truthObject, scan.truth.object];
  if (metadata !== undefined)
    yield [SCAN_KEYS.metadata, { dtype: "text", shape: [], values: [JSON.stringify(metadata)] }];
}

/** The original takes a probe of one mode as [N, N] only. */
function singleMode(probe: ComplexArray): ComplexArray {
  return probe.shape.length === 3 && probe.shape[0] === 1 ? { ...probe, shape: probe.shape.slice(1) } : probe;
}
