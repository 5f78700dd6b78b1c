// What a command may do to the outside: write text. The process itself is main.ts's.
import type { Workflows } from "../workflows/contract.js";

export interface Terminal {
  /** Results, to stdout. The text ends with a newline. */
  readonly out: (text: string) => void;
  /** Progress, warnings and errors, to stderr. */
  readonly err: (text: string) => void;
  /** Whether stderr is a terminal on which a line can be redrawn. */
  readonly isTty: boolean;
  /** Width of that terminal. */
  readonly columns: () => number;
  /** Milliseconds from any origin. */
  readonly nowMs: () => number;
}

export interface Session {
  readonly terminal: Terminal;
  readonly workflows: Workflows;
  /** Aborted by the first SIGINT, SIGTERM or SIGUSR1. */
  readonly signal: AbortSignal;
}

/** Text from outside (file names, messages) without control characters that could rewrite the terminal. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is replaced
  return text.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, "\u{fffd}");
}
