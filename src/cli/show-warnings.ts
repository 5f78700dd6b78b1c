// The warnings of a resolved configuration on the terminal.
import { printable, type Terminal } from "./terminal.js";

export function showWarnings(warnings: readonly string[], terminal: Terminal): void {
  for (const text of warnings) terminal.err(`ptychopinn: warning: ${printable(text)}\n`);
}
