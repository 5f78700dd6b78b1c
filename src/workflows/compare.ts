// Reconstructions against each other, or against the truth -> one page and its figures.
import { existsSync } from "node:fs";
import { basename, dirname, extname, join, relative, resolve } from "node:path";
import { check, isPtychoError } from "../core/errors.js";
import { float32 } from "../core/ndarray.js";
import { type RegisterOptions, registerAll, scorePair } from "../evaluation/compare-objects.js";
import type { PlacedObject } from "../evaluation/covered-area.js";
import { type FoundPlace, placeObject } from "../evaluation/place-objects.js";
import { writeFileAtomic } from "../formats/files.js";
import { printable } from "../formats/printable.js";
import type { CompareRequest, CompareResult, Work } from "./contract.js";
import { metricsJson, SEARCH_PX } from "./evaluate.js";
import { prepareOutputFile } from "./output-file.js";
import { readAnyKnownObject, readAnyReconstruction } from "./read-object.js";
import { RECONSTRUCTION_FILE, type Reconstruction } from "./read-reconstruction.js";
import { readRunRecord } from "./read-run-record.js";
import { comparedPictures } from "./report/compared-pictures.js";
import type { ComparedInput, Comparison, ComparisonFigures } from "./report/comparison-figures.js";
import { comparisonPage } from "./report/comparison-page.js";
import { runDifferences } from "./report/run-differences.js";
import { RUN_FILE, type RunRecord } from "./run-record.js";
import { PRODUCT_FILE } from "./write-product.js";

/** More make a page that nobody reads: 66 pairs. */
const MOST = 12;
/** Agreement below which two objects hardly are of one thing. */
const LITTLE = 0.3;
const TRUTH_LABEL = "truth";

interface Member extends PlacedObject {
  readonly label: string;
  readonly path: string;
  readonly role: ComparedInput["role"];
  readonly pixelSizeM?: number;
}

/**
 * Compares `reconstructions` of one object on the pixels of the truth, where one is given, else of the first of them:
 * registered to it (see placeObject), scored in what all cover, each against the truth or every pair of them.
 *
 * @throws PtychoError UsageError for fewer than two objects, labels that do not fit, or output files that are inputs;
 * DataError for files that are not what they should be, pixels of two sizes, or objects with no area in common.
 */
export async function* compareWorkflow(request: CompareRequest): Work<CompareResult> {
  const { reconstructions, truth, outputFile, jsonFile, cropPx, signal } = request;
  const labels = chosenLabels(request);
  const paths = [...reconstructions, ...(truth === undefined ? [] : [truth])];
  const found: Reconstruction[] = [];
  for (const path of reconstructions) {
    found.push(await readAnyReconstruction(path));
    signal.throwIfAborted();
  }
  const inputs = [...paths, ...found.map(({ path }) => path)];
  prepareOutputFile("compare: output file", outputFile, inputs);
  if (jsonFile !== undefined) {
    prepareOutputFile("compare: JSON file", jsonFile, inputs);
    check(
      resolve(jsonFile) !== resolve(outputFile),
      "UsageError",
      () => `compare: --json and --output both name ${printable(outputFile)}; give two files`,
    );
  }
  const pixelSizeM = request.pixelSizeM ?? commonPixelSize(found, labels);
  const known = truth === undefined ? undefined : await readTruth(truth);
  const members: readonly Member[] = [
    ...(known === undefined ? [] : [known]),
    ...found.map((own, i) => ({ ...own, label: labels[i], role: "reconstruction" as const })),
  ];

  const [reference, ...others] = members;
  const places: FoundPlace[] = [];
  for (const other of others) {
    const place = placeObject(reference, other, SEARCH_PX);
    const { shiftPx, placedBy, agreement } = place;
    const shift = shiftPx.map((along) => along.toFixed(2)).join(", ");
    const text = `${printable(other.label)} lies on ${printable(reference.label)} at a shift of (${shift}) px, agreement ${agreement.toFixed(3)}`;
    yield {
      kind: "message",
      text:
        placedBy === "files"
          ? text
          : `${text}; found by the pictures, since the origins in the files do not fit`,
    };
    if (agreement < LITTLE || place.isAtEnd)
      yield {
        kind: "warning",
        text:
          `${printable(other.label)} and ${printable(reference.label)} have little in common (agreement ` +
          `${agreement.toFixed(3)}), or lie further apart than was looked for: their figures may mean nothing`,
      };
    places.push(place);
    signal.throwIfAborted();
  }
  const registered = registerAll(reference, places, {
    ...(cropPx === undefined ? {} : { cropPx }),
    ...(known?.positions === undefined ? {} : { positions: known.positions }),
  });
  const comparisons: Comparison[] = [];
  for (let against = 0; against < (known === undefined ? members.length : 1); against++)
    for (let i = against + 1; i < members.length; i++) {
      const metrics = scorePair(registered, against, i, pixelSizeM);
      comparisons.push({ against: members[against].label, label: members[i].label, metrics });
      signal.throwIfAborted();
    }
  const records: { label: string; record: RunRecord }[] = [];
  for (const [i, { path }] of found.entries()) {
    const { record, warning } = recordOf(path);
    if (warning !== undefined) yield { kind: "warning", text: warning };
    if (record !== undefined) records.push({ label: labels[i], record });
  }
  const figures: ComparisonFigures = {
    inputs: members.map((member, i) =>
      inputOf(member, places[i - 1], registered.scales[i], request.pixelSizeM ?? member.pixelSizeM),
    ),
    rectangle: registered.rectangle,
    comparisons,
    differences: runDifferences(records),
  };
  writeFileAtomic(outputFile, Buffer.from(comparisonPage(figures, comparedPictures(registered))));
  yield { kind: "wrote", path: outputFile, what: "comparison" };
  if (jsonFile === undefined) return { outputFile, figures };
  writeFileAtomic(jsonFile, Buffer.from(metricsJson(figures)));
  yield { kind: "wrote", path: jsonFile, what: "figures" };
  return { outputFile, jsonFile, figures };
}

/** One label for each reconstruction: those asked for, or names from the paths that differ. */
function chosenLabels({ reconstructions, truth, labels }: CompareRequest): readonly string[] {
  const count = reconstructions.length;
  check(
    count >= (truth === undefined ? 2 : 1) && count <= MOST,
    "UsageError",
    () =>
      `compare: expected 2 to ${MOST} reconstructions, or one with --truth, got ${count}; name their folders or files`,
  );
  const short = reconstructions.map(nameOf);
  const own = short.map((name, i) =>
    short.indexOf(name) === short.lastIndexOf(name) ? name : reconstructions[i],
  );
  const chosen =
    labels ??
    own.map((name, i) => {
      const before = own.slice(0, i).filter((other) => other === name).length;
      return before === 0 ? name : `${name} (${before + 1})`;
    });
  const taken = truth === undefined ? chosen : [TRUTH_LABEL, ...chosen];
  const twice = taken.find((label, i) => taken.indexOf(label) !== i);
  check(
    labels === undefined || chosen.length === count,
    "UsageError",
    () =>
      `compare: --labels names ${chosen.length} of ${count} reconstructions; give one label for each, separated by commas`,
  );
  check(
    chosen.every((label) => label.trim() !== "") && twice === undefined,
    "UsageError",
    () =>
      `compare: ${twice === undefined ? "a label is empty" : `two objects are called ${printable(twice)}`}; give --labels that differ, separated by commas`,
  );
  return chosen;
}

/** The folder of a file of ours, the name of another one. */
function nameOf(path: string): string {
  const whole = resolve(path);
  const name = basename(whole);
  if (name === RECONSTRUCTION_FILE || name === PRODUCT_FILE) return basename(dirname(whole)) || name;
  return name.slice(0, name.length - extname(name).length) || name;
}

/** Edge of an object pixel; undefined where no file says it. */
function commonPixelSize(found: readonly Reconstruction[], labels: readonly string[]): number | undefined {
  const first = found.find(({ pixelSizeM }) => pixelSizeM !== undefined);
  if (first?.pixelSizeM === undefined) return undefined;
  const size = first.pixelSizeM;
  found.forEach(({ pixelSizeM = size, object }, i) => {
    const stretchPx = Math.abs(pixelSizeM / size - 1) * Math.max(...object.shape);
    check(
      stretchPx <= 1,
      "DataError",
      () =>
        `compare: the pixels of ${printable(labels[i])} are ${pixelSizeM * 1e9} nm wide, those of ` +
        `${printable(labels[found.indexOf(first)])} ${size * 1e9} nm, which do not lie on each other; reconstruct with ` +
        "patterns of one size, or say --pixel_size_nm where a file is wrong",
    );
  });
  return size;
}

/** The truth, known everywhere; its scan positions bound what is scored, where they span an area. */
async function readTruth(path: string): Promise<Member & Pick<RegisterOptions, "positions">> {
  const { object, originPx = [0, 0], xPx, yPx } = await readAnyKnownObject(path);
  const coverage = float32(object.shape);
  coverage.data.fill(1);
  const span = (values: Float64Array) => {
    let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (const value of values) [least, most] = [Math.min(least, value), Math.max(most, value)];
    return most - least;
  };
  return {
    ...{ object, coverage, originPx, path, label: TRUTH_LABEL, role: "truth" },
    ...(span(xPx) >= 16 && span(yPx) >= 16 ? { positions: { xPx, yPx } } : {}),
  };
}

function inputOf(
  { label, path, role, object }: Member,
  place: FoundPlace | undefined,
  scale: number,
  pixelSizeM: number | undefined,
): ComparedInput {
  return {
    ...{ label, path, role, shape: object.shape, pixel_size_m: pixelSizeM ?? null },
    shift_px: place?.shiftPx ?? [0, 0],
    ramp_rad_per_px: place?.rampRadPerPx ?? [0, 0],
    amplitude_scale: scale,
    placed_by: place?.placedBy ?? "files",
    agreement: place?.agreement ?? 1,
  };
}

/** The record of the run that wrote a file, where it stands beside it; a warning where it cannot be read. */
function recordOf(file: string): { readonly record?: RunRecord; readonly warning?: string } {
  const path = join(dirname(file), RUN_FILE);
  if (!existsSync(path)) return {};
  try {
    const { record } = readRunRecord(path);
    const name = relative(resolve(dirname(file)), resolve(file)).replaceAll("\\", "/");
    return record.outputs.some((output) => output.path === name) ? { record } : {};
  } catch (error) {
    if (!isPtychoError(error)) throw error;
    return { warning: `${error.message}; its settings are not compared` };
  }
}
