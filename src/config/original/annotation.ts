// The type annotations of the original's dataclasses, read as written: "Optional[int]", "Literal['poisson', 'mae']".

/** The TypeScript type that an annotation stands for. */
export type TypeOf<A extends string> = A extends `Optional[${infer Inner}]`
  ? TypeOf<Inner> | null
  : A extends `Literal[${infer Members}]`
    ? LiteralOf<Members>
    : A extends `Union[${infer Members}]`
      ? UnionOf<Members>
      : A extends `List[${infer Item}]`
        ? readonly TypeOf<Item>[]
        : A extends `Tuple[${infer First}, ${infer Second}]`
          ? readonly [TypeOf<First>, TypeOf<Second>]
          : A extends keyof Names
            ? Names[A]
            : unknown;

interface Names {
  int: number;
  float: number;
  bool: boolean;
  str: string;
  "pathlib.Path": string;
  NoneType: null;
}

type LiteralOf<M extends string> = M extends `${infer First}, ${infer Rest}`
  ? MemberOf<First> | LiteralOf<Rest>
  : MemberOf<M>;

type MemberOf<M extends string> = M extends `'${infer Text}'`
  ? Text
  : M extends "None"
    ? null
    : M extends `${infer N extends number}`
      ? N
      : never;

type UnionOf<M extends string> = M extends `${infer First}, ${infer Rest}`
  ? TypeOf<First> | UnionOf<Rest>
  : TypeOf<M>;

/** Whether `value` is one that the annotation allows; a tensor or a nested configuration is any object. */
export function allows(annotation: string, value: unknown): boolean {
  const [head, inner] = partsOf(annotation);
  switch (head) {
    case "int":
      return Number.isSafeInteger(value);
    case "float":
      return typeof value === "number" && Number.isFinite(value);
    case "bool":
      return typeof value === "boolean";
    case "str":
    case "pathlib.Path":
      return typeof value === "string";
    case "NoneType":
      return value === null;
    case "Literal":
      return inner.some((member) => literal(member) === value);
    case "Optional":
      return value === null || allows(inner.join(", "), value);
    case "Union":
      return inner.some((member) => allows(member, value));
    case "List":
      return Array.isArray(value) && value.every((item) => allows(inner.join(", "), item));
    case "Tuple":
      return (
        Array.isArray(value) &&
        value.length === inner.length &&
        inner.every((member, i) => allows(member, value[i]))
      );
    default:
      return typeof value === "object" && value !== null;
  }
}

/** What the annotation allows, in words: "an integer or none". */
export function inWords(annotation: string): string {
  const [head, inner] = partsOf(annotation);
  const words: Readonly<Record<string, string>> = {
    int: "an integer",
    float: "a finite number",
    bool: "true or false",
    str: "a text",
    "pathlib.Path": "a path",
    NoneType: "none",
  };
  if (head === "Literal") return `one of ${inner.map((member) => String(literal(member))).join(", ")}`;
  if (head === "Optional") return `${inWords(inner.join(", "))} or none`;
  if (head === "Union") return inner.map(inWords).join(" or ");
  if (head === "List") return `a list, each ${inWords(inner.join(", "))}`;
  if (head === "Tuple") return `${inner.length} values, each ${inWords(inner[0])}`;
  return words[head] ?? `an object (${annotation})`;
}

/** "Union[int, Literal['auto']]" -> ["Union", ["int", "Literal['auto']"]]; splits at the outer commas only. */
function partsOf(annotation: string): [head: string, inner: string[]] {
  const open = annotation.indexOf("[");
  if (open < 0) return [annotation, []];
  const inner: string[] = [];
  let depth = 0;
  let start = open + 1;
  for (let i = open + 1; i < annotation.length; i++) {
    const character = annotation[i];
    if (character === "[") depth++;
    if (depth === 0 && (character === "," || character === "]")) {
      inner.push(annotation.slice(start, i).trim());
      start = i + 1;
    } else if (character === "]") depth--;
  }
  return [annotation.slice(0, open), inner];
}

function literal(member: string): string | number | null {
  if (member === "None") return null;
  return member.startsWith("'") ? member.slice(1, -1) : Number(member);
}
