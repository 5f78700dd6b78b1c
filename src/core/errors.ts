// The errors of the house: one class, told apart by its tag. The edge (cli) maps a tag to an exit code.

/** What went wrong, in the classes that a caller can act on. */
export type ErrorTag =
  | "UsageError" // a command line, option or configuration that cannot work
  | "DataError" // an input file or array whose content cannot be used
  | "ShapeError" // an array of the wrong shape or dtype handed to a public function
  | "ResourceError" // disk, memory, or permissions
  | "ArtefactError" // a model archive or checkpoint that is corrupt or incompatible
  | "EngineError" // the compute engine or an accelerator is not available
  | "DivergenceError" // training left the finite or collapsed
  | "Interrupted"; // the user or the scheduler asked to stop

const EXIT_CODES: { readonly [T in ErrorTag]: number } = {
  UsageError: 2,
  DataError: 3,
  ShapeError: 3,
  ResourceError: 4,
  ArtefactError: 5,
  EngineError: 6,
  DivergenceError: 3,
  Interrupted: 130,
};

/** An error whose message says where, what was found, what was expected and what to do. */
export class PtychoError extends Error {
  readonly tag: ErrorTag;

  constructor(tag: ErrorTag, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = tag;
    this.tag = tag;
  }
}

/** Whether `error` is one of ours, and (when given) carries this tag. */
export function isPtychoError(error: unknown, tag?: ErrorTag): error is PtychoError {
  return error instanceof PtychoError && (tag === undefined || error.tag === tag);
}

/** Process exit code for an error: 2 usage, 3 input, 4 resource, 5 artefact, 6 engine, 130 interrupted, 1 a bug. */
export function exitCodeOf(error: unknown): number {
  return isPtychoError(error) ? EXIT_CODES[error.tag] : 1;
}

/** Throws a PtychoError unless `condition` holds. The message is built only when needed. */
export function check(condition: boolean, tag: ErrorTag, message: () => string): asserts condition {
  if (!condition) throw new PtychoError(tag, message());
}

/** The known name nearest to `name` by edit distance, if one is near enough to be meant. */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(name.length / 3)) + 1;
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitute = previous[j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1);
      row.push(Math.min(substitute, previous[j] + 1, row[j - 1] + 1));
    }
    previous = row;
  }
  return previous[b.length];
}
