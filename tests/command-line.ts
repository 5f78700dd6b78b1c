// Runs the command line with the real workflows, in this process or as a child.
import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { runCommandLine } from "../src/cli/run.js";
import { workflows } from "../src/cli/workflows.js";

export interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** `ptychopinn ...args` in this process. */
export async function runHere(...args: readonly string[]): Promise<Outcome> {
  let out = "";
  let err = "";
  const terminal = {
    out: (text: string) => {
      out += text;
    },
    err: (text: string) => {
      err += text;
    },
    isTty: false,
    columns: () => 80,
    nowMs: () => performance.now(),
  };
  const session = { terminal, workflows, signal: new AbortController().signal };
  const code = await runCommandLine(args, session, { version: "test", debug: false });
  return { code, out, err };
}

const MAIN = join(import.meta.dirname, "..", "dist", "src", "cli", "main.js");

/** `ptychopinn ...args` as a user starts it: the built program in a process of its own. */
export async function runChild(...args: readonly string[]): Promise<Outcome & { readonly seconds: number }> {
  if (!existsSync(MAIN)) throw new Error(`${MAIN} is missing; build it with: npm run build`);
  const begun = performance.now();
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let out = "";
  let err = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    out += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    err += text;
  });
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", resolve);
  });
  return { code, out, err, seconds: (performance.now() - begun) / 1000 };
}

/** What a folder holds, however deep; nothing when it is missing. */
export function filesIn(folder: string): string[] {
  return existsSync(folder) ? (readdirSync(folder, { recursive: true }) as string[]).sort() : [];
}
