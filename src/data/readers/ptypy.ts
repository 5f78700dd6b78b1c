// Prepared data of ptypy (.ptyd): chunks of intensities with positions (y, x) in metres, energy in keV.
import { PtychoError } from "../../core/errors.js";
import type { Hdf5File } from "../../formats/hdf5.js";
import { GOOD_PIXEL_KEYS } from "../keys.js";
import type { Hdf5Reader } from "./contract.js";
import { columnsAt, electronvoltsAt, firstDataset, metresAt, numbersAt, squarePixelM } from "./hdf5-parts.js";
import type { ScanLayout } from "./scan-layout.js";

const CHUNKS = "/chunks";
const [, GOOD_MASK] = GOOD_PIXEL_KEYS;

export const ptypyReader: Hdf5Reader = {
  container: "hdf5",
  name: "ptypy data",
  recognises: (file) =>
    file.kindOf(`${CHUNKS}/0/data`) === "dataset" && file.kindOf(`${CHUNKS}/0/positions`) === "dataset",
  layout: ptypyLayout,
};

function ptypyLayout(file: Hdf5File): ScanLayout {
  const chunks = file.members(CHUNKS);
  if (chunks.length > 1)
    throw new PtychoError(
      "DataError",
      `${file.where}: the data are in ${chunks.length} chunks; prepare them with one chunk (num_frames_per_block, or ` +
        "save as 'merge')",
    );
  const chunk = `${CHUNKS}/0`;
  const [y, x] = columnsAt(file, `${chunk}/positions`);
  const facts = (name: string) => firstDataset(file, [`/meta/${name}`, `/info/${name}`, `/common/${name}`]);
  const mask = firstDataset(file, [
    `${chunk}/mask`,
    `${chunk}/weights`,
    ...["/meta/weight2d", "/info/weight2d"],
  ]);
  return {
    patterns: { file, path: `${chunk}/data` },
    units: "intensity",
    positions: { unit: "m", x, y },
    geometry: {
      energyEv: electronvoltsAt(file, facts("energy"), "keV"),
      distanceM: metresAt(file, facts("distance")),
      detectorPixelM: detectorPixelM(file, facts("psize")),
    },
    arrays: mask === undefined ? {} : { [GOOD_MASK]: () => file.read(mask) },
    notes: [],
  };
}

/** One number, or (height, width). */
function detectorPixelM(file: Hdf5File, path: string | undefined): number | undefined {
  if (path === undefined) return undefined;
  const { values } = numbersAt(file, path);
  return squarePixelM(file.where, values[0], values[1]);
}
