// Draws the events of a workflow: one line redrawn in place on a terminal, one line per epoch elsewhere.
import type { ProgressEvent } from "../core/progress.js";
import type { Work } from "../workflows/contract.js";
import { printable, type Terminal } from "./terminal.js";

export interface Verbosity {
  /** Messages, epoch lines and files written. */
  readonly messages: boolean;
  /** The line that is redrawn while an epoch or a prediction runs. */
  readonly progress: boolean;
  /** false: no warnings either. */
  readonly warnings?: boolean;
}

const REDRAW_MS = 100;
const CLEAR = "\r\u001b[2K";

/** Runs `work` to its end, drawing its events, and returns its result. A warning is shown once. */
export async function draw<R>(work: Work<R>, terminal: Terminal, verbosity: Verbosity): Promise<R> {
  const live = terminal.isTty && verbosity.progress;
  const warned = new Set<string>();
  let drawn = false;
  let drawnAtMs = Number.NEGATIVE_INFINITY;
  const clear = () => {
    if (drawn) terminal.err(CLEAR);
    drawn = false;
  };
  try {
    for (;;) {
      const { value: event, done } = await work.next();
      if (done) return event;
      const running = runningText(event);
      if (running !== undefined) {
        const nowMs = terminal.nowMs();
        if (!live || nowMs - drawnAtMs < REDRAW_MS) continue;
        terminal.err(CLEAR + running.slice(0, Math.max(terminal.columns() - 1, 20)));
        drawn = true;
        drawnAtMs = nowMs;
        continue;
      }
      const text = settledText(event);
      if (event.kind === "warning") {
        if (warned.has(text) || verbosity.warnings === false) continue;
        warned.add(text);
      } else if (!verbosity.messages) continue;
      clear();
      terminal.err(`${printable(text)}\n`);
    }
  } finally {
    clear();
    await work.return(undefined as never); // no effect on a generator that has ended
  }
}

/** Text of an event that the next one replaces. */
function runningText(event: ProgressEvent): string | undefined {
  if (event.kind === "step") {
    const { epoch, epochs, batch, batches, loss, patternsPerSecond, secondsLeft } = event;
    return `epoch ${epoch + 1}/${epochs}  batch ${batch}/${batches}  loss ${figures(loss)}  ${figures(patternsPerSecond)} patterns/s  ${duration(secondsLeft)} left`;
  }
  if (event.kind === "predicted") {
    const { done, total, patternsPerSecond } = event;
    return `predicted ${done}/${total}  ${figures(patternsPerSecond)} patterns/s`;
  }
  return undefined;
}

function settledText(event: ProgressEvent): string {
  switch (event.kind) {
    case "epoch": {
      const { epoch, epochs, trainLoss, validationLoss, learningRate, elapsedMs } = event;
      const validation = validationLoss === undefined ? "" : `  validation ${figures(validationLoss)}`;
      return `epoch ${epoch + 1}/${epochs}  loss ${figures(trainLoss)}${validation}  rate ${figures(learningRate)}  ${duration(elapsedMs / 1000)}`;
    }
    case "reconstructed": {
      const { label, epoch, epochs, residual, elapsedMs } = event;
      return `${label === "" ? "" : `${label}: `}epoch ${epoch + 1}/${epochs}  R ${figures(residual)}  ${duration(elapsedMs / 1000)}`;
    }
    case "wrote":
      return `wrote ${event.what}: ${event.path}`;
    case "warning":
      return `ptychopinn: warning: ${event.text}`;
    case "message":
      return event.text;
    default:
      throw new Error(`event ${event.kind} has no settled text`);
  }
}

/** Four figures, without an exponent where that is short. */
export function figures(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return value.toExponential(3);
  return String(Number(value.toPrecision(4)));
}

/** 12 s, 3 min 05 s, 2 h 07 min. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds) || seconds < 0) return "?";
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const two = (value: number) => String(value).padStart(2, "0");
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
}
