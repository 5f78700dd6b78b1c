// What is known of a run when it begins: what was asked, what it reads, on which machine and with which versions.
import { arch, availableParallelism, cpus, release } from "node:os";
import { runtimeVersion } from "../compute/runtime.js";
import type { Section } from "../config/field.js";
import type { ResolvedConfig } from "../config/resolve.js";
import type { Json } from "../core/json.js";
import { VERSION } from "../core/version.js";
import { describeInputs, type InputPaths, type RunInput } from "./run-inputs.js";

export type JsonRecord = { readonly [key: string]: Json };

export interface RunFacts {
  /** What was asked beside the configuration. */
  readonly request: JsonRecord;
  /** The resolved configuration, {section: {field: value}} as in a model archive; null for a command without. */
  readonly config: Readonly<Record<string, JsonRecord>> | null;
  /** Where each field has its value from. */
  readonly sources: Readonly<Record<string, { readonly source: string; readonly givenAs?: string }>> | null;
  /** Presets and profiles among the sources. */
  readonly bundles: readonly string[];
  readonly seeds: Readonly<Record<string, number | null>>;
  readonly inputs: readonly RunInput[];
  readonly versions: Readonly<Record<"ptychopinn" | "node" | "onnxruntime", string>>;
  readonly machine: {
    readonly platform: string;
    readonly cpu: string;
    readonly cores: number;
    /** Threads that one operator or engine may use unless the configuration says otherwise. */
    readonly threads: number;
  };
  /** Where it was computed. */
  readonly device: string;
}

/** A resolved configuration of any command. */
export type AnyConfig = Pick<ResolvedConfig, "surface" | "sources" | "warnings"> & {
  readonly config: { readonly [S in Section]: object };
};

/** What a workflow has to say of these. */
export interface FactsKnown {
  readonly config?: AnyConfig;
  readonly inputs: InputPaths;
  /** Where it is computed; "cpu" unless said. */
  readonly device?: string;
}

/** The facts of a run whose record stands in `folder`; takes the digests of its inputs. */
export async function factsOf(
  request: JsonRecord,
  { config, inputs, device = "cpu" }: FactsKnown,
  folder: string,
): Promise<RunFacts> {
  const sources = Object.entries(config?.sources ?? {});
  return {
    request,
    config: config === undefined ? null : (config.config as unknown as Record<string, JsonRecord>), // plain values
    sources:
      config === undefined
        ? null
        : Object.fromEntries(
            sources.map(([name, { source, givenAs }]) => [
              name,
              givenAs === undefined ? { source } : { source, givenAs },
            ]),
          ),
    bundles: [...new Set(sources.map(([, { source }]) => source))].filter((source) =>
      /^(preset|profile) /.test(source),
    ),
    seeds: { ...seedsIn(config?.config ?? {}), ...seedsIn(request) },
    inputs: await describeInputs(inputs, folder),
    versions: { ptychopinn: VERSION, node: process.versions.node, onnxruntime: runtimeVersion() },
    machine: {
      platform: `${process.platform} ${release()} ${arch()}`,
      cpu: cpus()[0]?.model ?? "unknown",
      cores: cpus().length,
      threads: availableParallelism(),
    },
    device,
  };
}

/** The values whose names end in "seed", however deep, by their names. */
function seedsIn(values: object): Record<string, number | null> {
  const seeds: Record<string, number | null> = {};
  for (const [name, value] of Object.entries(values)) {
    if (typeof value === "object" && value !== null) Object.assign(seeds, seedsIn(value));
    else if (name.endsWith("seed") && (value === null || typeof value === "number")) seeds[name] = value;
  }
  return seeds;
}
