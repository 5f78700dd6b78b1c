// Long work as a caller of the library holds it: iterate for its events, await its result.
import { isPtychoError, PtychoError } from "../core/errors.js";
import type { ProgressEvent } from "../core/progress.js";
import type { Work } from "../workflows/contract.js";

/**
 * Work that begins when its events or its result are asked for.
 *
 *     for await (const event of run) console.log(event);   // may be left out
 *     const result = await run.result;
 *
 * Leaving the loop early stops the work as its AbortSignal does: the step is finished, what there is to save is saved, and
 * `result` is rejected with PtychoError "Interrupted".
 */
export interface Run<R> extends AsyncIterable<ProgressEvent> {
  /** Works to the end, where nobody iterates, and gives the result; rejected with the error that ended the work. */
  readonly result: Promise<R>;
}

/** The work that `begin` starts, once it is asked for; `signal` stops it from outside. */
export function startRun<R>(
  begin: (signal: AbortSignal) => Work<R>,
  signal?: AbortSignal | undefined,
): Run<R> {
  const stop = new AbortController();
  const either = signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]);
  let work: Work<R> | undefined;
  let isIterated = false;
  let settle: { resolve(result: R): void; reject(error: unknown): void };
  const result = new Promise<R>((resolve, reject) => {
    settle = { resolve, reject };
  });
  result.catch(() => {}); // whoever iterates hears the error there

  const next = async (): Promise<IteratorResult<ProgressEvent, void>> => {
    try {
      work ??= begin(either);
      const step = await work.next();
      if (step.done !== true) return step;
      settle.resolve(step.value);
      return { done: true, value: undefined };
    } catch (error) {
      const known = interruption(error, either);
      settle.reject(known);
      throw known;
    }
  };
  const finish = async (): Promise<void> => {
    while ((await next()).done !== true);
  };
  const iterator: AsyncIterator<ProgressEvent, void, void> = {
    next,
    async return() {
      stop.abort();
      if (work === undefined)
        settle.reject(new PtychoError("Interrupted", "the work was left before it began"));
      else {
        await finish().catch((error: unknown) => {
          if (!isPtychoError(error, "Interrupted")) throw error;
        });
      }
      return { done: true, value: undefined };
    },
  };
  const unwatched = async (): Promise<void> => {
    await Promise.resolve(); // a loop that begins in the same breath takes the events
    while (!isIterated && (await next()).done !== true);
  };
  let isAsked = false;
  return {
    [Symbol.asyncIterator]() {
      isIterated = true;
      return iterator;
    },
    get result() {
      if (!isAsked) {
        isAsked = true;
        if (!isIterated) unwatched().catch(() => {}); // told by `result`
      }
      return result;
    },
  };
}

/** What a signal throws of itself, as the error that work throws when it is stopped. */
function interruption(error: unknown, signal: AbortSignal): unknown {
  if (!signal.aborted || error !== signal.reason) return error;
  return new PtychoError("Interrupted", "the work was stopped by its signal", error);
}
