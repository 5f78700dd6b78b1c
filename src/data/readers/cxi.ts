// CXI files (Maia 2012; spec 1.6) and the NXcxi_ptycho definition of NeXus: all lengths in metres, energy in joules.
// Positions are taken as they are stored, as ptychodus and SHARP do: the place of the probe on the object. Files that store
// the place of the stage instead give the object turned by 180 degrees and conjugated, which fits the patterns as well.
import type { Hdf5File } from "../../formats/hdf5.js";
import { BAD_PIXEL_KEYS, SCAN_KEYS } from "../keys.js";
import type { Hdf5Reader } from "./contract.js";
import {
  columnsAt,
  electronvoltsAt,
  firstDataset,
  metresAt,
  probeModes,
  probeNotes,
  squarePixelM,
} from "./hdf5-parts.js";
import type { ScanLayout } from "./scan-layout.js";

const ENTRY = "/entry_1";
const DETECTOR = `${ENTRY}/instrument_1/detector_1`;
const SOURCE = `${ENTRY}/instrument_1/source_1`;
const PATTERNS = [`${ENTRY}/data_1/data`, `${DETECTOR}/data`];
const POSITIONS = [
  `${ENTRY}/data_1/translation`,
  `${ENTRY}/sample_1/geometry_1/translation`,
  `${DETECTOR}/translation`,
];
const PROBES = [`${SOURCE}/illumination`, `${SOURCE}/probe`];
const [, , CXI_MASK] = BAD_PIXEL_KEYS;

export const cxiReader: Hdf5Reader = {
  container: "hdf5",
  name: "CXI",
  recognises: (file) =>
    firstDataset(file, PATTERNS) !== undefined && firstDataset(file, POSITIONS) !== undefined,
  layout: cxiLayout,
};

function cxiLayout(file: Hdf5File): ScanLayout {
  const [path, translation] = [firstDataset(file, PATTERNS), firstDataset(file, POSITIONS)] as [
    string,
    string,
  ];
  const [x, y] = columnsAt(file, translation);
  const probe = firstDataset(file, PROBES);
  const mask = firstDataset(file, [`${ENTRY}/data_1/mask`, `${DETECTOR}/mask`]);
  return {
    patterns: { file, path },
    units: "intensity",
    positions: { unit: "m", x, y },
    geometry: {
      energyEv: electronvoltsAt(file, `${SOURCE}/energy`, "J"),
      distanceM: metresAt(file, `${DETECTOR}/distance`),
      detectorPixelM: squarePixelM(
        file.where,
        metresAt(file, `${DETECTOR}/x_pixel_size`),
        metresAt(file, `${DETECTOR}/y_pixel_size`),
      ),
    },
    arrays: {
      ...(probe === undefined
        ? {}
        : { [SCAN_KEYS.probe]: () => probeModes(file.read(probe), file.where, probe) }),
      ...(mask === undefined ? {} : { [CXI_MASK]: () => file.read(mask) }),
    },
    notes: probeNotes(file, probe),
  };
}
