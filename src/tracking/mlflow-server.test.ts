// The REST client against a small server that keeps what it is sent, fails, hangs, or is something else.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, it } from "vitest";
import type { EpochMetrics, RunStatus, TrackedRun } from "./contract.js";
import { openMlflowServer, type ServerLimits } from "./mlflow-server.js";

const folder = mkdtempSync(join(tmpdir(), "ptychopinn-mlflow-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const PATIENT = { timeoutMs: 5000, attempts: 3, backoffMs: 5, closeMs: 20_000 };
const SHORT = { ...PATIENT, timeoutMs: 200, closeMs: 600 };
const LAST_SHORT = { ...PATIENT, timeoutMs: 1500, attempts: 2, closeMs: 4000 };
const rows = (count: number): EpochMetrics[] =>
  Array.from({ length: count }, (_, epoch) => ({
    ...{ epoch, trainLoss: 1 / (epoch + 1), validationLoss: undefined, learningRate: 1e-3 },
  }));

let made = 0;
function newRun(values: Partial<TrackedRun> = {}): TrackedRun {
  const outputDir = join(folder, `run-${made++}`);
  mkdirSync(outputDir);
  const parameters = Object.fromEntries(Array.from({ length: 130 }, (_, i) => [`field_${i}`, String(i)]));
  return { outputDir, parameters, resumedEpochs: 0, trackingUri: null, environment: {}, ...values };
}

interface Metric {
  readonly key: string;
  readonly value: number;
  readonly step: number;
}

interface Kept {
  readonly metrics: Metric[];
  readonly params: Map<string, string>;
  status: string;
}

type Answer = readonly [status: number, body: unknown] | "hang" | "cut";

/** The part of an MLflow server that a run needs. `trouble` may answer in its place. */
async function serve(trouble: (path: string, count: number) => Answer | undefined = () => undefined) {
  const runs = new Map<string, Kept>();
  const requests: { path: string; authorization: string | undefined; size: number }[] = [];
  let experiment: string | undefined;
  const answer = (path: string, query: URLSearchParams, body: Record<string, unknown>): Answer => {
    const run = runs.get(String(body.run_id ?? query.get("run_id")));
    switch (path) {
      case "experiments/get-by-name":
        if (experiment === undefined || query.get("experiment_name") !== experiment)
          return [404, { error_code: "RESOURCE_DOES_NOT_EXIST", message: "no experiment" }];
        return [200, { experiment: { experiment_id: "7", name: experiment } }];
      case "experiments/create":
        experiment = String(body.name);
        return [200, { experiment_id: "7" }];
      case "runs/create": {
        expect(body.experiment_id).toBe("7");
        const id = `abc${runs.size}`;
        runs.set(id, { metrics: [], params: new Map(), status: "RUNNING" });
        return [200, { run: { info: { run_id: id } } }];
      }
      case "runs/log-batch": {
        const { metrics, params } = body as { metrics: Metric[]; params: { key: string; value: string }[] };
        if (run === undefined || metrics.length > 1000 || params.length > 100)
          return [400, { message: "limits" }];
        run.metrics.push(...metrics);
        for (const { key, value } of params) run.params.set(key, value);
        return [200, {}];
      }
      case "runs/get": {
        if (run === undefined) return [404, { error_code: "RESOURCE_DOES_NOT_EXIST" }];
        const latest = new Map(run.metrics.map((metric) => [metric.key, metric]));
        return [200, { run: { data: { metrics: [...latest.values()] } } }];
      }
      case "runs/update":
        if (run === undefined) return [404, {}];
        run.status = String(body.status);
        return [200, {}];
      default:
        return [404, { message: path }];
    }
  };
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    let text = "";
    for await (const piece of request) text += String(piece);
    const url = new URL(request.url ?? "", "http://here");
    const path = url.pathname.replace("/api/2.0/mlflow/", "");
    requests.push({ path, authorization: request.headers.authorization, size: text.length });
    const body = (text === "" ? {} : JSON.parse(text)) as Record<string, unknown>;
    const reply = trouble(path, requests.length) ?? answer(path, url.searchParams, body);
    if (reply === "hang") return;
    if (reply === "cut") return void request.socket.destroy();
    response.writeHead(reply[0], { "content-type": "application/json" });
    response.end(typeof reply[1] === "string" ? reply[1] : JSON.stringify(reply[1]));
  };
  const server = createServer((request, response) => void handle(request, response));
  await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  open.push(close);
  const { port } = server.address() as AddressInfo;
  return { address: new URL(`http://127.0.0.1:${port}/`), runs, requests, close };
}

const open: (() => void)[] = [];
afterEach(() => {
  for (const close of open.splice(0)) close();
});

async function track(
  address: URL,
  run: TrackedRun,
  counts: readonly number[],
  { status = "completed", limits = PATIENT }: { status?: RunStatus; limits?: ServerLimits } = {},
) {
  const warnings: string[] = [];
  const tracker = openMlflowServer(address, run, (why) => warnings.push(why), limits);
  for (const count of counts) tracker.record(rows(count));
  const startedMs = performance.now();
  await tracker.close(status);
  return { warnings, closedMs: performance.now() - startedMs };
}

it("logs parameters, every epoch once, and the end; a second run joins the experiment", async () => {
  const { address, runs, requests } = await serve();
  const { warnings } = await track(address, newRun(), [1, 2, 3]);
  await track(address, newRun(), [1], { status: "failed" });
  expect(warnings).toEqual([]);
  const [first, second] = [...runs.values()];
  expect(first.params.size).toBe(130);
  expect(first.metrics.map(({ key, value, step }) => [key, value, step])).toEqual([
    ...[
      ["train_loss", 1, 0],
      ["learning_rate", 1e-3, 0],
      ["train_loss", 1 / 2, 1],
    ],
    ...[
      ["learning_rate", 1e-3, 1],
      ["train_loss", 1 / 3, 2],
      ["learning_rate", 1e-3, 2],
    ],
  ]);
  expect([first.status, second.status]).toEqual(["FINISHED", "FAILED"]);
  expect(requests.filter(({ path }) => path === "experiments/create")).toHaveLength(1);
});

it("goes on with the run of a resumed training, without an epoch twice", async () => {
  const { address, runs } = await serve();
  const run = newRun();
  await track(address, run, [1, 2, 3]);
  const { warnings } = await track(address, { ...run, resumedEpochs: 2 }, [3, 4]);
  expect(warnings).toEqual([]);
  expect(runs.size).toBe(1);
  const losses = [...runs.values()][0].metrics.filter(({ key }) => key === "train_loss");
  expect(losses.map(({ step }) => step)).toEqual([0, 1, 2, 3]);
});

it("sends many epochs in batches that the server takes", async () => {
  const { address, runs } = await serve();
  const { warnings } = await track(address, newRun(), [1200]);
  expect(warnings).toEqual([]);
  expect([...runs.values()][0].metrics).toHaveLength(2400);
});

it("hands on the token, or user and password, of the environment", async () => {
  const { address, requests } = await serve();
  await track(address, newRun({ environment: { MLFLOW_TRACKING_TOKEN: "t0" } }), [1]);
  const count = requests.length;
  const environment = { MLFLOW_TRACKING_USERNAME: "u", MLFLOW_TRACKING_PASSWORD: "p" };
  await track(address, newRun({ environment }), [1]);
  expect(new Set(requests.slice(0, count).map(({ authorization }) => authorization))).toEqual(
    new Set(["Bearer t0"]),
  );
  expect(requests.at(-1)?.authorization).toBe(`Basic ${Buffer.from("u:p").toString("base64")}`);
});

describe("trouble", () => {
  it("that passes is waited out", async () => {
    const { address, runs } = await serve((_, count) =>
      [1, 4].includes(count) ? [503, {}] : count === 2 ? "cut" : undefined,
    );
    const { warnings } = await track(address, newRun(), [1, 2]);
    expect(warnings).toEqual([]);
    expect([...runs.values()].at(-1)?.metrics).toHaveLength(4);
  });

  it.each<[string, ServerLimits, (path: string) => Answer | undefined, string]>([
    ["a server that fails", PATIENT, () => [500, { message: "out of order" }], "with 500: out of order"],
    ["one that refuses", PATIENT, () => [403, {}], "was answered with 403"],
    ["one that hangs", SHORT, () => "hang", "no answer to experiments/get-by-name"],
    [
      "one that fails later",
      PATIENT,
      (path) => (path === "runs/log-batch" ? [500, {}] : undefined),
      "runs/log-batch",
    ],
    [
      "one that hangs at the end",
      LAST_SHORT,
      (path) => (path === "runs/update" ? "hang" : undefined),
      "runs/update",
    ],
    ["a server of something else", PATIENT, () => [200, "<html>"], "is this an MLflow server?"],
  ])("%s: one warning, in bounded time", async (_, limits, trouble, text) => {
    const { address } = await serve(trouble);
    const { warnings, closedMs } = await track(address, newRun(), [1, 2, 3], { limits });
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain(text);
    expect(closedMs).toBeLessThan(limits.closeMs + 1000);
  });

  it("nobody there", async () => {
    const { address, close } = await serve();
    close();
    const { warnings } = await track(address, newRun(), [1]);
    expect(warnings).toEqual([expect.stringMatching(/no answer to .* in 3 attempts \(.*ECONNREFUSED/)]);
  });
});
