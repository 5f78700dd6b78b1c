// Two configuration files, or the run.json of two runs -> the settings in which they differ.
import { statSync } from "node:fs";
import { HEADINGS } from "../config/config-file.js";
import { PtychoError } from "../core/errors.js";
import { readRegularFile } from "../formats/files.js";
import { printable } from "../formats/printable.js";
import { readConfigValues } from "./read-config-file.js";
import { readRunRecord } from "./read-run-record.js";
import { RUN_FORMAT } from "./run-record.js";

export interface Difference {
  readonly name: string;
  /** The value in each file; undefined where it is not given. */
  readonly values: readonly [unknown, unknown];
}

/**
 * Settings compared by name, whatever section they stand in; the order is that of the first file. The record of a run
 * (run.json, or a folder that holds it) is compared by the configuration in it.
 *
 * @throws PtychoError as readConfigValues.
 */
export function compareConfigFiles(first: string, second: string): readonly Difference[] {
  const [before, after] = [settingsIn(first), settingsIn(second)];
  const names = new Set([...before.keys(), ...after.keys()]);
  return [...names].flatMap((name) => {
    const values = [before.get(name), after.get(name)] as const;
    return JSON.stringify(values[0]) === JSON.stringify(values[1]) ? [] : [{ name, values }];
  });
}

function settingsIn(path: string): ReadonlyMap<string, unknown> {
  const settings = new Map<string, unknown>();
  if (isRunRecord(path)) {
    for (const section of Object.values(readRunRecord(path).record.config ?? {}))
      for (const [name, value] of Object.entries(section)) settings.set(name, value);
    return settings;
  }
  for (const { path: names, value } of readConfigValues(path)) {
    if (names.length > 2 || (names.length === 2 && !HEADINGS.includes(names[0])))
      throw new PtychoError(
        "UsageError",
        `${printable(path)}: ${printable(names.join("."))} is no setting; give configuration files or the run.json of runs`,
      );
    settings.set(names[names.length - 1], value);
  }
  return settings;
}

function isRunRecord(path: string): boolean {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) return true;
  if (!path.toLowerCase().endsWith(".json")) return false;
  try {
    return JSON.parse(readRegularFile(path).toString("utf8")).format === RUN_FORMAT;
  } catch {
    return false; // whoever reads it as a configuration says what is wrong with it
  }
}
