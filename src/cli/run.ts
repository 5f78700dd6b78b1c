// argv -> a command that runs -> an exit code. Knows the terminal only through the session, so that tests can run it.
import { Command, CommanderError } from "commander";
import { notBuilt } from "../config/not-built.js";
import { exitCodeOf, isPtychoError, nearestName, PtychoError } from "../core/errors.js";
import { adaptCommand } from "./commands/adapt.js";
import { demoCommand } from "./commands/demo.js";
import { evaluateCommand } from "./commands/evaluate.js";
import { inferCommand } from "./commands/infer.js";
import { reconstructCommand } from "./commands/reconstruct.js";
import { simulateCommand } from "./commands/simulate.js";
import { trainCommand } from "./commands/train.js";
import { longFlags, refuseOptionAsValue } from "./config-options.js";
import { printable, type Session } from "./terminal.js";

const FOOTER = `
Options may be written with dashes or underscores: --train_data_file, --train-data-file.
Exit codes: 0 done, 2 usage, 3 input data, 4 disk or memory, 5 model archive, 6 compute engine, 130 interrupted, 1 a bug.
`;

/**
 * Runs the command line `args` (without node and script) and returns the exit code.
 *
 * @param version printed by --version.
 * @param debug add the stack to the report of an error.
 */
export async function runCommandLine(
  args: readonly string[],
  session: Session,
  { version, debug }: { readonly version: string; readonly debug: boolean },
): Promise<number> {
  const { terminal } = session;
  try {
    await buildProgram(session, version).parseAsync(dashSpelling(args), { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0; // --help, --version
    const known = error instanceof CommanderError ? new PtychoError("UsageError", error.message) : error;
    terminal.err(report(known));
    if (debug && error instanceof Error) terminal.err(`${error.stack}\n`);
    return exitCodeOf(known);
  }
}

function buildProgram(session: Session, version: string): Command {
  const { terminal } = session;
  const program = new Command("ptychopinn")
    .description("Ptychography with neural networks that know the physics: from a scan file to a picture.")
    .version(version, "--version", "print the version")
    .helpOption("-h, --help", "print this help");
  const commands = [
    ...[simulateCommand(session), trainCommand(session), inferCommand(session)],
    ...[adaptCommand(session), reconstructCommand(session)],
    ...[evaluateCommand(session), demoCommand(session)],
  ];
  for (const command of commands) program.addCommand(command);
  for (const command of [program, ...commands]) {
    command
      .exitOverride((error) => {
        throw translated(error, command, commands);
      })
      .configureOutput({ writeOut: terminal.out, writeErr: () => {}, outputError: () => {} })
      .addHelpText("after", FOOTER);
    if (command !== program) {
      command.helpOption("-h, --help", "print this help").allowExcessArguments(false);
      command.hook("preAction", () => refuseOptionAsValue(command, longFlags(command)));
    }
  }
  program.action(() => {
    const names = commands.map((command) => command.name());
    const [word] = program.args;
    const near = word === undefined ? undefined : nearestName(word, names);
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
  const where = command.parent === null ? "ptychopinn" : command.name();
  const usage = (text: string) => new PtychoError("UsageError", text);
  if (error.code === "commander.unknownOption" && quoted !== undefined) {
    const known = notBuilt(quoted.slice(2).replaceAll("-", "_"));
    if (known !== undefined) return usage(`${where}: ${quoted}: ${known}`);
    const elsewhere = commands.find((other) => other !== command && longFlags(other).has(quoted));
    const near = nearestName(quoted, [...longFlags(command), "--help"]);
    const hint =
      elsewhere !== undefined && command.parent !== null
        ? `; it belongs to ${elsewhere.name()}`
        : near === undefined
          ? `; '${command.parent === null ? "" : "ptychopinn "}${where} --help' lists the options`
          : `; did you mean ${near}?`;
    return usage(`${where}: unknown option ${quoted}${hint}`);
  }
  if (error.code === "commander.optionMissingArgument" && quoted !== undefined)
    return usage(`${where}: ${quoted} needs a value`);
  if (error.code === "commander.missingArgument" && quoted !== undefined)
    return usage(
      `${where}: the argument ${quoted.toUpperCase()} is missing; 'ptychopinn ${where} --help' shows the usage`,
    );
  if (error.code === "commander.excessArguments") {
    refuseOptionAsValue(command, longFlags(command)); // the likelier cause: an option without its value
    const extra = command.args.map((arg) => `'${arg}'`).join(", ");
    return usage(`${where}: unexpected argument among ${extra}; options begin with --, as in --output_dir`);
  }
  return usage(`${where}: ${error.message.replace(/^error: /, "").split("\n")[0]}`);
}

/** `--max_epochs=2` -> `--max-epochs=2`: the name of an option, never its value. Ends at `--`. */
function dashSpelling(args: readonly string[]): string[] {
  const end = args.indexOf("--");
  return args.map((arg, index) => {
    if (!arg.startsWith("--") || (end >= 0 && index >= end)) return arg;
    const [name] = arg.split("=", 1);
    const dashed = name.replaceAll("_", "-");
    return dashed + arg.slice(name.length);
  });
}

function report(error: unknown): string {
  if (isPtychoError(error)) return `ptychopinn: error: ${printable(oneLine(error.message))}\n`;
  const message = error instanceof Error ? error.message : String(error);
  return `ptychopinn: error: this is a bug, sorry: ${printable(oneLine(message))}; please report it with the command that you ran (PTYCHOPINN_DEBUG=1 adds details)\n`;
}

function oneLine(text: string): string {
  return text.replaceAll(/\s*\n\s*/g, " ");
}
