#!/usr/bin/env node
// The entry of `ptychopinn`: the process with its streams, signals and exit code.
import { VERSION } from "../core/version.js";
import { runCommandLine } from "./run.js";
import { stopSignal } from "./stop-signal.js";
import type { Terminal } from "./terminal.js";
import { workflows } from "./workflows.js";

async function main(): Promise<void> {
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
  const code = await runCommandLine(process.argv.slice(2), session, { version: VERSION, debug });
  process.exitCode = code;
}

await main();
