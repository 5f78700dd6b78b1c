// What run.json must look like before it is taken for a RunRecord. Its digest tells damage, not who wrote it.

type Holds = (value: unknown) => boolean;

const text: Holds = (value) => typeof value === "string";
const number: Holds = (value) => typeof value === "number";
const record: Holds = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

function orNull(holds: Holds): Holds {
  return (value) => value === null || holds(value);
}

function listOf(holds: Holds): Holds {
  return (value) => Array.isArray(value) && value.every(holds);
}

function recordOf(holds: Holds): Holds {
  return (value) => record(value) && Object.values(value as object).every(holds);
}

/** A record that has (at least) these parts. */
function having(parts: Readonly<Record<string, Holds>>): Holds {
  return (value) =>
    record(value) &&
    Object.entries(parts).every(
      ([name, holds]) =>
        Object.hasOwn(value as object, name) && holds((value as Record<string, unknown>)[name]),
    );
}

const PARTS: Readonly<Record<string, Holds>> = {
  status: text,
  error: orNull(having({ message: text })),
  request: record,
  config: orNull(recordOf(record)),
  sources: orNull(recordOf(having({ source: text }))),
  bundles: listOf(text),
  seeds: record,
  inputs: listOf(having({ role: text, path: text, fromRecord: text, bytes: number, sha256: text })),
  versions: having({ ptychopinn: text, node: text, onnxruntime: text }),
  machine: having({ platform: text, cpu: text, cores: number, threads: number }),
  device: text,
  earlier: listOf(having({ started: text, status: text, changed: listOf(text) })),
  warnings: listOf(text),
  timings: having({ started: text }),
  outputs: listOf(having({ path: text, compared: orNull(having({ by: text, sha256: text })) })),
  figures: recordOf(orNull(number)),
};

/** The first part that a record lacks or has in another form; undefined: it is one. */
export function faultyPart(value: Readonly<Record<string, unknown>>): string | undefined {
  return Object.keys(PARTS).find((name) => !Object.hasOwn(value, name) || !PARTS[name](value[name]));
}
