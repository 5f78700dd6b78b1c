// A configuration file on disk -> a layer of settings.
import { type FileLayer, fileLayer } from "../config/config-file.js";
import {
  type ConfigLeaf,
  configFormatOf,
  MAX_CONFIG_BYTES,
  parseConfigText,
} from "../formats/config-text.js";
import { readRegularFile } from "../formats/files.js";
import { printable } from "../formats/printable.js";

/** The settings of a YAML, JSON or TOML file. @throws PtychoError UsageError, ResourceError; see parseConfigText, fileLayer. */
export function readConfigFile(path: string): FileLayer {
  return fileLayer(readConfigValues(path), named(path));
}

/** All values of a YAML, JSON or TOML file by their path, whatever they mean. */
export function readConfigValues(path: string): readonly ConfigLeaf[] {
  const format = configFormatOf(path);
  return parseConfigText(readRegularFile(path, { maxBytes: MAX_CONFIG_BYTES }), format, named(path));
}

/** Quoted only where it needs to be: the name also stands in the audit of a configuration. */
function named(path: string): string {
  return /^[\w./~ -]+$/.test(path) ? path : printable(path);
}
