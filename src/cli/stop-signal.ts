// Ctrl-C and the signals of a scheduler -> an AbortSignal.
import { exitCodeOf, PtychoError } from "../core/errors.js";

/** The part of `process` that is used. */
export interface Process {
  readonly platform: string;
  readonly on: (name: NodeJS.Signals, listener: () => void) => unknown;
  readonly exit: (code: number) => unknown;
}

/**
 * A signal that the first SIGINT, SIGTERM or SIGUSR1 (where the platform has it) aborts, so that the work finishes its
 * step and saves; the second one ends the process at once with the exit code of an interruption.
 */
export function stopSignal(process: Process, err: (text: string) => unknown): AbortSignal {
  const controller = new AbortController();
  const stop = (name: string) => {
    const interrupted = new PtychoError("Interrupted", `stopped by ${name}`);
    if (controller.signal.aborted) {
      process.exit(exitCodeOf(interrupted));
      return;
    }
    controller.abort(interrupted);
    err(`\nptychopinn: ${name}: finishing the step and saving; once more stops at once\n`);
  };
  const names: readonly NodeJS.Signals[] =
    process.platform === "win32" ? ["SIGINT", "SIGTERM"] : ["SIGINT", "SIGTERM", "SIGUSR1"];
  for (const name of names) process.on(name, () => stop(name));
  return controller.signal;
}
