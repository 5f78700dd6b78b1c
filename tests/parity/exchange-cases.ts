// Files that are exchanged with other programs: ptychodus products, against their content, the original's reader and validator.
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isPtychoError } from "../../src/core/errors.js";
import type { ComplexArray, NdArray } from "../../src/core/ndarray.js";
import { complex64 } from "../../src/core/ndarray.js";
import { openScanSource } from "../../src/data/readers/open-scan-source.js";
import { productFaults } from "../../src/data/readers/product-faults.js";
import { readProduct } from "../../src/data/readers/ptychodus-product.js";
import { writeProduct } from "../../src/data/writers/ptychodus-product.js";
import { type Hdf5File, openHdf5 } from "../../src/formats/hdf5.js";
import type { NpyArray } from "../../src/formats/npy.js";
import type { CaseArrays, CaseCheck, CaseJson, CheckResult } from "./check.js";

export const exchangeChecks: Readonly<Record<string, CaseCheck>> = {
  ptychodus_product: async (json, arrays, folder) => {
    const samples = join(folder, "samples", json.kind);
    const results: CheckResult[] = [];
    for (const [name, expected] of Object.entries<CaseJson>(json.expected.files)) {
      const path = join(samples, name);
      if (!existsSync(path)) results.push(result(name, false, "the sample file is absent"));
      else results.push(...(await checkFile(name, path, expected)));
    }
    const written = Object.values<CaseJson>(json.expected.files).find(
      (file) => file.root_attrs?.bundle_version,
    );
    if (written !== undefined && "in_xcoords" in arrays)
      results.push(...(await checkWriter(arrays, written.datasets.object.attrs)));
    return results;
  },
};

const result = (name: string, passed: boolean, detail: string): CheckResult => ({ name, passed, detail });
const agree = (name: string, found: unknown, wanted: unknown): CheckResult => {
  const [a, b] = [JSON.stringify(found), JSON.stringify(wanted)];
  return result(name, a === b, a === b ? "equal" : `found ${a?.slice(0, 200)}, expected ${b?.slice(0, 200)}`);
};

async function checkFile(name: string, path: string, expected: CaseJson): Promise<CheckResult[]> {
  let file: Hdf5File;
  try {
    file = await openHdf5(path);
  } catch (error) {
    if (!isPtychoError(error, "DataError")) throw error;
    return [result(name, expected.open_error !== undefined, error.message)];
  }
  try {
    return [
      ...checkContent(name, file, expected),
      checkReader(name, file, expected.reader),
      checkValidator(name, file, expected.validator),
      ...(await checkPatterns(name, path, expected.datasets)),
    ];
  } finally {
    file.close();
  }
}

function checkContent(
  name: string,
  file: Hdf5File,
  { root_attrs: attributes, datasets }: CaseJson,
): CheckResult[] {
  return [
    agree(`${name} attributes`, sorted(file.attributes("/")), sorted(attributes)),
    ...Object.entries<CaseJson>(datasets)
      .filter(([path]) => !path.startsWith("_"))
      .map(([path, wanted]) => {
        const { shape, dtype, chunks, filters } = file.dataset(path);
        const packed = { gzip: filters.includes("deflate"), shuffle: filters.includes("shuffle") };
        return agree(
          `${name} ${path}`,
          [shape, dtype, digest(file.read(path)), sorted(file.attributes(path)), chunks ?? null, packed],
          [
            ...[wanted.shape, wanted.dtype, wanted.sha256, sorted(flattened(wanted.attrs)), wanted.chunks],
            { gzip: wanted.compression === "gzip", shuffle: wanted.shuffle },
          ],
        );
      }),
  ];
}

const sorted = (record: Readonly<Record<string, unknown>>) =>
  Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));

/** Attributes of several axes are read as one list. */
const flattened = (record: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(
    Object.entries(record).map(([name, value]) => [name, Array.isArray(value) ? value.flat(8) : value]),
  );

/** What the original's reader makes of a file, where the contracts do not decide otherwise. */
const DEVIATIONS: readonly { readonly when: RegExp; readonly reason: string }[] = [
  {
    when: /positions along x and \d+ along y/,
    reason: "FAULTS 20: as many x as y, where the original gives a shim",
  },
];

function checkReader(name: string, file: Hdf5File, wanted: CaseJson): CheckResult {
  const title = `${name} reader`;
  try {
    const product = readProduct(file);
    if (wanted.status !== "ok")
      return result(title, false, `read, but expected ${JSON.stringify(wanted.error)}`);
    const { xPx, yPx, probe, object, positionIndexes } = product;
    const index = BigInt64Array.from(positionIndexes, BigInt);
    const found = {
      xcoords: digest(vector("float64", xPx)),
      ycoords: digest(vector("float64", yPx)),
      probeGuess: digest(probe),
      objectGuess: digest(object),
      scan_index: digest(vector("int64", index)),
    };
    return agree(
      title,
      found,
      Object.fromEntries(Object.keys(found).map((key) => [key, wanted[key].sha256])),
    );
  } catch (error) {
    if (!isPtychoError(error, "DataError")) throw error;
    const deviation = DEVIATIONS.find(({ when }) => when.test(error.message));
    return result(
      title,
      wanted.status !== "ok" || deviation !== undefined,
      deviation?.reason ?? error.message,
    );
  }
}

/** The original's sentences by the rule that they are about. */
const RULES: readonly {
  readonly says: RegExp;
  readonly id: (found: RegExpExecArray) => string | undefined;
}[] = [
  { says: /^missing root attribute: (\w+)/, id: ([, name]) => `attribute:${name}` },
  { says: /^missing dataset: (\w+)/, id: ([, name]) => `dataset:${name}` },
  { says: /^(probe|object) must be complex/, id: ([, name]) => `complex:${name}` },
  { says: /^probe missing pixel geometry|^probe pixel sizes/, id: () => "pixel:probe" },
  { says: /^object missing attribute: (\w+)/, id: () => "pixel:object" },
  { says: /^object_layer_spacing_m length/, id: () => "spacing" },
  { says: /^(\w+) must be 1D/, id: ([, name]) => `shape:${name}` },
  { says: /^position arrays lengths/, id: () => "lengths" },
  { says: /^raw_data\/diffraction expected 3D/, id: () => "raw:shape" },
  { says: /^raw_data\/diffraction first axis/, id: () => "raw:length" },
  { says: /^raw_data missing (\w+)/, id: ([, name]) => `raw:${name}` },
];

function checkValidator(name: string, file: Hdf5File, { errors }: CaseJson): CheckResult {
  const wanted = (errors as string[]).map((error) => {
    for (const { says, id } of RULES) {
      const found = says.exec(error);
      if (found !== null) return id(found);
    }
    return `unknown: ${error}`;
  });
  const hasCosts = file.kindOf("costs") === "dataset";
  const found = productFaults(file)
    .map(({ id }) => id.replace(/^(pixel:\w+)\..*/, "$1"))
    // The original does not look at the pixel size of an object that has one, whatever it is.
    .filter((id) => id !== "pixel:object" || wanted.includes(id));
  return agree(
    `${name} validator`,
    [...new Set(found)].sort(),
    // The contract takes `costs` for `loss_values`; the original's validator does not.
    [...new Set(wanted.filter((id) => !(hasCosts && id === "dataset:loss_values")))].sort(),
  );
}

/** The original's reader loses the patterns that its writer stores; they are read here. */
async function checkPatterns(name: string, path: string, datasets: CaseJson): Promise<CheckResult[]> {
  const stored = datasets["raw_data/diffraction"];
  if (stored === undefined) return [];
  const source = await openScanSource(path);
  try {
    return [
      agree(
        `${name} patterns`,
        [digest(source.read("diffraction")), source.units],
        [stored.sha256, "amplitude"],
      ),
    ];
  } finally {
    source.close();
  }
}

/** What this program writes breaks no rule and gives the same positions, probe and object. */
async function checkWriter(arrays: CaseArrays, pixel: CaseJson): Promise<CheckResult[]> {
  const folder = mkdtempSync(join(tmpdir(), "ptychopinn-product-"));
  const path = join(folder, "product.h5");
  const [xPx, yPx] = ["in_xcoords", "in_ycoords"].map((name) => (arrays[name] as NdArray<"float64">).data);
  const [probe, object] = ["in_probeGuess", "in_objectGuess"].map((name) => arrays[name] as ComplexArray);
  try {
    await writeProduct(path, {
      ...{ name: "a", comments: "", object, originPx: [0, 0], xPx, yPx, losses: [2, 1] },
      probe: complex64([1, ...probe.shape], probe.re, probe.im),
      geometry: { pixelSizeM: pixel.pixel_width_m, energyEv: 8000, distanceM: 0.75 },
    });
    const file = await openHdf5(path);
    try {
      const back = readProduct(file);
      const worst = Math.max(...Array.from(xPx, (value, i) => Math.abs(back.xPx[i] / value - 1)));
      return [
        agree("written: no fault", productFaults(file), []),
        result("written: positions", worst <= 1e-12, `relative difference ${worst} (<= 1e-12)`),
        agree("written: probe", digest(back.probe), digest(probe)),
        agree("written: object", digest(back.object), digest(object)),
        agree("written: losses", Array.from(back.losses), [2, 1]),
      ];
    } finally {
      file.close();
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function vector(dtype: "float64" | "int64", data: Float64Array | BigInt64Array): NpyArray {
  return { dtype, shape: [data.length], data } as NpyArray;
}

/** First 16 digits of the SHA-256 of the little-endian bytes, as the golden has it. */
function digest(array: NpyArray): string {
  const bytes = (data: ArrayBufferView) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  if (array.dtype === "text") return "text";
  if (!("re" in array)) return sha(bytes(array.data));
  const { re, im } = array;
  const pairs =
    re instanceof Float32Array ? new Float32Array(2 * re.length) : new Float64Array(2 * re.length);
  for (let i = 0; i < re.length; i++) {
    pairs[2 * i] = re[i];
    pairs[2 * i + 1] = im[i];
  }
  return sha(bytes(pairs));
}

const sha = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex").slice(0, 16);
