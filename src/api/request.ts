// What a caller of the library asks for -> a resolved configuration, under the rules of the command line.
import type { Surface } from "../config/field.js";
import type { FieldName, Values } from "../config/fields.js";
import { type ConfigRequest, type ResolvedConfig, resolveConfig } from "../config/resolve.js";
import { switches } from "../config/switches.js";
import { check, nearestName, PtychoError } from "../core/errors.js";
import type { RawData } from "../data/raw-data.js";
import { IN_MEMORY, type Work } from "../workflows/contract.js";

/** Fields that a request names in words of its own. */
type OwnFields = "train_data_file" | "test_data_file" | "output_dir" | "model_path";

/** Fields that speak of the command line and mean nothing to a program, with what it has instead. */
const TERMINAL = {
  enable_progress_bar: "the library prints nothing: iterate the run for its progress",
  console_level: "the library prints nothing: iterate the run for its messages and warnings",
  do_stitching: "call runWhole(), which trains, infers and stitches",
} as const;

/** Settings by field name, as `ptychopinn train --help` lists them; what is left out has its default. */
export type Settings<S extends Surface> = Partial<Omit<Values<S>, OwnFields | keyof typeof TERMINAL>>;

/** A scan file, or the scan itself. */
export type ScanSource = string | RawData;

/** What every request may bring. */
export interface CommonRequest<S extends Surface> {
  /** Folder for the results; made where it is missing. */
  readonly outputDir: string;
  readonly settings?: Settings<S>;
  /** Stops the work: the step is finished, what there is to save is saved. */
  readonly signal?: AbortSignal;
}

/** Values of `own` come from members of the request of these names. */
export interface OwnValues {
  readonly [member: string]: readonly [field: FieldName, value: string];
}

/**
 * The configuration of a request: its own members and, beside them, the settings, none of which may say the same.
 *
 * @throws PtychoError UsageError as `resolveConfig`, and for a setting that is a member of the request.
 */
export function configOf<S extends Surface>(
  surface: S,
  own: OwnValues,
  settings: Readonly<Record<string, unknown>> | undefined,
  bundles: Pick<ConfigRequest, "preset" | "profile"> = {},
): ResolvedConfig<S> {
  const source = `${surface}()`;
  const values = Object.fromEntries(Object.values(own));
  const config = resolveConfig(surface, {
    ...bundles,
    layers: [
      { source, values },
      { source: "settings", values: settings ?? {} },
    ],
  });
  for (const [member, [field]] of Object.entries(own)) {
    const given = config.sources[field];
    check(
      given?.source === source,
      "UsageError",
      () => `${source}: settings.${given?.givenAs}: give this as '${member}' of the request`,
    );
  }
  for (const [field, instead] of Object.entries(TERMINAL)) {
    const given = config.sources[field as FieldName]?.givenAs; // keys of the table are field names
    const alsoSets = Object.keys(switches[given ?? ""]?.sets ?? {}).some((name) => !(name in TERMINAL));
    check(
      given === undefined || alsoSets,
      "UsageError",
      () => `${source}: settings.${given}: ${instead}; leave it out`,
    );
  }
  return config;
}

/** Says what the user should know of a configuration before the work begins. */
export async function* configWarnings({ warnings }: Pick<ResolvedConfig, "warnings">): Work<void> {
  for (const text of warnings) yield { kind: "warning", text };
}

/**
 * The path for the configuration, and the scan where it is in memory.
 *
 * @throws PtychoError UsageError for something that is neither a path nor a scan.
 */
export function scanOf(
  where: string,
  source: ScanSource,
): { readonly path: string; readonly scan: RawData | undefined } {
  if (typeof source === "string") return { path: source, scan: undefined };
  check(
    typeof source === "object" && source !== null && "diffraction" in source && "probe" in source,
    "UsageError",
    () =>
      `${where}: expected the path of a scan file, or a scan made by rawDataFromArrays or readScan (its 'raw'), got ` +
      (source === undefined ? "nothing" : typeof source),
  );
  return { path: IN_MEMORY, scan: source };
}

/** Arrays in memory have their axes in the one order there is. @throws PtychoError UsageError */
export function refuseAxisOrder({ sources }: Pick<ResolvedConfig, "sources">): void {
  const given = sources.axis_order?.givenAs;
  check(
    given === undefined,
    "UsageError",
    () => `settings.${given}: a scan in memory is [n, N, N] already; leave it out`,
  );
}

/** Refuses a member that no request of this kind has. @throws PtychoError UsageError with the nearest known name. */
export function expectMembers(where: string, request: object, known: readonly string[]): void {
  for (const [name, value] of Object.entries(request)) {
    if (known.includes(name) || value === undefined) continue;
    const near = nearestName(name, known);
    const hint = near === undefined ? `it takes ${known.join(", ")}` : `did you mean '${near}'?`;
    const setting = known.includes("settings") ? "; a field of the configuration goes into 'settings'" : "";
    throw new PtychoError("UsageError", `${where}: unknown member '${name}'; ${hint}${setting}`);
  }
}

/** @throws PtychoError UsageError where a path is missing or no text. */
export function expectPath(where: string, path: unknown): void {
  check(
    typeof path === "string" && path !== "",
    "UsageError",
    () => `${where}: expected a path, got ${path === undefined ? "nothing" : JSON.stringify(path)}`,
  );
}
