// The values of a configuration file as a layer below the command line. Reads no file: src/formats does.
import { nearestName, PtychoError } from "../core/errors.js";
import { SECTIONS } from "./field.js";
import type { Layer } from "./layer.js";

/** One value of a file, as src/formats/config-text.ts gives it. */
export interface FileValue {
  /** Names from the outermost section to the value. */
  readonly path: readonly string[];
  readonly value: unknown;
  /** Line of the name, from 1, where it is known. */
  readonly line: number | undefined;
}

export interface FileLayer {
  readonly preset: string | undefined;
  readonly profile: string | undefined;
  readonly layer: Layer;
}

/** Headings under which names may stand; they say nothing about the names. The second row is the original's. */
export const HEADINGS: readonly string[] = [
  ...SECTIONS,
  ...["data_config", "model_config", "training_config", "inference_config", "execution_config"],
];

/**
 * @param source names the file in messages and in the audit.
 * @throws PtychoError UsageError for an unknown section, sections in sections, and a name that is given twice.
 */
export function fileLayer(values: readonly FileValue[], source: string): FileLayer {
  const bundles: { preset?: string; profile?: string } = {};
  const given = new Map<string, unknown>();
  const lines = new Map<string, number>();
  for (const { path, value, line } of values) {
    const where = line === undefined ? source : `${source}, line ${line}`;
    const name = path[path.length - 1];
    if (path.length > 2 || (path.length === 2 && !HEADINGS.includes(path[0])))
      throw refuseSection(where, path.slice(0, -1));
    if (given.has(name) || Object.hasOwn(bundles, name))
      throw new PtychoError("UsageError", `${where}: '${name}' is given twice; keep one of them`);
    if (path.length === 1 && (name === "preset" || name === "profile")) {
      if (typeof value !== "string")
        throw new PtychoError(
          "UsageError",
          `${where}: ${name}: expected its name, got ${JSON.stringify(value)}`,
        );
      bundles[name] = value;
      continue;
    }
    given.set(name, value);
    if (line !== undefined) lines.set(name, line);
  }
  const { preset, profile } = bundles;
  return { preset, profile, layer: { source, values: Object.fromEntries(given), lines } };
}

function refuseSection(where: string, sections: readonly string[]): PtychoError {
  if (sections.length > 1)
    return new PtychoError("UsageError", `${where}: sections do not nest, found ${sections.join(".")}`);
  const near = nearestName(sections[0], HEADINGS);
  const hint = near === undefined ? `known sections: ${SECTIONS.join(", ")}` : `did you mean '${near}'?`;
  return new PtychoError("UsageError", `${where}: unknown section '${sections[0]}'; ${hint}`);
}
