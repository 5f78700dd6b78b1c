// ptychopinn inspect: what a scan file is, what is wrong with it, and what mends it.
import { Command, Option } from "commander";
import { PtychoError } from "../../core/errors.js";
import type { Json } from "../../core/json.js";
import type { InspectResult } from "../../workflows/contract.js";
import { choice, numberFrom } from "../option-value.js";
import { draw } from "../progress-line.js";
import { printable, type Session } from "../terminal.js";

const UNITS = ["auto", "amplitude", "intensity", "counts"] as const;
const AXIS_ORDERS = ["auto", "nhw", "hwn"] as const;

interface InspectOptions {
  readonly json?: boolean;
  readonly report?: string;
  readonly suggestMap?: string;
  readonly map?: string;
  readonly units: (typeof UNITS)[number];
  readonly axisOrder: (typeof AXIS_ORDERS)[number];
  readonly sweep: boolean;
  readonly threads?: number;
  readonly quiet?: boolean;
}

export function inspectCommand({ terminal, workflows, signal }: Session): Command {
  const command = new Command("inspect")
    .summary("describe and check a scan file")
    .description(
      "describe a scan file, say what is wrong with it and which command mends it; exits with 3 where it cannot be used as it\n" +
        "is, for example: ptychopinn inspect scan.npz --report report.html",
    )
    .argument("<file>", "scan file of any format")
    .addOption(new Option("--json", "print JSON"))
    .addOption(new Option("--report <path>", "write a report, one HTML page that needs nothing else"))
    .addOption(
      new Option("--suggest-map <path>", "write a mapping file for an HDF5 file whose layout is not known"),
    )
    .addOption(
      new Option("--map <path>", "mapping file that says where in an HDF5 file the parts of the scan are"),
    )
    .addOption(choice("--units", "what the patterns are", UNITS))
    .addOption(choice("--axis-order", "axes of the patterns", AXIS_ORDERS))
    .addOption(
      new Option("--no-sweep", "leave out the short reconstructions that tell swapped and mirrored axes"),
    )
    .addOption(
      new Option(
        "--threads <count>",
        "threads of these; default: the cores of this machine, 8 at most",
      ).argParser(numberFrom("--threads", 1, 256, true)),
    )
    .addOption(new Option("--quiet", "print results, warnings and errors only"));
  command.action(async (file: string) => {
    const { json, report, suggestMap, map, units, axisOrder, sweep, threads, quiet } =
      command.opts<InspectOptions>();
    const request = {
      ...{ file, sweep, signal },
      ...(threads === undefined ? {} : { threads }),
      ...(map === undefined ? {} : { mapFile: map }),
      ...(units === "auto" ? {} : { units: units === "amplitude" ? units : ("counts" as const) }),
      ...(axisOrder === "auto"
        ? {}
        : { axisOrder: axisOrder === "nhw" ? ("NHW" as const) : ("HWN" as const) }),
      ...(report === undefined ? {} : { reportFile: report }),
      ...(suggestMap === undefined ? {} : { suggestedMapFile: suggestMap }),
    };
    const loud = quiet !== true;
    const result = await draw(workflows.inspect(request), terminal, { messages: loud, progress: loud });
    terminal.out(json === true ? `${JSON.stringify(result, null, 2)}\n` : inspectionText(result));
    const errors = result.findings.filter(({ severity }) => severity === "error");
    if (errors.length > 0)
      throw new PtychoError(
        "DataError",
        `${file}: cannot be used as it is: ${errors.map(({ id }) => id).join(", ")}; the findings say what to do`,
      );
  });
  return command;
}

/** The findings last, where the eye is when the text has scrolled by; above them the facts, subject by subject. */
function inspectionText({ description, findings }: InspectResult): string {
  const facts = Object.entries(description).flatMap(([subject, value]) => [
    inWords(subject),
    ...factLines("", value),
  ]);
  const said = findings.flatMap(({ id, severity, sentence, repair }) => [
    `${severity.toUpperCase()} ${id}: ${sentence}`,
    ...(repair === undefined ? [] : [`  ${repair}`]),
  ]);
  const lines = [...facts, "", ...(said.length === 0 ? ["✓ no findings"] : said)];
  return `${lines.map(printable).join("\n")}\n`;
}

const COLUMN = 24;

/** Lines of a fact: its name, and beside it what is known; a list goes on below. */
function factLines(name: string, value: Json): string[] {
  if (isList(value))
    return value.flatMap((item, i) =>
      isRecord(item) && Object.keys(item).length <= 3
        ? [line(i === 0 ? name : "", Object.values(item).map(textOf).join("  "))]
        : factLines(`${name} ${i + 1}`.trim(), item),
    );
  if (isRecord(value))
    return Object.entries(value).flatMap(([key, item]) => factLines(`${name} ${key}`.trim(), item));
  return [line(name, textOf(value))];
}

const line = (name: string, text: string): string => `  ${inWords(name).padEnd(COLUMN)} ${text}`;

const inWords = (name: string): string => name.replaceAll("_", " ");

function isRecord(value: Json): value is { readonly [key: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A list of more than plain values. */
function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value) && value.some((item) => typeof item === "object" && item !== null);
}

function textOf(value: Json): string {
  if (Array.isArray(value)) return value.length === 0 ? "one value" : value.map(textOf).join(" x ");
  if (typeof value === "number")
    return String(Number.isInteger(value) ? value : Number(value.toPrecision(6)));
  if (typeof value === "boolean") return value ? "yes" : "no";
  return value === null ? "not known" : String(value);
}
