// Every kind of simulated probe by its name.
import type { ComplexArray } from "../core/ndarray.js";
import { makeDefaultProbe } from "./default-probe.js";
import type { ProbeKind } from "./kinds.js";
import { makeGaussianProbe, makeZernikeProbe, makeZonePlateProbe } from "./optics-probes.js";
import { defaultDiskRadiusPx, makeDefocusedProbe, makeDiskProbe } from "./probes.js";

export interface ProbeRequest {
  /** Side N of the probe. */
  readonly sidePx: number;
  readonly seed: number;
  /** Radius of the lit part; that of PtychoPINN's default probe when absent. */
  readonly radiusPx?: number;
}

/** Wavelength and object pixel of the probes that free space shapes; only their ratio with the defocus counts. */
const WAVELENGTH_M = 1.24e-10;
const PIXEL_SIZE_M = 20e-9;
const OUTER_ZONE_M = 2 * PIXEL_SIZE_M;
const PLATE_M = 80e-6;

/** Radius of a probe that is asked for without one. */
export function probeRadiusPx({ sidePx, radiusPx }: ProbeRequest): number {
  return radiusPx ?? defaultDiskRadiusPx(sidePx, 0.7);
}

/**
 * A probe [N, N]. disk: soft disk. ideal_disk: PtychoPINN's default probe, whose size is fixed. defocus: the disk after a
 * quarter of the longest distance that N pixels can carry. gaussian: 1/e of the power at the radius. zernike: see
 * makeZernikeProbe. zone_plate: outermost zone two object pixels, a third of it stopped, defocused to the radius.
 *
 * @throws PtychoError UsageError for a radius that the probe cannot have.
 */
export function makeProbe(kind: ProbeKind, request: ProbeRequest): ComplexArray {
  return PROBES[kind](request);
}

const PROBES: { readonly [K in ProbeKind]: (request: ProbeRequest) => ComplexArray } = {
  disk: (request) => makeDiskProbe({ sidePx: request.sidePx, radiusPx: probeRadiusPx(request) }),
  ideal_disk: ({ sidePx }) => makeDefaultProbe(sidePx),
  defocus: (request) =>
    makeDefocusedProbe({
      sidePx: request.sidePx,
      radiusPx: probeRadiusPx(request),
      wavelengthM: WAVELENGTH_M,
      pixelSizeM: PIXEL_SIZE_M,
      defocusM: (request.sidePx * PIXEL_SIZE_M ** 2) / WAVELENGTH_M / 4,
    }),
  gaussian: (request) => makeGaussianProbe(request.sidePx, probeRadiusPx(request)),
  zernike: (request) =>
    makeZernikeProbe({ sidePx: request.sidePx, radiusPx: probeRadiusPx(request), seed: request.seed }),
  zone_plate: (request) => {
    const focalM = (PLATE_M * OUTER_ZONE_M) / WAVELENGTH_M;
    return makeZonePlateProbe({
      sidePx: request.sidePx,
      ...{ wavelengthM: WAVELENGTH_M, pixelSizeM: PIXEL_SIZE_M },
      ...{ diameterM: PLATE_M, outerZoneM: OUTER_ZONE_M, stopM: PLATE_M / 3 },
      // Rays through the rim are this far apart behind the focus.
      defocusM: (2 * probeRadiusPx(request) * PIXEL_SIZE_M * focalM) / PLATE_M,
    });
  },
};
