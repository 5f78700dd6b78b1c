// The dataset doctor: a scan file described and checked, its orientation tried, the findings with what mends them.
import { parse } from "node:path";
import { isPtychoError } from "../core/errors.js";
import { type ComplexArray, complex64, float32, type NdArray } from "../core/ndarray.js";
import { diagnose } from "../data/doctor/checks.js";
import { gatherFacts, noFacts, type ScanFacts } from "../data/doctor/facts.js";
import { ENGINE_EDGES } from "../data/doctor/pattern-checks.js";
import { estimateProbe } from "../data/estimate-probe.js";
import { openContents } from "../data/open-contents.js";
import { toProbeModes } from "../data/probe-layout.js";
import { suggestMap } from "../data/readers/suggest-map.js";
import type { ScanContents } from "../data/scan-contents.js";
import { writeFileAtomic } from "../formats/files.js";
import type { InspectRequest, InspectResult, Work } from "./contract.js";
import { describeScan } from "./describe-scan.js";
import { inspectionPage } from "./inspection-page.js";
import { sweepOrientations, sweepPatterns } from "./orientation-sweep.js";
import { prepareOutputFile } from "./output-file.js";

/** Patterns below which an orientation cannot be told. */
const LEAST_PATTERNS = 30;
/** Findings that leave a sweep without sense. */
const BEFORE_SWEEP = ["patterns.wrapped", "patterns.corner", "patterns.negative"];

/** @throws PtychoError UsageError for a report that cannot be written, ResourceError, Interrupted; never for the file. */
export async function* inspectWorkflow(request: InspectRequest): Work<InspectResult> {
  const { file, reportFile, suggestedMapFile, signal } = request;
  if (reportFile !== undefined) prepareOutputFile("inspect: report", reportFile, [file]);
  if (suggestedMapFile !== undefined) prepareOutputFile("inspect: mapping file", suggestedMapFile, [file]);
  signal.throwIfAborted();
  const facts = yield* examine(request);
  const findings = diagnose(facts);
  const description = describeScan(facts);
  const result = {
    file,
    description,
    findings,
    isUsable: findings.every(({ severity }) => severity !== "error"),
  };
  if (reportFile !== undefined) {
    writeFileAtomic(reportFile, Buffer.from(inspectionPage(file, facts, description, findings)));
    yield { kind: "wrote", path: reportFile, what: "report" };
  }
  if (suggestedMapFile !== undefined) {
    writeFileAtomic(suggestedMapFile, Buffer.from(await suggestMap(file)));
    yield { kind: "wrote", path: suggestedMapFile, what: "mapping file" };
  }
  return {
    ...result,
    ...(reportFile === undefined ? {} : { reportFile }),
    ...(suggestedMapFile === undefined ? {} : { suggestedMapFile }),
  };
}

async function* examine(request: InspectRequest): Work<ScanFacts> {
  const { file, mapFile, units, axisOrder, sweep } = request;
  const options = { ...(units === undefined ? {} : { units }), prepare: prepareCommand(file) };
  let contents: ScanContents;
  try {
    contents = await openContents(file, {
      ...(axisOrder === undefined ? {} : { axisOrder }),
      ...(mapFile === undefined ? {} : { map: mapFile }),
    });
  } catch (error) {
    if (!isPtychoError(error, "DataError")) throw error;
    return noFacts({ place: "file", message: error.message }, options);
  }
  try {
    for (const text of contents.notes) yield { kind: "message", text };
    yield { kind: "message", text: `${contents.where}: reading the patterns` };
    const facts = await gatherFacts(contents, options);
    request.signal.throwIfAborted();
    return sweep ? yield* withSweep(facts, request) : facts;
  } finally {
    contents.close();
  }
}

type Sweeping = { readonly threads?: number | null } & Pick<InspectRequest, "signal">;

/** The facts with a sweep, where the file is good enough for one; else a word why there is none. */
async function* withSweep(facts: ScanFacts, { threads = null, signal }: Sweeping): Work<ScanFacts> {
  const { contents, statistics, positions } = facts;
  const because = (text: string) =>
    ({ kind: "message", text: `the orientation is not tried: ${text}` }) as const;
  const broken = diagnose(facts).find(
    ({ id, severity }) => BEFORE_SWEEP.includes(id) || (severity === "error" && id.startsWith("positions.")),
  );
  if (broken !== undefined) {
    yield because(`${broken.id} comes first`);
    return facts;
  }
  if (contents === undefined || statistics === undefined || positions === undefined) {
    yield because("patterns and positions are needed");
    return facts;
  }
  const { height, width: N } = statistics;
  if (height !== N || !ENGINE_EDGES.includes(N) || positions.unique < LEAST_PATTERNS) {
    yield because(
      `it takes square patterns of ${ENGINE_EDGES.join(", ")} pixels at ${LEAST_PATTERNS} places or more`,
    );
    return facts;
  }
  const sample = await centralPatterns(facts, contents, sweepPatterns(N));
  const { xPx, yPx, amplitudes } = sample;
  let start: { readonly probe: ComplexArray; readonly probeSource: string };
  try {
    start = probeFor(facts, contents, N, sample);
  } catch (error) {
    if (!isPtychoError(error, "DataError")) throw error;
    yield because(error.message);
    return facts;
  }
  return {
    ...facts,
    sweep: yield* sweepOrientations({ amplitudes, positions: { xPx, yPx }, ...start, threads, signal }),
  };
}

/** The file's own probe where it can be used, else the first estimate. */
function probeFor(
  { probe }: ScanFacts,
  contents: ScanContents,
  N: number,
  { amplitudes, xPx, yPx }: Awaited<ReturnType<typeof centralPatterns>>,
) {
  const stored = contents.probe;
  const isGood = probe?.N === N && probe.areFinite && !probe.isZero && probe.cornerShare < 0.5;
  if (stored !== undefined && isGood)
    return {
      probe: toProbeModes(contents.where, stored.shape, stored.re.slice(), stored.im.slice(), N),
      probeSource: "the file's, fitted",
    };
  const [{ probe: guess, note }] = estimateProbe(amplitudes, xPx, yPx).candidates;
  return { probe: complex64(guess.shape, guess.re, guess.im), probeSource: `${note}, fitted` };
}

/** Amplitudes of the lit patterns nearest to the middle of the scan, in its order, -1 where not measured. */
async function centralPatterns(
  { statistics, positions, units, badPixels }: ScanFacts,
  contents: ScanContents,
  most: number,
): Promise<{
  readonly amplitudes: NdArray<"float32">;
  readonly xPx: Float64Array;
  readonly yPx: Float64Array;
}> {
  if (statistics === undefined || positions === undefined)
    throw new Error("a sweep needs patterns and positions");
  const { width: N, squares } = statistics;
  const { xPx, yPx } = positions;
  const middle = (values: Float64Array) => values.toSorted()[Math.floor(values.length / 2)];
  const [x, y] = [middle(xPx), middle(yPx)];
  const distance = xPx.map((value, i) => Math.hypot(value - x, yPx[i] - y));
  const chosen = [...xPx.keys()]
    .filter((i) => squares[i] > 0)
    .sort((a, b) => distance[a] - distance[b])
    .slice(0, most)
    .sort((a, b) => a - b);
  const pixels = N * N;
  const amplitudes = float32([chosen.length, N, N]);
  const bad = badPixels?.fixed.shape.length === 2 ? badPixels.fixed.data : undefined;
  const ceiling = badPixels?.ceiling ?? Number.POSITIVE_INFINITY;
  const placeOf = new Map(chosen.map((pattern, place) => [pattern, place]));
  for await (const { first, values } of contents.blocks())
    for (let k = 0; k < values.length / pixels; k++) {
      const place = placeOf.get(first + k);
      if (place === undefined) continue;
      for (let p = 0; p < pixels; p++) {
        const value = values[k * pixels + p];
        const amplitude = units === "counts" ? Math.sqrt(value) : value;
        const isMeasured = value >= 0 && bad?.[p] !== 1 && amplitude < ceiling;
        amplitudes.data[place * pixels + p] = isMeasured ? amplitude : -1;
      }
    }
  return {
    amplitudes,
    xPx: Float64Array.from(chosen, (i) => xPx[i]),
    yPx: Float64Array.from(chosen, (i) => yPx[i]),
  };
}

/** The command line that mends `file` into one beside it. */
function prepareCommand(file: string): (options: string) => string {
  const { dir, name } = parse(file);
  const output = `${dir === "" ? "" : `${dir}/`}${name}_prepared.npz`;
  return (options) =>
    `ptychopinn prepare ${shellWord(file)} -o ${shellWord(output)}${options === "" ? "" : ` ${options}`}`;
}

function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
