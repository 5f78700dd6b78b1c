// What a command line resolves to, without running what it asks for.
import { runCommandLine } from "../src/cli/run.js";
import type { Surface } from "../src/config/field.js";
import type { Sources } from "../src/config/sourced.js";
import { PtychoError } from "../src/core/errors.js";
import type { Workflows } from "../src/workflows/contract.js";

export interface Asked {
  readonly code: number;
  readonly err: string;
  /** undefined: no workflow was reached. */
  readonly sources: Sources | undefined;
}

/** Runs a command line up to the workflow that it reaches. */
export async function ask(line: string, preset?: string): Promise<Asked> {
  let err = "";
  let sources: Sources | undefined;
  const terminal = {
    out: () => {},
    err: (text: string) => {
      err += text;
    },
    ...{ isTty: false, columns: () => 100, nowMs: () => 0 },
  };
  // biome-ignore lint/correctness/useYield: it ends before there is anything to tell
  async function* reached(request: { config: { sources: Sources } }): AsyncGenerator<never, never, void> {
    sources = request.config.sources;
    throw new PtychoError("Interrupted", "reached");
  }
  const workflows = { train: reached, infer: reached, reconstruct: reached } as unknown as Workflows; // no other is reached
  const session = { terminal, workflows, signal: new AbortController().signal };
  const code = await runCommandLine(line.split(" "), session, { version: "0", debug: false, preset });
  return {
    code: sources === undefined ? code : 0,
    err: err.replace("ptychopinn: error: reached\n", ""),
    sources,
  };
}

/** The shortest legal command line of each surface. */
export const base: Record<Surface, string> = {
  train: "train --train_data_file scan.npz",
  infer: "infer --model_path model --test_data scan.npz",
  reconstruct: "reconstruct scan.npz",
};
