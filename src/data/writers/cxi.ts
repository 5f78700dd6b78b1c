// A scan as a CXI file (spec 1.6, NXcxi_ptycho): metres and joules; viewers of NeXus open on the patterns.
import { check } from "../../core/errors.js";
import { float64, int32, type NdArray } from "../../core/ndarray.js";
import { type Hdf5Group, type Hdf5Node, writeHdf5 } from "../../formats/write-hdf5.js";
import type { Measurement, RawData } from "../raw-data.js";
import { JOULES_PER_EV, photonWavelengthM } from "../readers/physical-units.js";

/** Version 1.6 as CXI files state it. */
const CXI_VERSION = 160;

/**
 * Writes the patterns as intensities (amplitude squared, or the counts as they are) with positions, geometry and, where
 * the scan has one, the probe.
 *
 * @throws PtychoError DataError for a scan without pixel size, energy and distance, which the format is made of.
 */
export async function writeCxi(
  path: string,
  scan: Measurement & Partial<Pick<RawData, "probe">>,
): Promise<void> {
  await writeHdf5(path, cxiTree(path, scan));
}

function cxiTree(path: string, scan: Measurement & Partial<Pick<RawData, "probe">>): Hdf5Group {
  const { pixelSizeM, energyEv, distanceM, xPx, yPx, diffraction, probe } = scan;
  check(
    pixelSizeM !== undefined && energyEv !== undefined && distanceM !== undefined,
    "DataError",
    () =>
      `${path}: a CXI file holds positions in metres, energy and distance, and the scan has no ` +
      `${[
        ...(pixelSizeM === undefined ? ["pixel size"] : []),
        ...(energyEv === undefined ? ["energy"] : []),
        ...(distanceM === undefined ? ["distance"] : []),
      ].join(", ")}; write .npz, or read the scan from a file that states them`,
  );
  const [n, , N] = diffraction.array.shape;
  const detectorPixelM = (photonWavelengthM(energyEv) * distanceM) / (N * pixelSizeM);
  const translation = new Float64Array(3 * n);
  for (let i = 0; i < n; i++) translation.set([xPx[i] * pixelSizeM, yPx[i] * pixelSizeM], 3 * i);
  const group = (
    type: string,
    members: Hdf5Group["members"],
    more: Hdf5Group["attributes"] = {},
  ): Hdf5Group => ({
    ...{ kind: "group", attributes: { NX_class: type, ...more }, members },
  });
  const scalar = (value: number, units: string): Hdf5Node => ({
    ...{ kind: "array", array: float64([], [value]), attributes: { units } },
  });
  return group(
    "NXroot",
    {
      cxi_version: { kind: "array", array: int32([], [CXI_VERSION]) },
      entry_1: group(
        "NXentry",
        {
          data_1: group(
            "NXdata",
            {
              data: { kind: "array", array: intensities(diffraction), gzip: true },
              translation: { kind: "link", to: "/entry_1/sample_1/geometry_1/translation" },
            },
            { signal: "data" },
          ),
          sample_1: group("NXsample", {
            geometry_1: group("NXcollection", {
              translation: { kind: "array", array: float64([n, 3], translation), attributes: { units: "m" } },
            }),
          }),
          instrument_1: group("NXinstrument", {
            source_1: group("NXsource", {
              energy: scalar(energyEv * JOULES_PER_EV, "J"),
              ...(probe === undefined ? {} : { illumination: { kind: "array", array: probe } as const }),
            }),
            detector_1: group("NXdetector", {
              distance: scalar(distanceM, "m"),
              x_pixel_size: scalar(detectorPixelM, "m"),
              y_pixel_size: scalar(detectorPixelM, "m"),
              data: { kind: "link", to: "/entry_1/data_1/data" },
            }),
          }),
        },
        { default: "data_1" },
      ),
    },
    { default: "entry_1" },
  );
}

function intensities({ domain, array }: Measurement["diffraction"]): NdArray<"float32"> {
  return domain === "counts" ? array : { ...array, data: array.data.map((value) => value * value) };
}
