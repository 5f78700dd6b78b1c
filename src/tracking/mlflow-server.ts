// An MLflow run on a tracking server (REST API 2.0). Rows wait in a queue and are sent while training goes on; a server
// that is slow, down or wrong costs a bounded time at the end, and nothing else.
import { setTimeout as sleep } from "node:timers/promises";
import { type EpochMetrics, type RunStatus, scalarsOf, type TrackedRun, type Tracker } from "./contract.js";
import { EXPERIMENT, isId, type MlflowRun, notedRun, noteRun, runNameOf, tagsOf } from "./mlflow-run.js";

export interface ServerLimits {
  /** Of one request. */
  readonly timeoutMs: number;
  /** How often a request is tried that the server did not answer, or answered with 429 or 5xx. */
  readonly attempts: number;
  /** Wait before the second attempt; it doubles with each. */
  readonly backoffMs: number;
  /** Of everything that is left when training ends. */
  readonly closeMs: number;
}

const LIMITS: ServerLimits = { timeoutMs: 10_000, attempts: 4, backoffMs: 250, closeMs: 10_000 };
/** The API takes 1000 metrics and 100 parameters at once; a row has three metrics. */
const ROWS_AT_ONCE = 300;
const PARAMETERS_AT_ONCE = 100;
const LONGEST_VALUE = 6000;
const STATUS = { completed: "FINISHED", failed: "FAILED", interrupted: "KILLED" } as const;

export function openMlflowServer(
  server: URL,
  run: TrackedRun,
  fail: (why: string) => void,
  limits: ServerLimits = LIMITS,
): Tracker {
  const over = new AbortController();
  const call = caller(server, run.environment, limits, over.signal);
  let rows: readonly (EpochMetrics & { readonly timestampMs: number })[] = [];
  let begun: { readonly id: string; sent: number } | undefined;
  let sending: Promise<void> | undefined;
  let failed = false;

  const send = async (): Promise<void> => {
    begun ??= await beginRun(call, server.href, run);
    while (begun.sent < rows.length) {
      const part = rows.slice(begun.sent, begun.sent + ROWS_AT_ONCE);
      const metrics = part.flatMap((row) =>
        scalarsOf(row).map(([key, value]) => ({ key, value, timestamp: row.timestampMs, step: row.epoch })),
      );
      await call("POST", "runs/log-batch", { run_id: begun.id, metrics, params: [], tags: [] });
      begun.sent += part.length;
    }
  };
  const failWith = (error: unknown): void => {
    failed = true;
    fail(`MLflow server ${server.origin}: ${error instanceof Error ? error.message : String(error)}`);
  };
  const start = (): Promise<void> => {
    sending ??= send()
      .catch(failWith)
      .finally(() => {
        sending = undefined;
      });
    return sending;
  };
  return {
    record: (all) => {
      if (failed) return;
      const timestampMs = Date.now();
      rows = [...rows, ...all.slice(rows.length).map((row) => ({ ...row, timestampMs }))];
      void start();
    },
    close: async (status: RunStatus) => {
      const finish = async () => {
        await sending;
        if (!failed && rows.length > 0) await start();
        if (failed || begun === undefined) return;
        await call("POST", "runs/update", {
          ...{ run_id: begun.id, status: STATUS[status], end_time: Date.now() },
        });
      };
      const limit = setTimeout(() => over.abort(), limits.closeMs);
      try {
        await finish();
      } catch (error) {
        failWith(error);
      } finally {
        clearTimeout(limit);
      }
    },
  };
}

type Call = (method: "GET" | "POST", path: string, values: object) => Promise<Record<string, unknown>>;

/** A refusal of the server; `code` as the API has it. */
class Refused extends Error {
  constructor(
    readonly status: number,
    readonly code: unknown,
    path: string,
    detail: unknown,
  ) {
    super(
      `${path} was answered with ${status}${typeof detail === "string" ? `: ${detail.slice(0, 200)}` : ""}`,
    );
  }
}

function caller(
  server: URL,
  environment: TrackedRun["environment"],
  { timeoutMs, attempts, backoffMs }: ServerLimits,
  over: AbortSignal,
): Call {
  const base = `${server.origin}${server.pathname.replace(/\/+$/, "")}/api/2.0/mlflow/`;
  const authorization = authorizationOf(environment);
  return async (method, path, values) => {
    const query =
      method === "GET" ? `?${new URLSearchParams(values as Record<string, string>).toString()}` : "";
    for (let attempt = 1; ; attempt++) {
      try {
        const response = await fetch(`${base}${path}${query}`, {
          method,
          headers: {
            ...(method === "POST" ? { "content-type": "application/json" } : {}),
            ...(authorization === undefined ? {} : { authorization }),
          },
          ...(method === "POST" ? { body: JSON.stringify(values) } : {}),
          signal: AbortSignal.any([over, AbortSignal.timeout(timeoutMs)]),
        });
        const text = await response.text();
        const answer = jsonOf(text);
        if (response.ok) return answer;
        throw new Refused(response.status, answer.error_code, path, answer.message);
      } catch (error) {
        if (over.aborted) throw new Error(`no answer to ${path} within the time for it`);
        const isFinal = error instanceof Refused && error.status < 500 && error.status !== 429;
        if (isFinal || (error instanceof Refused && attempt >= attempts)) throw error;
        if (attempt >= attempts)
          throw new Error(`no answer to ${path} in ${attempts} attempts (${causeOf(error)})`);
        await sleep(backoffMs * 2 ** (attempt - 1), undefined, { signal: over }).catch(() => {});
      }
    }
  };
}

function causeOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  return cause instanceof Error ? cause.message || cause.name : String(cause);
}

function jsonOf(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** The run to log to: the one a resumed training goes on with, else a new one with its parameters. */
async function beginRun(
  call: Call,
  store: string,
  run: TrackedRun,
): Promise<{ readonly id: string; sent: number }> {
  const noted = notedRun(run, store);
  const found = noted === undefined ? undefined : await loggedOf(call, noted);
  if (found !== undefined) {
    await call("POST", "runs/update", { run_id: found.id, status: "RUNNING" });
    return found;
  }
  const experimentId = await experimentOn(call);
  const created = await call("POST", "runs/create", {
    ...{ experiment_id: experimentId, run_name: runNameOf(run), start_time: Date.now() },
    tags: Object.entries(tagsOf(run)).map(([key, value]) => ({ key, value })),
  });
  const runId = idIn(created, "run", "info", "run_id");
  const parameters = Object.entries(run.parameters).map(([key, value]) => ({
    key,
    value: value.slice(0, LONGEST_VALUE),
  }));
  for (let from = 0; from < parameters.length; from += PARAMETERS_AT_ONCE) {
    const params = parameters.slice(from, from + PARAMETERS_AT_ONCE);
    await call("POST", "runs/log-batch", { run_id: runId, metrics: [], params, tags: [] });
  }
  noteRun(run.outputDir, { store, experimentId, runId });
  return { id: runId, sent: 0 };
}

/** How many epochs the server has of a run; undefined when it does not know the run any more. */
async function loggedOf(call: Call, { runId }: MlflowRun): Promise<{ id: string; sent: number } | undefined> {
  try {
    const { run } = (await call("GET", "runs/get", { run_id: runId })) as {
      run?: { data?: { metrics?: { key?: unknown; step?: unknown }[] } };
    };
    const steps = (run?.data?.metrics ?? []).filter(({ key }) => key === "train_loss");
    return { id: runId, sent: Math.max(0, ...steps.map(({ step }) => Number(step ?? 0) + 1)) };
  } catch (error) {
    if (error instanceof Refused && error.status === 404) return undefined;
    throw error;
  }
}

async function experimentOn(call: Call): Promise<string> {
  try {
    const found = await call("GET", "experiments/get-by-name", { experiment_name: EXPERIMENT });
    return idIn(found, "experiment", "experiment_id");
  } catch (error) {
    if (!(error instanceof Refused) || error.code !== "RESOURCE_DOES_NOT_EXIST") throw error;
  }
  return idIn(await call("POST", "experiments/create", { name: EXPERIMENT }), "experiment_id");
}

function idIn(answer: Record<string, unknown>, ...path: readonly string[]): string {
  let value: unknown = answer;
  for (const name of path)
    value =
      typeof value === "object" && value !== null ? (value as Record<string, unknown>)[name] : undefined;
  if (!isId(value)) throw new Error(`the answer holds no ${path.join(".")}; is this an MLflow server?`);
  return value;
}

/** As MLflow's own client: a token, else a user name with a password. */
function authorizationOf(environment: TrackedRun["environment"]): string | undefined {
  const { MLFLOW_TRACKING_TOKEN: token, MLFLOW_TRACKING_USERNAME: user } = environment;
  if (token !== undefined && token !== "") return `Bearer ${token}`;
  if (user === undefined || user === "") return undefined;
  return `Basic ${Buffer.from(`${user}:${environment.MLFLOW_TRACKING_PASSWORD ?? ""}`).toString("base64")}`;
}
