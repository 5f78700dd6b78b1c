// The process of a command line: its streams, signals and exit code.
import { VERSION } from "../core/version.js";
import { runCommandLine } from "./run.js";
import { stopSignal } from "./stop-signal.js";
import type { Terminal } from "./terminal.js";
import { workflows } from "./workflows.js";

/**
 * Runs `args` (without node and script) in this process.
 *
 * @param preset what train starts from unless another preset is asked for.
 */
export async function startProcess(args: readonly string[], preset?: string): Promise<void> {
  const terminal: Terminal = {
    out: (text) => process.stdout.write(text),
    err: (text) => process.stderr.write(text),
    isTty: process.stderr.isTTY === true,
    columns: () => process.stderr.columns ?? 80,
    nowMs: () => performance.now(),
  };
  for (const stream of [process.stdout, process.stderr])
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error; // `ptychopinn --help | head` closes the pipe early
    });
  const session = { terminal, workflows, signal: stopSignal(process, terminal.err) };
  const debug = (process.env.PTYCHOPINN_DEBUG ?? "") !== "";
  process.exitCode = await runCommandLine(args, session, { version: VERSION, debug, preset });
}
