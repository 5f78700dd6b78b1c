// Comparing configuration records with goldens: by field, with deviations as rules, paths and infinities as their JSON.

import type { Built, Warning } from "../../src/config/original/dataclass.js";
import { isPtychoError } from "../../src/core/errors.js";
import type { CaseJson, CheckResult } from "./check.js";
import {
  ACCEPTED_HERE,
  CONFIG_DEVIATIONS,
  type Deviation,
  keyPhrases,
  REFUSED_HERE,
} from "./config-deviations.js";

/** What ours must be instead of the golden's value, and by which rule. */
export interface Exception {
  readonly value: unknown;
  readonly rule: Deviation;
}
export type Exceptions = ReadonlyMap<string, Exception>;

/** A golden value as ours is written: {"$path": p} is p, "NaN" and the infinities are numbers. */
export function plain(value: CaseJson): unknown {
  if (value === "NaN") return Number.NaN;
  if (value === "Infinity" || value === "-Infinity") return Number(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  if (typeof value.$path === "string") return value.$path;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}

/** A record of ours with its nested records laid open. */
export function opened(built: Built | undefined): Record<string, unknown> {
  const values = Object.entries(built?.values ?? {});
  return Object.fromEntries(values.map(([name, value]) => [name, isBuilt(value) ? opened(value) : value]));
}

function isBuilt(value: unknown): value is Built {
  return typeof value === "object" && value !== null && "of" in value && "given" in value;
}

/** Field by field; a field with an exception must have the exception's value. */
export function compareFields(
  name: string,
  actual: Readonly<Record<string, unknown>>,
  golden: CaseJson,
  exceptions: Exceptions = new Map(),
): CheckResult {
  const wanted = plain(golden) as Record<string, unknown>; // the caller names a record
  const wrong: string[] = [];
  const rules = new Set<Deviation>();
  for (const field of new Set([...Object.keys(wanted), ...Object.keys(actual), ...exceptions.keys()])) {
    const exception = exceptions.get(field);
    const differs = exception !== undefined && !same(exception.value, wanted[field]);
    if (differs) rules.add(exception.rule);
    const value = differs ? exception.value : wanted[field];
    if (!same(actual[field], value))
      wrong.push(`${field} is ${text(actual[field])}, expected ${text(value)}`);
  }
  return resultOf(name, wrong, [...rules]);
}

/** The keys in their order. */
export function compareOrder(
  name: string,
  actual: readonly string[],
  wanted: readonly string[],
): CheckResult {
  return resultOf(
    name,
    same(actual, wanted) ? [] : [`order ${actual.join(" ")}, expected ${wanted.join(" ")}`],
  );
}

/** Category and key phrase of each warning, in order. */
export function compareWarnings(
  name: string,
  actual: readonly Warning[],
  golden: readonly CaseJson[],
): CheckResult {
  const wrong = golden.flatMap(({ category, message }, i) => {
    const ours = actual[i];
    if (ours === undefined) return [`no warning '${message}'`];
    const missing = keyPhrases(message).filter((phrase) => !ours.text.includes(phrase));
    if (missing.length === 0 && ours.category === category) return [];
    return [`warning '${ours.category}: ${ours.text}', expected '${category}: ${missing.join(" | ")}'`];
  });
  const more = actual.slice(golden.length).map(({ text: found }) => `a warning too many: '${found}'`);
  return resultOf(name, [...wrong, ...more]);
}

const TAGS: Readonly<Record<string, readonly string[]>> = {
  FileNotFoundError: ["DataError", "ArtefactError", "UsageError"],
  ValueError: ["UsageError", "EngineError", "ArtefactError", "DataError"],
  TypeError: ["UsageError"],
  KeyError: ["UsageError"],
  AssertionError: ["UsageError"],
  AttributeError: ["UsageError"],
};

/** Runs `call` and compares what comes of it with the golden's status and error; `value` gets the answer of both. */
export function compareOutcome(
  name: string,
  call: () => unknown,
  golden: { status: string; error?: { type: string; message: string } },
  value: (answer: unknown) => CheckResult = () => ({ name, passed: true, detail: "accepted by both" }),
): CheckResult {
  const { status, error: wanted } = golden;
  let answer: unknown;
  try {
    answer = call();
  } catch (error) {
    return status === "ok" ? refusedHere(name, error) : sameRefusal(name, error, wanted);
  }
  if (status === "ok") return value(answer);
  const rule = ACCEPTED_HERE.find(({ when }) => when.test(wanted?.message ?? ""))?.rule;
  return rule === undefined
    ? { name, passed: false, detail: `accepted, expected a refusal: ${wanted?.message}` }
    : resultOf(name, [], [rule]);
}

function refusedHere(name: string, error: unknown): CheckResult {
  const message = error instanceof Error ? error.message : String(error);
  const rule = isPtychoError(error) ? REFUSED_HERE.find(({ when }) => when.test(message))?.rule : undefined;
  return rule === undefined
    ? { name, passed: false, detail: `refused: ${message}` }
    : resultOf(name, [], [rule]);
}

function sameRefusal(
  name: string,
  error: unknown,
  wanted: { type: string; message: string } | undefined,
): CheckResult {
  const { type = "", message = "" } = wanted ?? {};
  if (type === "FrozenInstanceError")
    return { name, passed: error instanceof TypeError, detail: `a frozen record: ${String(error)}` };
  if (!isPtychoError(error))
    return { name, passed: false, detail: `not one of our errors: ${String(error)}` };
  const missing = keyPhrases(message).filter((phrase) => !error.message.includes(phrase));
  const wrong = missing.map((phrase) => `'${error.message}' lacks '${phrase}'`);
  if (TAGS[type]?.includes(error.tag) !== true) wrong.push(`${error.tag} is no counterpart of ${type}`);
  return resultOf(name, wrong);
}

/** A passed or failed comparison; deviations are told with their reason. */
export function resultOf(
  name: string,
  wrong: readonly string[],
  rules: readonly Deviation[] = [],
): CheckResult {
  const told = rules.map((rule) => `${rule}: ${CONFIG_DEVIATIONS[rule]}`);
  return { name, passed: wrong.length === 0, detail: [...wrong, ...told].join("; ") || "equal" };
}

export function same(a: unknown, b: unknown): boolean {
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((item, i) => same(item, b[i]));
  if (typeof a === "object" && typeof b === "object" && a !== null && b !== null) {
    const names = new Set([...Object.keys(a), ...Object.keys(b)]);
    return [...names].every((name) => same((a as CaseJson)[name], (b as CaseJson)[name]));
  }
  return Object.is(a, b) || a === b;
}

function text(value: unknown): string {
  return JSON.stringify(value) ?? "absent";
}
