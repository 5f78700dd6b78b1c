// argv -> a command that runs -> an exit code. Knows the terminal only through the session, so that tests can run it.
import { Command, CommanderError, Option } from "commander";
import { notBuilt } from "../config/not-built.js";
import { exitCodeOf, isPtychoError, nearestName, PtychoError } from "../core/errors.js";
import { adaptCommand } from "./commands/adapt.js";
import { compareCommand } from "./commands/compare.js";
import { completionCommand } from "./commands/completion.js";
import { configCommand } from "./commands/config.js";
import { demoCommand } from "./commands/demo.js";
import { diffCommand } from "./commands/diff.js";
import { evaluateCommand } from "./commands/evaluate.js";
import { fixtureCommand } from "./commands/fixture.js";
import { inferCommand } from "./commands/infer.js";
import { inspectCommand } from "./commands/inspect.js";
import { prepareCommand } from "./commands/prepare.js";
import { reconstructCommand } from "./commands/reconstruct.js";
import { replayCommand } from "./commands/replay.js";
import { simulateCommand } from "./commands/simulate.js";
import { trainCommand } from "./commands/train.js";
import { longFlags, refuseOptionAsValue, underscored } from "./config-options.js";
import { helpLayout } from "./help-layout.js";
import { dashSpelling } from "./spelling.js";
import { printable, type Session } from "./terminal.js";

const FOOTER = `
Dashes and underscores in names are the same. An option that switches something
takes no value; --no_NAME switches it off.
Exit codes: 0 done, 2 usage, 3 input data, 4 disk or memory, 5 model archive,
6 compute engine, 130 interrupted, 1 a bug.
`;

interface Setting {
  readonly version: string;
  readonly preset?: string | undefined;
}

/**
 * Runs the command line `args` (without node and script) and returns the exit code.
 *
 * @param version printed by --version.
 * @param debug add the stack to the report of an error.
 * @param preset what train starts from unless another preset is asked for.
 */
export async function runCommandLine(
  args: readonly string[],
  session: Session,
  { version, debug, preset }: Setting & { readonly debug: boolean },
): Promise<number> {
  const { terminal } = session;
  try {
    await buildProgram(session, { version, preset }).parseAsync(dashSpelling(args), { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0; // --help, --version
    const known = error instanceof CommanderError ? new PtychoError("UsageError", error.message) : error;
    terminal.err(report(known));
    if (debug && error instanceof Error) terminal.err(`${error.stack}\n`);
    return exitCodeOf(known);
  }
}

/** Every command with its options. */
export function buildProgram(session: Session, { version, preset }: Setting): Command {
  const { terminal } = session;
  const program = new Command("ptychopinn")
    .description("Ptychography with neural networks that know the physics: from a scan file to a picture.")
    .version(version, "--version", "print the version")
    .helpOption("-h, --help", "print this help");
  const commands = [
    ...[simulateCommand(session), trainCommand(session, preset), inferCommand(session)],
    ...[adaptCommand(session), reconstructCommand(session)],
    ...[evaluateCommand(session), compareCommand(session), demoCommand(session)],
    ...[inspectCommand(session), prepareCommand(session), fixtureCommand(session)],
  ];
  commands.push(replayCommand(session), diffCommand(session));
  commands.push(
    configCommand(session),
    completionCommand(session, () => program),
  );
  for (const command of commands) program.addCommand(command);
  for (const command of [program, ...commands, ...commands.flatMap(({ commands: inner }) => inner)]) {
    command
      .exitOverride((error) => {
        throw translated(error, command, commands);
      })
      .configureHelp(helpLayout)
      .configureOutput({
        ...{ writeOut: terminal.out, writeErr: () => {}, outputError: () => {} },
        getOutHelpWidth: () => Math.max(60, Math.min(terminal.columns(), 120)),
      })
      .addHelpText("after", FOOTER);
    if (command !== program) {
      command.addHelpOption(new Option("-h, --help", "print this help").helpGroup("General:"));
      command.allowExcessArguments(false);
      command.hook("preAction", () => refuseOptionAsValue(command, longFlags(command)));
    }
  }
  program.action(() => {
    const names = commands.map((command) => command.name());
    const [word] = program.args;
    const near = word === undefined ? undefined : likelyName(word, names);
    const hint = near === undefined ? `commands: ${names.join(", ")}` : `did you mean '${near}'?`;
    const found = word === undefined ? "no command given" : `unknown command '${word}'`;
    throw new PtychoError("UsageError", `${found}; ${hint}; 'ptychopinn --help' explains them`);
  });
  return program.allowExcessArguments(true);
}

/** Commander's refusal in one sentence of ours; help and version pass through. */
function translated(error: CommanderError, command: Command, commands: readonly Command[]): Error {
  if (error.exitCode === 0) return error;
  const quoted = /'([^']+)'/.exec(error.message)?.[1];
  const where = command.parent === null ? "ptychopinn" : nameOf(command);
  const usage = (text: string) => new PtychoError("UsageError", text);
  if (error.code === "commander.unknownOption" && quoted !== undefined) {
    const flag = underscored(quoted);
    const known = notBuilt(flag.slice(2));
    if (known !== undefined) return usage(`${where}: ${flag}: ${known}`);
    const elsewhere = commands.find((other) => other !== command && longFlags(other).has(quoted));
    const near = likelyName(quoted, [...longFlags(command), "--help"]);
    const hint =
      elsewhere !== undefined && command.parent !== null
        ? `; it belongs to ${elsewhere.name()}`
        : near === undefined
          ? `; '${command.parent === null ? "" : "ptychopinn "}${where} --help' lists the options`
          : `; did you mean ${underscored(near)}?`;
    return usage(`${where}: unknown option ${flag}${hint}`);
  }
  if (error.code === "commander.optionMissingArgument" && quoted !== undefined)
    return usage(`${where}: ${underscored(quoted)} needs a value`);
  if (error.code === "commander.missingArgument" && quoted !== undefined)
    return usage(
      `${where}: the argument ${quoted.toUpperCase()} is missing; 'ptychopinn ${where} --help' shows the usage`,
    );
  if (error.code === "commander.excessArguments") {
    refuseOptionAsValue(command, longFlags(command)); // the likelier cause: an option without its value
    const extra = command.args.map((arg) => `'${arg}'`).join(", ");
    const option = SCAN_OPTIONS[command.name()];
    const remedy =
      option !== undefined && command.args.length === 1
        ? `give the scan as ${option} ${command.args[0]}`
        : "options begin with --, as in --output_dir, and each takes one value";
    return usage(`${where}: unexpected argument among ${extra}; ${remedy}`);
  }
  return usage(`${where}: ${error.message.replace(/^error: /, "").split("\n")[0]}`);
}

/** Commands that take their scan as an option. */
const SCAN_OPTIONS: Readonly<Record<string, string>> = { train: "--train_data_file", infer: "--test_data" };

/** The known name that begins with `name`, where there is one alone, or the nearest. */
function likelyName(name: string, known: readonly string[]): string | undefined {
  const longer = name.length < 3 ? [] : known.filter((candidate) => candidate.startsWith(name));
  return longer.length === 1 ? longer[0] : nearestName(name, known);
}

/** "train", "config explain". */
function nameOf(command: Command): string {
  const outer = command.parent;
  return outer?.parent == null ? command.name() : `${nameOf(outer)} ${command.name()}`;
}

function report(error: unknown): string {
  if (isPtychoError(error)) return `ptychopinn: error: ${printable(oneLine(error.message))}\n`;
  const message = error instanceof Error ? error.message : String(error);
  return `ptychopinn: error: this is a bug, sorry: ${printable(oneLine(message))}; please report it with the command that you ran (PTYCHOPINN_DEBUG=1 adds details)\n`;
}

function oneLine(text: string): string {
  return text.replaceAll(/\s*\n\s*/g, " ");
}
