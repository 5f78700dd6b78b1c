// Finding golden cases and running one: its JSON, its arrays, its check.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { openNpz } from "../../src/formats/npz.js";
import type { CaseArray, CaseJson, CheckResult } from "./check.js";
import { caseChecks, otherCapabilities } from "./registry.js";

const SETS = ["torch", "data"];

export interface GoldenCase {
  readonly name: string;
  readonly kind: string;
  /** Of its JSON file. */
  readonly path: string;
}

/** The nearest folder above this file that holds a package.json: sources and compiled files lie at different depths. */
export const repositoryRoot: string = (() => {
  let folder = import.meta.dirname;
  while (!existsSync(join(folder, "package.json"))) {
    const above = dirname(folder);
    if (above === folder) throw new Error(`no package.json above ${import.meta.dirname}`);
    folder = above;
  }
  return folder;
})();

/** The cases that are committed with the sources. */
export const subsetFolder: string = join(repositoryRoot, "tests", "golden-subset");

/** PTYCHOPINN_GOLDEN, else ../shared/golden beside the repository, else the committed subset. */
export function goldenFolder(): string {
  const asked = process.env.PTYCHOPINN_GOLDEN;
  if (asked !== undefined && asked !== "") return asked;
  const shared = join(repositoryRoot, "..", "shared", "golden");
  return existsSync(shared) ? shared : subsetFolder;
}

/** Every case in torch/ and data/ of `folder`, in the order of the names. */
export function listCases(folder: string): GoldenCase[] {
  return SETS.map((set) => join(folder, set))
    .filter((set) => existsSync(set))
    .flatMap((set) =>
      readdirSync(set)
        .filter((file) => file.endsWith(".json"))
        .sort()
        .map((file) => ({
          name: basename(file, ".json"),
          kind: kindOf(join(set, file)),
          path: join(set, file),
        })),
    );
}

/** Why a case has no check, in words; undefined when it has one. */
export function skipReason({ kind }: GoldenCase): string | undefined {
  if (Object.hasOwn(caseChecks, kind)) return undefined;
  if (Object.hasOwn(otherCapabilities, kind))
    return `belongs to another capability: ${otherCapabilities[kind]}`;
  return `unknown kind '${kind}'`;
}

/** All comparisons of a case; an error of its check is a failed one. */
export async function runGoldenCase({ kind, path }: GoldenCase): Promise<CheckResult[]> {
  try {
    const results = await caseChecks[kind](readJson(path), readArrays(path), dirname(path));
    return results.length > 0 ? results : [{ name: kind, passed: false, detail: "nothing was compared" }];
  } catch (error) {
    const detail = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    return [{ name: "error", passed: false, detail }];
  }
}

function readArrays(path: string): Record<string, CaseArray> {
  const archive = path.replace(/\.json$/, ".npz");
  if (!existsSync(archive)) return {};
  const npz = openNpz(archive);
  return Object.fromEntries(npz.names.map((name) => [name, npz.read(name) as CaseArray]));
}

function kindOf(path: string): string {
  const { kind } = readJson(path);
  return typeof kind === "string" ? kind : "none";
}

function readJson(path: string): CaseJson {
  return JSON.parse(readFileSync(path, "utf8"));
}
