// The calls in the golden cases, written as Python expressions: calls, names, literals. Parsed by hand, nothing is executed
// but the functions that the caller hands in.

type Callable = (args: readonly unknown[], named: Readonly<Record<string, unknown>>) => unknown;

/** What the names of a call mean: values, and functions by their dotted name. */
export interface PythonNames {
  readonly values: Readonly<Record<string, unknown>>;
  readonly functions: Readonly<Record<string, Callable>>;
}

const CONSTANTS: Readonly<Record<string, unknown>> = { None: null, True: true, False: false };

/** The value of the expression. @throws Error for an unknown name or a form that is not of this small grammar. */
export function evaluateCall(expression: string, names: PythonNames): unknown {
  const tokens = [...expression.matchAll(TOKEN)].map(([token]) => token.trim());
  let next = 0;
  const fail = (): never => {
    throw new Error(`cannot read '${expression}' at '${tokens[next] ?? "its end"}'`);
  };
  const take = (wanted: string): void => {
    if (tokens[next++] !== wanted) fail();
  };
  const items = (close: string, one: () => void): void => {
    while (tokens[next] !== close) {
      one();
      if (tokens[next] === ",") next++;
      else if (tokens[next] !== close) fail();
    }
    next++;
  };
  const value = (): unknown => {
    const token = tokens[next++] ?? fail();
    if (token === "(" || token === "[") {
      const list: unknown[] = [];
      items(token === "(" ? ")" : "]", () => list.push(value()));
      return list;
    }
    if (token === "{") {
      const record: Record<string, unknown> = {};
      items("}", () => {
        const key = String(value());
        take(":");
        record[key] = value();
      });
      return record;
    }
    if (/^['"]/.test(token)) return token.slice(1, -1);
    if (/^[-\d.]/.test(token)) return Number(token);
    if (tokens[next] !== "(") return constant(token);
    next++;
    const args: unknown[] = [];
    const named: Record<string, unknown> = {};
    items(")", () => {
      if (tokens[next + 1] === "=") {
        const name = tokens[next];
        next += 2;
        named[name] = value();
      } else args.push(value());
    });
    const call = names.functions[token];
    if (call === undefined) throw new Error(`'${expression}': unknown function '${token}'`);
    return call(args, named);
  };
  const constant = (token: string): unknown => {
    for (const known of [CONSTANTS, names.values]) if (Object.hasOwn(known, token)) return known[token];
    throw new Error(`'${expression}': unknown name '${token}'`);
  };
  const result = value();
  if (next !== tokens.length) fail();
  return result;
}

const TOKEN = /\s*('[^']*'|"[^"]*"|-?\d[\d.]*(?:e[-+]?\d+)?|[A-Za-z_][\w.]*|[()[\]{},:=])/gi;
