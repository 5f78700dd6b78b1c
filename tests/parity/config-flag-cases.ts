// The flags of the original's four commands: each is known to our command line, or refused by name, never as a typing error.
import { buildProgram, runCommandLine } from "../../src/cli/run.js";
import { PtychoError } from "../../src/core/errors.js";
import type { Workflows } from "../../src/workflows/contract.js";
import type { CaseJson, CheckResult } from "./check.js";

/** The original's commands by their Python modules. */
const COMMANDS: Readonly<Record<string, string>> = {
  "ptycho_torch.train": "train --train_data_file scan.npz",
  "scripts/training/train.py": "train --train_data_file scan.npz",
  "ptycho_torch.inference": "infer --model_path model --test_data scan.npz",
  "scripts/inference/inference.py": "infer --model_path model --test_data scan.npz",
};

/** One comparison for the whole surface: the flags that are taken for typing errors, of which there must be none. */
export async function checkFlags(surface: string, flags: readonly CaseJson[]): Promise<CheckResult> {
  const base = COMMANDS[surface]?.split(" ");
  if (base === undefined) return { name: surface, passed: false, detail: "no command of ours stands for it" };
  const offered = offeredBy(base[0]);
  const wrong: string[] = [];
  for (const flag of flags) {
    const [name] = flag.flags;
    if (offered.has(name.replaceAll("_", "-"))) continue;
    const told = await errorOf([...base, name, ...givenTo(flag)]);
    if (/unknown option|too many arguments|argument missing/.test(told))
      wrong.push(`${name}: ${told.trim()}`);
  }
  const detail = wrong.join(" | ") || `${flags.length} known`;
  return { name: `flags of ${surface}`, passed: wrong.length === 0, detail };
}

function offeredBy(name: string): ReadonlySet<string> {
  const program = buildProgram(
    sessionTelling(() => {}),
    SETTING,
  );
  const command = program.commands.find((candidate) => candidate.name() === name);
  return new Set((command?.options ?? []).map(({ long }) => long ?? ""));
}

function givenTo(flag: CaseJson): string[] {
  if (flag.nargs === 0) return [];
  const value = flag.choices?.[0] ?? flag.default;
  return [value === null || value === undefined ? "1" : String(value)];
}

/** What the command line says up to the workflow, which is not run. */
async function errorOf(args: readonly string[]): Promise<string> {
  let told = "";
  const session = sessionTelling((text) => {
    told += text;
  });
  await runCommandLine([...args], session, { ...SETTING, debug: false });
  return told;
}

const SETTING = { version: "0", preset: undefined } as const;

function sessionTelling(err: (text: string) => void) {
  const terminal = { out: () => {}, err, isTty: false, columns: () => 100, nowMs: () => 0 };
  // biome-ignore lint/correctness/useYield: it ends before there is anything to tell
  async function* reached(): AsyncGenerator<never, never, void> {
    throw new PtychoError("Interrupted", "reached");
  }
  const workflows = { train: reached, infer: reached } as unknown as Workflows; // no other is reached
  return { terminal, workflows, signal: new AbortController().signal };
}
