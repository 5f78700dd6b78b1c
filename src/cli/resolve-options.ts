// Command line + configuration file -> a resolved configuration.
import type { Command } from "commander";
import type { FileLayer } from "../config/config-file.js";
import type { Surface } from "../config/field.js";
import { LEGACY_FLAGS, notBuilt } from "../config/not-built.js";
import { type ConfigRequest, type ResolvedConfig, resolveConfig } from "../config/resolve.js";
import { PtychoError } from "../core/errors.js";
import { attributeOf, explicitLayer, underscored } from "./config-options.js";

interface Bundles {
  readonly preset?: string;
  readonly profile?: string;
  readonly config?: string;
}

/**
 * What `command` was asked for: its options, above the file that --config names, above the preset.
 *
 * @param more a preset unless another one is given, and whether fields that must be given may stay open.
 * @throws PtychoError as resolveConfig; UsageError for the original's legacy flags; ResourceError for an unreadable file.
 */
export async function resolveOptions<S extends Surface>(
  command: Command,
  surface: S,
  more: Pick<ConfigRequest, "preset" | "open"> = {},
): Promise<ResolvedConfig<S>> {
  refuseLegacy(command);
  const { preset, profile, config } = command.opts<Bundles>();
  const file = config === undefined ? undefined : await readFile(config);
  return resolveConfig(surface, {
    preset: preset ?? file?.preset ?? more.preset,
    profile: profile ?? file?.profile,
    layers: [...(file === undefined ? [] : [file.layer]), explicitLayer(command, surface)],
    open: more.open,
  });
}

async function readFile(path: string): Promise<FileLayer> {
  const { readConfigFile } = await import("../workflows/read-config-file.js");
  return readConfigFile(path);
}

function refuseLegacy(command: Command): void {
  const legacy = LEGACY_FLAGS.filter((name) => command.getOptionValue(attributeOf(name)) !== undefined);
  if (legacy.length === 0) return;
  const others = command.options.flatMap((option) => {
    const given = command.getOptionValueSource(option.attributeName()) === "cli";
    const isLegacy = [...legacy, "config"].some((name) => attributeOf(name) === option.attributeName());
    return given && !isLegacy ? [underscored(option.long ?? "")] : [];
  });
  const flags = legacy.map((name) => `--${name}`).join(", ");
  const why = notBuilt(legacy[0]);
  throw new PtychoError(
    "UsageError",
    others.length === 0
      ? `${flags}: ${why}`
      : `Cannot mix legacy ${flags} and new CLI flags (${others.slice(0, 3).join(", ")}): ${why}`,
  );
}
