// Files of ptychodus, pty-chi and PtychoViT: a product (probe, object, positions in metres), with the patterns in it (group
// raw_data, amplitudes) or in a file of their own beside it (dataset dp, intensities).
import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { PtychoError } from "../../core/errors.js";
import { type Hdf5File, openHdf5 } from "../../formats/hdf5.js";
import { printable } from "../../formats/printable.js";
import { SCAN_KEYS } from "../keys.js";
import type { Hdf5Reader } from "./contract.js";
import { flatObject, numbersAt, probeModes, probeNotes } from "./hdf5-parts.js";
import { isProduct, productGeometry, productPositionsM } from "./ptychodus-product.js";
import type { LayoutGeometry, ScanLayout } from "./scan-layout.js";

const RAW = "/raw_data";
const PATTERNS = "/dp";

/** A product with its patterns inside, in pixels, as PtychoPINN writes them. */
export const ptychodusBundleReader: Hdf5Reader = {
  container: "hdf5",
  name: "ptychodus product with patterns",
  recognises: (file) => isProduct(file) && file.kindOf(`${RAW}/diffraction`) === "dataset",
  layout: (file) => ({
    patterns: { file, path: `${RAW}/diffraction` },
    units: "amplitude",
    positions: {
      unit: "px",
      x: numbersAt(file, `${RAW}/xcoords`).values,
      y: numbersAt(file, `${RAW}/ycoords`).values,
    },
    geometry: geometryOf(file),
    arrays: {
      ...productArrays(file),
      ...(file.kindOf(`${RAW}/scan_index`) === "dataset"
        ? { [SCAN_KEYS.scanIndex]: () => file.read(`${RAW}/scan_index`) }
        : {}),
      ...(file.kindOf(`${RAW}/${SCAN_KEYS.metadata}`) === "dataset"
        ? { [SCAN_KEYS.metadata]: () => file.read(`${RAW}/${SCAN_KEYS.metadata}`) }
        : {}),
    },
    notes: probeNotes(file, "/probe"),
  }),
};

/** Either file of a pair; the other one lies in the same folder under the name that goes with it. */
export const ptychodusPairReader: Hdf5Reader = {
  container: "hdf5",
  name: "ptychodus pair",
  recognises: (file) => isProduct(file) || isPatterns(file),
  layout: async (file, path) => {
    const companion = await openCompanion(file, path);
    const [patterns, product] = isPatterns(file) ? [file, companion] : [companion, file];
    try {
      return pairLayout(patterns, product, companion);
    } catch (error) {
      companion.close();
      throw error;
    }
  },
};

function isPatterns(file: Hdf5File): boolean {
  return file.kindOf(PATTERNS) === "dataset" && file.dataset(PATTERNS).shape.length === 3;
}

function pairLayout(patterns: Hdf5File, product: Hdf5File, companion: Hdf5File): ScanLayout {
  const { x, y } = productPositionsM(product);
  const { pixelWidthM, pixelHeightM } = productGeometry(product);
  return {
    patterns: { file: patterns, path: PATTERNS },
    units: "intensity",
    positions: {
      unit: "px",
      x: x.map((value) => value / pixelWidthM),
      y: y.map((value) => value / pixelHeightM),
    },
    geometry: geometryOf(product),
    arrays: productArrays(product),
    notes: [
      `the other file of the pair is ${companion.where}`,
      `positions in metres were divided by the object pixel of ${pixelWidthM.toPrecision(4)} m`,
      ...probeNotes(product, "/probe"),
    ],
    companions: [companion],
  };
}

function geometryOf(product: Hdf5File): LayoutGeometry {
  const { isMetric, pixelWidthM, pixelHeightM, energyEv, distanceM } = productGeometry(product);
  // Positions are converted along each axis; pictures and figures have one size of a pixel, or none.
  const isSquare = Math.abs(pixelWidthM - pixelHeightM) <= 1e-3 * pixelHeightM;
  return { pixelSizeM: isMetric && isSquare ? pixelWidthM : undefined, energyEv, distanceM };
}

function productArrays(product: Hdf5File): ScanLayout["arrays"] {
  return {
    [SCAN_KEYS.probe]: () => probeModes(product.read("/probe"), product.where, "/probe"),
    ...(product.kindOf("/object") === "dataset"
      ? { [SCAN_KEYS.truthObject]: () => flatObject(product.read("/object"), product.where, "/object") }
      : {}),
  };
}

/** Names that go together: of PtychoViT <name>_dp and <name>_para, of ptychodus diffraction and product. */
async function openCompanion(file: Hdf5File, path: string): Promise<Hdf5File> {
  const wantsProduct = isPatterns(file);
  const name = basename(path);
  const names = wantsProduct
    ? [
        ...(/_dp(?=\.)/.test(name) ? [name.replace(/_dp(?=\.)/, "_para")] : []),
        ...["product-in.h5", "product.h5", "product-out.h5"],
      ]
    : [...(/_para(?=\.)/.test(name) ? [name.replace(/_para(?=\.)/, "_dp")] : []), "diffraction.h5"];
  const found = names.find((each) => existsSync(join(dirname(path), each)));
  const has = wantsProduct ? "patterns (dp) but no positions" : "positions and a probe but no patterns";
  const lacks = wantsProduct ? "a product" : "a file with the dataset dp";
  if (found === undefined)
    throw new PtychoError(
      "DataError",
      `${file.where}: the file holds ${has}; put ${lacks} beside it as ${names.map(printable).join(" or ")}, or state a ` +
        "mapping file (--map)",
    );
  const companion = await openHdf5(join(dirname(path), found));
  if (wantsProduct ? isProduct(companion) : isPatterns(companion)) return companion;
  companion.close();
  throw new PtychoError(
    "DataError",
    `${file.where}: the file holds ${has}, and ${companion.where} beside it is not ${lacks}; give the right one that name`,
  );
}
