// The original's factories over files: what the paths say is read here (of a scan only headers and metadata), the rest is
// pure (config/original). CONTRACTS 2.4 and 2.5.
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { cudaLibrary } from "../compute/runtime.js";
import type { InferenceConfig } from "../config/original/canonical.js";
import { unknownField } from "../config/original/dataclass.js";
import type { Machine } from "../config/original/execution-config.js";
import { inferencePayload } from "../config/original/inference-payload.js";
import type {
  InferencePayload,
  InferencePayloadRequest,
  TrainingPayload,
  TrainingPayloadRequest,
} from "../config/original/payload.js";
import { type ProbeFact, type ProbeSize, probeSizeOf } from "../config/original/probe-size.js";
import { trainingPayload } from "../config/original/training-payload.js";
import { validateInferenceConfig } from "../config/original/validate.js";
import { isPtychoError, PtychoError } from "../core/errors.js";
import { SCAN_KEYS } from "../data/keys.js";
import { photonsOf, readMetadata } from "../data/metadata.js";
import { prepareOutputFolder } from "../formats/files.js";
import { type Npz, parseNpz } from "../formats/npz.js";
import { openRegularFile } from "../formats/open-file.js";

const ARCHIVE = "wts.h5.zip";
const COMMON = ["outputDir", "overrides", "executionConfig", "commandLine", "existingLegacyParams", "strict"];

/**
 * Every configuration object of a training run, from overrides, an execution configuration and the scan's header.
 *
 * @throws PtychoError as `trainingPayload`.
 */
export function createTrainingPayload(
  request: TrainingPayloadRequest,
  machine: Machine = thisMachine(),
): TrainingPayload {
  expectKnown("createTrainingPayload", request, [...COMMON, "trainDataFile", "profile"]);
  const facts = scanFacts(request.trainDataFile);
  return trainingPayload(request, {
    ...machine,
    ...facts,
    trainFileExists: existsSync(request.trainDataFile),
  });
}

/**
 * Every configuration object of an inference run.
 *
 * @throws PtychoError as `inferencePayload`.
 */
export function createInferencePayload(
  request: InferencePayloadRequest,
  machine: Machine = thisMachine(),
): InferencePayload {
  expectKnown("createInferencePayload", request, [...COMMON, "modelPath", "testDataFile"]);
  const { probe } = scanFacts(request.testDataFile);
  return inferencePayload(request, {
    ...machine,
    probe,
    modelPathExists: existsSync(request.modelPath),
    archiveExists: existsSync(join(request.modelPath, ARCHIVE)),
    testFileExists: existsSync(request.testDataFile),
  });
}

/**
 * The edge N of the patterns as the shape of `probeGuess` in an NPZ file tells it; only headers are read.
 *
 * @param strict refuse a file that does not tell it; otherwise 64 with a warning, as in the original.
 * @throws PtychoError DataError, only when strict.
 */
export function inferProbeSize(path: string, { strict = false }: { strict?: boolean } = {}): ProbeSize {
  return probeSizeOf(path, scanFacts(path).probe, strict);
}

/**
 * The files of a command line are there; then the output folder is made.
 *
 * @throws PtychoError DataError for a file that is not there; UsageError for a folder that cannot be made.
 */
export function validatePaths(files: {
  train?: string | undefined;
  test?: string | undefined;
  outputDir: string;
}): void {
  for (const [role, path] of [
    ["Training", files.train],
    ["Test", files.test],
  ] as const)
    if (path !== undefined && !existsSync(path))
      throw new PtychoError("DataError", `${role} data file not found: ${path}; check the path`);
  prepareOutputFolder(files.outputDir);
}

/**
 * An inference configuration with its model in place: a folder with `wts.h5.zip`, or an archive by its name with or
 * without `.zip`.
 *
 * @throws PtychoError ArtefactError for a model that is not there; UsageError as `validateInferenceConfig`.
 */
export function validateInferenceFiles(config: InferenceConfig): void {
  validateInferenceConfig(config);
  const path = config.values.model_path;
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) {
    if (existsSync(join(path, ARCHIVE))) return;
    throw new PtychoError(
      "ArtefactError",
      `Model archive not found: ${join(path, ARCHIVE)}; train a model into that folder, or name another`,
    );
  }
  const others = [
    `${path.replace(/\.[^./\\]+$/, "")}.zip`,
    ...(/(^|[/\\])wts\.h5$/.test(path) ? [`${path}.zip`] : []),
  ];
  if ([path, ...others].some((candidate) => existsSync(candidate))) return;
  throw new PtychoError(
    "ArtefactError",
    `model_path does not exist: ${path} (also checked ${others.join(" and ")}); give the folder of a trained model`,
  );
}

/** Plain JavaScript may misspell a member, which would be lost. */
function expectKnown(where: string, request: object, members: readonly string[]): void {
  const unknown = Object.keys(request).find((name) => !members.includes(name));
  if (unknown !== undefined) throw unknownField(where, unknown, members);
}

/** What the compute engine on this machine has. */
function thisMachine(): Machine {
  return { cuda: cudaLibrary() !== undefined };
}

/** What the headers of a scan file tell; nothing that is wrong with it is an error here. */
function scanFacts(path: string): { readonly probe: ProbeFact; readonly nphotons: number | undefined } {
  const nothing = (probe: ProbeFact) => ({ probe, nphotons: undefined });
  if (!existsSync(path)) return nothing({ kind: "no file" });
  try {
    const file = openRegularFile(path);
    try {
      const npz = parseNpz(file, path);
      const nphotons = photonsOf(readMetadata(path, npz, []));
      return { probe: probeFact(npz), nphotons };
    } finally {
      file.close();
    }
  } catch (error) {
    if (!isPtychoError(error)) throw error;
    return nothing({ kind: "unreadable", reason: error.message });
  }
}

function probeFact(npz: Npz): ProbeFact {
  if (!npz.has(SCAN_KEYS.probe)) return { kind: "no probe" };
  try {
    return { kind: "shape", shape: npz.header(SCAN_KEYS.probe).shape };
  } catch (error) {
    if (!isPtychoError(error)) throw error;
    return { kind: "unreadable", reason: error.message };
  }
}
