// What a program may ask of a simulation. The command line checks its options by their own names before.
import { check, nearestName, PtychoError } from "../core/errors.js";
import { OBJECT_KINDS, PROBE_KINDS, SCAN_KINDS } from "../simulation/kinds.js";
import type { SimulateRequest } from "./contract.js";

type Range = readonly [min: number, max: number, whole?: "whole"];
type Rule = Range | readonly string[] | "boolean" | "path" | "doses" | "signal";

/** Total over the request, so that a member without a rule does not compile. */
const RULES: { readonly [M in keyof Required<SimulateRequest>]: Rule } = {
  outputFile: "path",
  object: OBJECT_KINDS,
  phase: "boolean",
  probe: PROBE_KINDS,
  scan: SCAN_KINDS,
  N: [2, 2048, "whole"],
  patterns: [1, 1e6, "whole"],
  objectSizePx: [1, 16384, "whole"],
  photons: [1, 1e15],
  probeModes: [1, 10, "whole"],
  positionErrorPx: [0, 100],
  badPixelFraction: [0, 0.25],
  objectFile: "path",
  probeFile: "path",
  scanFile: "path",
  probeRadiusPx: [0.5, 8192],
  scanJitter: [0, 0.5],
  noise: ["poisson", "none"],
  readoutNoise: [0, 1e6],
  saturation: [1, 1e15],
  beamStopPx: [0, 1024],
  doseLadder: "doses",
  seed: [0, 2 ** 32 - 1, "whole"],
  signal: "signal",
};

/** Members that every simulation needs. */
const NEEDED: readonly (keyof SimulateRequest)[] = [
  ...([
    "outputFile",
    "object",
    "phase",
    "probe",
    "scan",
    "N",
    "patterns",
    "objectSizePx",
    "photons",
  ] as const),
  "seed",
];

/** @throws PtychoError UsageError for a missing or unknown member, and for a value that cannot be simulated. */
export function checkSimulateRequest(request: SimulateRequest): void {
  const given = Object.entries(request).filter(([, value]) => value !== undefined);
  const names = given.map(([name]) => name);
  for (const name of NEEDED)
    check(
      names.includes(name),
      "UsageError",
      () => `simulate: ${name} is missing; expected ${inWords(RULES[name])}`,
    );
  for (const [name, value] of given) {
    if (!Object.hasOwn(RULES, name)) throw unknownMember(name);
    const rule = RULES[name as keyof SimulateRequest]; // just checked
    check(
      holds(rule, value),
      "UsageError",
      () => `simulate: ${name}: expected ${inWords(rule)}, got ${JSON.stringify(value)}`,
    );
  }
  check(
    request.scanJitter === undefined || request.scan === "raster",
    "UsageError",
    () => `simulate: scanJitter belongs to the scan 'raster', not to '${request.scan}'; leave it out`,
  );
}

function unknownMember(name: string): PtychoError {
  const known = Object.keys(RULES);
  const near = nearestName(name, known);
  const hint = near === undefined ? `it takes ${known.join(", ")}` : `did you mean '${near}'?`;
  return new PtychoError("UsageError", `simulate: unknown member '${name}'; ${hint}`);
}

function holds(rule: Rule, value: unknown): boolean {
  if (rule === "signal") return value instanceof AbortSignal;
  if (rule === "boolean") return typeof value === "boolean";
  if (rule === "path") return typeof value === "string" && value !== "";
  if (rule === "doses") return Array.isArray(value) && value.every((dose) => holds(RULES.photons, dose));
  if (isNames(rule)) return rule.includes(String(value));
  const [min, max, whole] = rule;
  return typeof value === "number" && value >= min && value <= max && (!whole || Number.isInteger(value));
}

function inWords(rule: Rule): string {
  if (rule === "signal") return "an AbortSignal";
  if (rule === "boolean") return "true or false";
  if (rule === "path") return "a path";
  if (rule === "doses") return "a list of photons per pattern";
  if (isNames(rule)) return `one of ${rule.join(", ")}`;
  return `${rule[2] ? "an integer" : "a number"} in [${rule[0]}, ${rule[1]}]`;
}

function isNames(rule: Range | readonly string[]): rule is readonly string[] {
  return typeof rule[0] === "string";
}
