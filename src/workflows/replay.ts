// A recorded run again, into another folder, and whether the same came out.
import { realpathSync } from "node:fs";
import { basename, dirname, extname, join } from "node:path";
import type { Layer } from "../config/layer.js";
import { check, PtychoError } from "../core/errors.js";
import type { Json } from "../core/json.js";
import { printable } from "../formats/printable.js";
import { adaptWorkflow } from "./adapt.js";
import { compareOutcome, environmentDifferences } from "./compare-runs.js";
import {
  type DemoRequest,
  IN_MEMORY,
  type ReplayRequest,
  type ReplayResult,
  type SimulateRequest,
  type Work,
} from "./contract.js";
import { demoWorkflow } from "./demo.js";
import { inferWorkflow } from "./infer.js";
import { configOfRecord, readRunRecord, type StoredRun } from "./read-run-record.js";
import { reconstructWorkflow } from "./reconstruct.js";
import { type InputPaths, locateInputs } from "./run-inputs.js";
import { RUN_FILE, type RunRecord } from "./run-record.js";
import { simulateWorkflow } from "./simulate.js";
import { trainWorkflow } from "./train.js";

/**
 * Repeats the run of a record from its inputs, which must be the recorded ones, to the bit unless `allowMismatch`. On the
 * processor the same version, machine and number of threads give the same weights and the same object, bit for bit; what
 * is compared of each file is said in run-outputs.ts. A run that was resumed is repeated from its start.
 *
 * @throws PtychoError UsageError for a record that cannot be repeated, or an output folder that is the recorded one; as the
 * workflow that is repeated.
 */
export async function* replayWorkflow(request: ReplayRequest): Work<ReplayResult> {
  const { outputDir, allowMismatch, signal } = request;
  const stored = readRunRecord(request.record);
  const { record } = stored;
  check(
    !isSameFolder(outputDir, dirname(stored.path)),
    "UsageError",
    () =>
      `--output_dir ${printable(outputDir)}: this is the folder of the recorded run, which would be replaced; name another`,
  );
  check(
    !JSON.stringify([record.config, record.request]).includes(JSON.stringify(IN_MEMORY)),
    "UsageError",
    () =>
      "replay: the run was given arrays in memory, which a record does not hold; only runs on files can be repeated",
  );
  const { paths, mismatches } = await locateInputs(record.inputs, stored.path, allowMismatch);
  for (const text of [...mismatches, ...doubtsAbout(record)]) yield { kind: "warning", text };
  const started = `replaying ${record.command} of ${record.timings.started}, ptychopinn ${record.versions.ptychopinn}`;
  yield { kind: "message", text: started };
  yield* repeat(stored, { outputDir, paths, signal });
  const repeated = readRunRecord(join(outputDir, basename(stored.path)));
  return {
    ...{ command: record.command, outputDir, recordPath: repeated.path },
    ...compareOutcome(record, repeated.record),
    environment: environmentDifferences(record, repeated.record).map(
      ({ name, values }) => `${name}: ${values.join(" -> ")}`,
    ),
  };
}

interface Repetition {
  readonly outputDir: string;
  readonly paths: InputPaths;
  readonly signal: AbortSignal;
}

function repeat(stored: StoredRun, { outputDir, paths, signal }: Repetition): Work<unknown> {
  const { command, request } = stored.record;
  const fresh = { output_dir: outputDir, resume: false, allow_mismatch: false };
  const asked = { ...paths, ...fresh };
  switch (command) {
    case "train":
      return trainWorkflow({ config: configOfRecord("train", stored, asked), signal });
    case "infer":
      return inferWorkflow({ config: configOfRecord("infer", stored, asked), signal });
    case "reconstruct": {
      const config = configOfRecord("reconstruct", stored, asked);
      return reconstructWorkflow({ file: inputNamed("scan", paths), config, signal });
    }
    case "adapt": {
      const { source, values } = askedOfAdapt(request);
      const layer = { source, values: { ...values, ...fresh } };
      const [modelPath, scanFile] = [inputNamed("start", paths), inputNamed("train_data_file", paths)];
      return adaptWorkflow({ modelPath, scanFile, asked: layer, signal });
    }
    case "simulate": {
      const [written] = stored.record.outputs; // its name may have the dose in it; the record's has not
      const name = basename(stored.path).slice(0, -`.${RUN_FILE}`.length);
      const outputFile = join(outputDir, name + extname(written?.path ?? "scan.npz"));
      return simulateWorkflow({
        ...(request as unknown as SimulateRequest),
        ...{ ...paths, outputFile, signal },
      });
    }
    case "demo":
      return demoWorkflow({ ...(request as unknown as DemoRequest), outputDir, signal });
  }
}

/** The settings that were given to adapt; each is checked where it is resolved. */
function askedOfAdapt({ asked }: RunRecord["request"]): Layer {
  const { source, values } = isRecord(asked) ? asked : {};
  if (typeof source === "string" && isRecord(values)) return { source, values };
  throw new PtychoError(
    "ArtefactError",
    "replay: the record does not tell what adapt was asked; use the record as it was written",
  );
}

function isRecord(value: Json | undefined): value is { readonly [name: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function inputNamed(role: string, paths: InputPaths): string {
  if (Object.hasOwn(paths, role)) return paths[role];
  throw new PtychoError("ArtefactError", `replay: the record names no input ${role}; replay another run`);
}

/** Why the outcome may differ, or cannot be told to be equal. */
function doubtsAbout({ status, earlier }: RunRecord): string[] {
  const doubts: string[] = [];
  if (status !== "completed")
    doubts.push(
      status === "running"
        ? "the recorded run was killed, or is still running: its outputs are not recorded, nothing can be compared"
        : `the recorded run ${status === "failed" ? "failed" : "was interrupted"}: only what it had written can be compared`,
    );
  const changed = [...new Set(earlier.flatMap((run) => run.changed))];
  if (changed.length > 0)
    doubts.push(
      `the recorded run was resumed with other settings (${changed.join(", ")}): a repetition with the last ones need not ` +
        "come out equal",
    );
  return doubts;
}

function isSameFolder(a: string, b: string): boolean {
  try {
    return realpathSync(a) === realpathSync(b);
  } catch {
    return false; // one is not there yet
  }
}
