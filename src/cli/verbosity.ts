// What is printed besides results: from the fields console_level and enable_progress_bar.
import type { FieldValue } from "../config/field.js";
import type { ExecutionConfig } from "../config/fields.js";
import type { ResolvedConfig } from "../config/resolve.js";
import type { Verbosity } from "./progress-line.js";
import { showWarnings } from "./show-warnings.js";
import { printable, type Terminal } from "./terminal.js";

type Level = ExecutionConfig["console_level"];

export type AnyConfig = ResolvedConfig<"train"> | ResolvedConfig<"infer"> | ResolvedConfig<"reconstruct">;

/** DEBUG and INFO print messages, WARNING only warnings, ERROR and CRITICAL nothing but the error that ends a run. */
export function verbosityOf(level: Level, progressBar: boolean): Verbosity {
  const messages = level === "DEBUG" || level === "INFO";
  return { messages, progress: progressBar && messages, warnings: messages || level === "WARNING" };
}

/** Prints what a resolved configuration has to say, and returns how its run is drawn. */
export function announce(resolved: AnyConfig, terminal: Terminal): Verbosity {
  const { console_level: level, enable_progress_bar: progressBar } = resolved.config.execution;
  const verbosity = verbosityOf(level, progressBar);
  if (verbosity.warnings) showWarnings(resolved.warnings, terminal);
  if (level === "DEBUG") terminal.err(`${settingsText(resolved).map(printable).join("\n")}\n`);
  return verbosity;
}

/** One line for every setting: section.name, value, source. */
export function settingsText({ config, sources }: AnyConfig): string[] {
  const rows: [string, string, string][] = Object.entries(config).flatMap(([section, values]) =>
    Object.entries<FieldValue>(values).map(([name, value]): [string, string, string] => {
      const sourced = sources[name as keyof typeof sources]; // sections hold the fields of sources
      return [`${section}.${name}`, value === null ? "none" : String(value), sourced?.source ?? ""];
    }),
  );
  const width = (column: 0 | 1) => Math.max(...rows.map((row) => row[column].length));
  const [names, values] = [width(0), Math.min(width(1), 40)];
  return rows.map(([name, value, source]) => `${name.padEnd(names)}  ${value.padEnd(values)}  ${source}`);
}
