// run.json: what a run was asked, what it read, on which machine, how it ended and what it wrote. Written when the run
// begins, with status "running", and again when it ends, whichever way. Reading it back is read-run-record.ts's.
import { dirname, extname, relative, resolve } from "node:path";
import { sha256 } from "../bundle/manifest.js";
import type { Surface } from "../config/field.js";
import { isPtychoError } from "../core/errors.js";
import type { ProgressEvent } from "../core/progress.js";
import { writeFileAtomic } from "../formats/files.js";
import type { Work } from "./contract.js";
import { type AnyConfig, type FactsKnown, factsOf, type JsonRecord, type RunFacts } from "./run-facts.js";
import { expectInputsKept } from "./run-inputs.js";
import { describeOutputs, type RunOutput } from "./run-outputs.js";

export const RUN_FORMAT = "ptychopinn-run";
/** Raised when a reader of the old version would misread the new one. */
export const RUN_SCHEMA = 1;
export const RUN_FILE = "run.json";

/** Where the record of a command stands that writes one file: several scans may share a folder. `scan.npz`, `scan.run.json`. */
export function recordBeside(file: string): string {
  return `${file.slice(0, file.length - extname(file).length)}.${RUN_FILE}`;
}

export const RUN_COMMANDS = ["train", "infer", "reconstruct", "adapt", "simulate", "demo"] as const;
export type RunCommand = (typeof RUN_COMMANDS)[number];

export interface RunRecord extends RunFacts {
  readonly format: typeof RUN_FORMAT;
  readonly schema: number;
  readonly command: RunCommand;
  /** "running" of a run that is no longer there: it was killed. */
  readonly status: "running" | "completed" | "interrupted" | "failed";
  readonly error: { readonly tag: string; readonly message: string } | null;
  /** Runs in this folder that this one goes on from, the latest first; empty unless resumed. */
  readonly earlier: readonly EarlierRun[];
  readonly warnings: readonly string[];
  readonly timings: {
    /** ISO time. */
    readonly started: string;
    readonly ended: string | null;
    /** Wall time from the start to the last writing of the record. */
    readonly seconds: number;
    readonly phases: Readonly<Record<string, number>>;
  };
  readonly outputs: readonly RunOutput[];
  /** Figures of merit at the end: losses, residual, scores. */
  readonly figures: Readonly<Record<string, number | null>>;
}

export interface EarlierRun {
  readonly started: string;
  readonly status: string;
  /** Fields that had other values then. */
  readonly changed: readonly string[];
}

export interface RunStart extends FactsKnown {
  /** Where the record stands; its folder exists. */
  readonly path: string;
  /** What a resumed run goes on from. */
  readonly earlier?: readonly EarlierRun[];
}

/** What a workflow tells its record. */
export interface RunRecorder {
  /**
   * Takes the digests of the inputs and writes the record, "running". To be called once the folder is made and locked.
   * Of a part of a larger run that has begun, the call is ignored: the record is of the whole.
   */
  readonly begin: (start: RunStart) => Promise<void>;
  /** A stage begins, and the one before it ends; their wall times are recorded. */
  readonly phase: (name: string) => void;
  readonly figure: (name: string, value: number | null) => void;
}

/**
 * Runs `body` and keeps its record: warnings, figures and files as its events and its result tell them. Before
 * `begin` nothing is written, so that a run that was refused leaves no trace. With `outer`, the body is a part of that run.
 *
 * @param request what is asked beside the configuration, as far as a repetition needs it.
 * @throws what the body throws; PtychoError ResourceError when the record cannot be begun. One that cannot be ended is a warning.
 */
export async function* recordRun<R extends object>(
  {
    command,
    request = {},
    outer,
  }: { command: RunCommand; request?: JsonRecord; outer?: RunRecorder | undefined },
  body: (run: RunRecorder) => Work<R>,
): Work<R> {
  if (outer !== undefined) return yield* body(outer);
  const record = openRecord(command, request);
  const work = body(record.recorder);
  try {
    for (;;) {
      const { value, done } = await work.next();
      if (done) {
        const trouble = await record.end({ status: "completed", error: null }, value);
        if (trouble !== undefined) yield { kind: "warning", text: trouble };
        return value;
      }
      record.hear(value);
      yield value;
    }
  } catch (error) {
    await record.end(endingOf(error)); // a record that cannot be written must not hide why the run failed
    throw error;
  } finally {
    await work.return(undefined as never); // no effect on a generator that has ended
    await record.end({ status: "interrupted", error: LEFT }); // no effect on a record that has ended
  }
}

const LEFT = { tag: "Interrupted", message: "whoever started the run asked for no more" };

type Ending = Pick<RunRecord, "status" | "error">;

function endingOf(error: unknown): Ending {
  const message = error instanceof Error ? error.message : String(error);
  const name = error instanceof Error ? error.name : "Error"; // of our errors, the tag
  const stopped = isPtychoError(error, "Interrupted") || name === "AbortError";
  return { status: stopped ? "interrupted" : "failed", error: { tag: name, message } };
}

interface Begun {
  readonly path: string;
  facts: RunFacts;
  readonly earlier: readonly EarlierRun[];
}

function openRecord(command: RunCommand, request: JsonRecord) {
  const [started, startedMs] = [new Date().toISOString(), performance.now()];
  const secondsSince = (ms: number) => Math.round(performance.now() - ms) / 1000;
  const warnings = new Set<string>();
  const phases: Record<string, number> = {};
  const figures: Record<string, number | null> = {};
  const written = new Set<string>();
  let phase: { readonly name: string; readonly sinceMs: number } | undefined;
  let begun: Begun | undefined;
  let ended = false;

  const closePhase = (): void => {
    if (phase !== undefined) phases[phase.name] = (phases[phase.name] ?? 0) + secondsSince(phase.sinceMs);
    phase = undefined;
  };
  const write = (ending: Ending, outputs: readonly RunOutput[]): void => {
    if (begun === undefined) return;
    const over = ending.status !== "running";
    writeRecord(begun.path, {
      ...{ format: RUN_FORMAT, schema: RUN_SCHEMA, command, ...ending, ...begun.facts },
      earlier: begun.earlier,
      warnings: [...warnings],
      timings: {
        ...{ started, ended: over ? new Date().toISOString() : null },
        ...{ seconds: secondsSince(startedMs), phases },
      },
      ...{ outputs, figures },
    });
  };
  const recorder: RunRecorder = {
    phase: (name) => {
      closePhase();
      phase = { name, sinceMs: performance.now() };
    },
    figure: (name, value) => {
      figures[name] = value;
    },
    begin: async (start) => {
      if (begun !== undefined) {
        // A part may tell where it computes.
        if (start.device !== undefined) begun.facts = { ...begun.facts, device: start.device };
        return;
      }
      expectInputsKept(start.inputs, dirname(start.path), surfacesOf(command, start.config));
      for (const text of start.config?.warnings ?? []) warnings.add(text);
      const facts = await factsOf(request, start, dirname(start.path));
      begun = { path: start.path, facts, earlier: start.earlier ?? [] };
      write({ status: "running", error: null }, []);
    },
  };
  return {
    recorder,
    hear: (event: ProgressEvent): void => {
      if (event.kind === "warning") warnings.add(event.text);
      else if (event.kind === "wrote") written.add(event.path);
      else Object.assign(figures, figuresOf(event));
    },
    /** Writes the last state of the record, once. Says why it could not. */
    end: async (ending: Ending, result: object = {}): Promise<string | undefined> => {
      if (begun === undefined || ended) return undefined;
      ended = true;
      closePhase();
      try {
        const folder = dirname(begun.path);
        for (const path of pathsIn(result, folder)) written.add(path);
        written.delete(begun.path);
        write(ending, await describeOutputs(written, folder));
        return undefined;
      } catch (error) {
        const why = error instanceof Error ? error.message : String(error);
        return `the results are written, but ${RUN_FILE} could not be completed: ${why}`;
      }
    },
  };
}

/** What is run into the folder of the record. */
function surfacesOf(command: RunCommand, config: AnyConfig | undefined): Surface[] {
  if (config === undefined) return [];
  const infersToo = command === "adapt" || config.sources.do_stitching?.value === true;
  return infersToo ? [config.surface, "infer"] : [config.surface];
}

function figuresOf(event: ProgressEvent): Record<string, number | null> {
  if (event.kind === "epoch") {
    const { epoch, trainLoss, validationLoss } = event;
    return { epochs: epoch + 1, train_loss: trainLoss, val_loss: validationLoss ?? null };
  }
  if (event.kind === "reconstructed" && event.label === "")
    return { epochs: event.epoch + 1, residual: event.residual };
  return {};
}

/** The texts of a result, or of the results in it, that are paths in `folder`. */
function pathsIn(result: object, folder: string): string[] {
  return Object.values(result).flatMap((value) => {
    const isRecord = typeof value === "object" && value !== null && !ArrayBuffer.isView(value);
    if (isRecord) return pathsIn(value, folder);
    return typeof value === "string" && isInside(value, folder) ? [value] : [];
  });
}

function isInside(text: string, folder: string): boolean {
  const inside = relative(resolve(folder), resolve(text));
  return inside !== "" && !inside.startsWith("..") && !inside.includes("\0");
}

/** Writes the record with a SHA-256 of itself, so that an edited one is noticed; whole or not at all. */
function writeRecord(path: string, record: RunRecord): void {
  const digest = sha256(Buffer.from(JSON.stringify(record)));
  writeFileAtomic(path, Buffer.from(`${JSON.stringify({ ...record, recordSha256: digest }, null, 2)}\n`));
}
