import { expect, test, vi } from "vitest";
import { PtychoError } from "../core/errors.js";
import type { ProgressEvent } from "../core/progress.js";
import type { Work } from "../workflows/contract.js";
import { startRun } from "./run.js";

const event = (text: string): ProgressEvent => ({ kind: "message", text });
const later = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Work of three steps that answers 7, stops as a workflow does, and tells what became of it. */
function counting(log: string[] = []) {
  return async function* (signal: AbortSignal): Work<number> {
    log.push("begun");
    try {
      for (const step of ["one", "two", "three"]) {
        await later();
        if (signal.aborted) {
          log.push("saved");
          throw new PtychoError("Interrupted", "stopped");
        }
        yield event(step);
      }
      return 7;
    } finally {
      log.push("ended");
    }
  };
}

async function textsOf(run: AsyncIterable<ProgressEvent>): Promise<string[]> {
  const texts: string[] = [];
  for await (const found of run) if (found.kind === "message") texts.push(found.text);
  return texts;
}

test("the events of a loop, then the result", async () => {
  const run = startRun(counting());
  expect(await textsOf(run)).toEqual(["one", "two", "three"]);
  expect(await run.result).toBe(7);
});

test("nothing begins before it is asked for; the result alone is enough", async () => {
  const log: string[] = [];
  const run = startRun(counting(log));
  await later();
  expect(log).toEqual([]);
  expect(await run.result).toBe(7);
  expect(await run.result).toBe(7);
  expect(log).toEqual(["begun", "ended"]);
});

test("a loop that begins together with the wait for the result sees every event", async () => {
  const run = startRun(counting());
  const { result } = run;
  expect(await textsOf(run)).toEqual(["one", "two", "three"]);
  expect(await result).toBe(7);
});

test("leaving the loop stops the work at a step, and the result is rejected as interrupted", async () => {
  const log: string[] = [];
  const run = startRun(counting(log));
  for await (const _ of run) break;
  expect(log).toEqual(["begun", "saved", "ended"]);
  await expect(run.result).rejects.toMatchObject({ tag: "Interrupted" });
});

test("the caller's signal stops the work", async () => {
  const controller = new AbortController();
  const run = startRun(counting(), controller.signal);
  const seen: string[] = [];
  const loop = async () => {
    for await (const found of run) {
      if (found.kind === "message") seen.push(found.text);
      controller.abort();
    }
  };
  await expect(loop()).rejects.toMatchObject({ tag: "Interrupted" });
  await expect(run.result).rejects.toMatchObject({ tag: "Interrupted" });
  expect(seen).toEqual(["one"]);
});

test("what a signal throws of itself arrives as PtychoError", async () => {
  const run = startRun(async function* (signal): Work<number> {
    yield event("one");
    signal.throwIfAborted();
    return 7;
  }, AbortSignal.abort());
  await expect(run.result).rejects.toMatchObject({ name: "Interrupted", tag: "Interrupted" });
});

test("an error arrives in the loop and in the result, and is never unhandled", async () => {
  const unhandled = vi.fn();
  process.on("unhandledRejection", unhandled);
  const failing = () =>
    startRun(async function* (): Work<number> {
      yield event("one");
      throw new PtychoError("DataError", "no");
    });
  const run = failing();
  await expect(textsOf(run)).rejects.toMatchObject({ tag: "DataError" });
  await expect(run.result).rejects.toMatchObject({ tag: "DataError" });
  await expect(failing().result).rejects.toMatchObject({ tag: "DataError" });
  await expect(textsOf(failing())).rejects.toThrow("no"); // whose result nobody asks for
  await later();
  process.off("unhandledRejection", unhandled);
  expect(unhandled).not.toHaveBeenCalled();
});
