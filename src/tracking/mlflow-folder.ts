// An MLflow run in a folder, in the layout of its file store (mlflow/store/tracking/file_store.py):
// <experiment>/meta.yaml, <experiment>/<run>/meta.yaml, params/<name>, tags/<name>, metrics/<name> with lines "ms value step".
import { randomBytes } from "node:crypto";
import { appendFileSync, existsSync, mkdirSync, readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parse, stringify } from "yaml";
import { readRegularFile, writeFileAtomic } from "../formats/files.js";
import { type EpochMetrics, type RunStatus, scalarsOf, type TrackedRun, type Tracker } from "./contract.js";
import { EXPERIMENT, type MlflowRun, notedRun, noteRun, runNameOf, tagsOf } from "./mlflow-run.js";

/** Numbers of mlflow.entities.RunStatus. */
const STATUS = { running: 1, completed: 3, failed: 4, interrupted: 5 } as const;
const MAX_META_BYTES = 65_536;

export function openMlflowFolder(store: string, run: TrackedRun): Tracker {
  let begun: { readonly run: MlflowRun; readonly startMs: number; logged: number } | undefined;
  const folderOf = ({ experimentId, runId }: MlflowRun) => join(store, experimentId, runId);
  const metricFile = (of: MlflowRun, name: string) => join(folderOf(of), "metrics", name);
  const writeRunMeta = (of: MlflowRun, startMs: number, status: keyof typeof STATUS, endMs: number | null) =>
    writeMeta(folderOf(of), {
      artifact_uri: pathToFileURL(resolve(folderOf(of), "artifacts")).href,
      ...{ end_time: endMs, entry_point_name: "", experiment_id: of.experimentId, lifecycle_stage: "active" },
      ...{ run_id: of.runId, run_name: runNameOf(run), run_uuid: of.runId },
      ...{ source_name: "", source_type: 4, source_version: "", start_time: startMs },
      ...{ status: STATUS[status], tags: [], user_id: "" },
    });

  const begin = () => {
    const noted = notedRun(run, resolve(store));
    const isThere = noted !== undefined && existsSync(join(folderOf(noted), "meta.yaml"));
    const of = isThere
      ? noted
      : {
          store: resolve(store),
          experimentId: experimentIn(store),
          runId: randomBytes(16).toString("hex"),
        };
    const folder = folderOf(of);
    for (const part of ["artifacts", "metrics", "params", "tags"])
      mkdirSync(join(folder, part), { recursive: true });
    const startMs = isThere ? Number(readMeta(folder)?.start_time ?? Date.now()) : Date.now();
    writeRunMeta(of, startMs, "running", null);
    const entries = { params: run.parameters, tags: tagsOf(run) };
    for (const [part, values] of Object.entries(entries))
      for (const [name, value] of Object.entries(values))
        writeFileAtomic(join(folder, part, name), Buffer.from(value));
    noteRun(run.outputDir, of);
    return { run: of, startMs, logged: isThere ? cutMetrics(folder, run.resumedEpochs) : 0 };
  };
  const append = (of: MlflowRun, rows: readonly EpochMetrics[]): void => {
    const nowMs = Date.now();
    const lines: Record<string, string> = {};
    for (const row of rows)
      for (const [name, value] of scalarsOf(row))
        lines[name] = `${lines[name] ?? ""}${nowMs} ${value} ${row.epoch}\n`;
    for (const [name, text] of Object.entries(lines)) appendFileSync(metricFile(of, name), text);
  };
  return {
    record: (rows) => {
      begun ??= begin();
      append(begun.run, rows.slice(begun.logged));
      begun.logged = rows.length;
    },
    close: async (status: RunStatus) => {
      if (begun !== undefined) writeRunMeta(begun.run, begun.startMs, status, Date.now());
    },
  };
}

/** Id of the experiment of that name in the store; it is made where there is none. */
function experimentIn(store: string): string {
  mkdirSync(store, { recursive: true });
  const folders = readdirSync(store, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  for (const { name } of folders) {
    const meta = readMeta(join(store, name));
    if (meta?.name === EXPERIMENT && meta.lifecycle_stage === "active") return name;
  }
  const id = String(BigInt(`0x${randomBytes(7).toString("hex")}`)); // as MLflow's, a decimal number
  const folder = join(store, id);
  mkdirSync(folder);
  const nowMs = Date.now();
  writeMeta(folder, {
    artifact_location: pathToFileURL(resolve(folder)).href,
    ...{ creation_time: nowMs, experiment_id: id, last_update_time: nowMs },
    ...{ lifecycle_stage: "active", name: EXPERIMENT },
  });
  return id;
}

/** Leaves the lines of epochs below `epochs`; returns of how many epochs all that is there is known. */
function cutMetrics(folder: string, epochs: number): number {
  let logged = 0;
  for (const name of readdirSync(join(folder, "metrics"))) {
    const path = join(folder, "metrics", name);
    const lines = readRegularFile(path).toString("utf8").split("\n");
    const kept = lines.filter((line) => /^\d+ \S+ \d+$/.test(line) && Number(line.split(" ")[2]) < epochs);
    writeFileAtomic(path, Buffer.from(kept.map((line) => `${line}\n`).join("")));
    if (name === "train_loss") logged = Math.max(0, ...kept.map((line) => Number(line.split(" ")[2]) + 1));
  }
  return logged;
}

function writeMeta(folder: string, meta: Readonly<Record<string, unknown>>): void {
  writeFileAtomic(join(folder, "meta.yaml"), Buffer.from(stringify(meta)));
}

function readMeta(folder: string): Record<string, unknown> | undefined {
  const path = join(folder, "meta.yaml");
  if (!existsSync(path)) return undefined;
  const text = readRegularFile(path, { maxBytes: MAX_META_BYTES }).toString("utf8");
  const meta: unknown = parse(text, { maxAliasCount: 0 });
  return typeof meta === "object" && meta !== null ? (meta as Record<string, unknown>) : undefined;
}
