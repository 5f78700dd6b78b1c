// One string out of the pickle that NumPy writes for a 0-d or 1-element object array of one str. This is no unpickler:
// opcodes become tokens, the tokens must be one fixed sequence, and nothing but the string can come out.

export type PickledString =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "refused"; readonly reason: string };

/** The only thing accepted, as alternatives per place: ndarray.__reduce__ with dtype object and the list [text]. */
const TEMPLATE: readonly (readonly string[])[] = [
  ["global numpy._core.multiarray _reconstruct", "global numpy.core.multiarray _reconstruct"],
  ["global numpy ndarray"],
  ["int 0"],
  ["tuple1"],
  ["bytes b"],
  ["tuple3"],
  ["reduce"],
  ["mark"],
  ["int 1"],
  ["shape"],
  ["global numpy dtype"],
  ["text O8"],
  ["false", "int 0"],
  ["true", "int 1"],
  ["tuple3"],
  ["reduce"],
  ["mark"],
  ["int 3"],
  ["text |"],
  ["none"],
  ["none"],
  ["none"],
  ["int -1"],
  ["int -1"],
  ["int 63"],
  ["tuple"],
  ["build"],
  ["false"],
  ["list"],
  ["the string"],
  ["append"],
  ["tuple"],
  ["build"],
  ["stop"],
];

const PLAIN_OPCODES: Readonly<Record<number, string>> = {
  40: "mark", // (
  41: "tuple0", // )
  78: "none", // N
  82: "reduce", // R
  93: "list", // ]
  97: "append", // a
  98: "build", // b
  116: "tuple", // t
  133: "tuple1",
  135: "tuple3",
  136: "true",
  137: "false",
};

/** Scans pickle bytes (protocols 3 to 5, which numpy.save has used). Anything but that one array of one string is refused, with the reason. */
export function readPickledString(bytes: Uint8Array): PickledString {
  try {
    return { kind: "text", text: matchTemplate(tokensOf(bytes)) };
  } catch (error) {
    if (error instanceof Refusal) return { kind: "refused", reason: error.message };
    throw error;
  }
}

/** Why the scan stopped; never leaves this file. */
class Refusal extends Error {}

function matchTemplate(tokens: readonly string[]): string {
  let at = 0;
  let text: string | undefined;
  for (const allowed of TEMPLATE) {
    const token = tokens[at++];
    if (allowed[0] === "shape") {
      if (token === "int 1" && tokens[at] === "tuple1") at++;
      else if (token !== "tuple0") throw new Refusal("the pickled array has more than one element");
    } else if (allowed[0] === "the string") {
      if (token === undefined || !token.startsWith("text "))
        throw new Refusal("the pickled element is not a string");
      text = token.slice(5);
    } else if (token === undefined || !allowed.includes(token)) {
      throw new Refusal("the pickle is not that of a NumPy array of one string");
    }
  }
  if (at !== tokens.length || text === undefined)
    throw new Refusal("the pickle is not that of a NumPy array of one string");
  return text;
}

function tokensOf(bytes: Uint8Array): string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const tokens: string[] = [];
  const memo = new Map<number, string>();
  let at = 0;
  const take = (count: number): number => {
    const start = at;
    if (!(count <= bytes.length - at)) throw new Refusal("the pickle is cut off");
    at += count;
    return start;
  };
  const text = (count: number): string => {
    const start = take(count);
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(
        bytes.subarray(start, start + count),
      );
    } catch {
      throw new Refusal("the pickled string is not valid UTF-8");
    }
  };
  const line = (): string => {
    const end = bytes.indexOf(10, at);
    if (end < 0 || end - at > 64) throw new Refusal("the pickle is cut off");
    const value = text(end - at);
    at++;
    return value;
  };
  const memoise = (key: number): void => {
    memo.set(key, tokens.at(-1) ?? "");
  };
  const literal = (token: string): string => {
    if (!token.startsWith("text ")) throw new Refusal("the pickle repeats something other than a string");
    return token;
  };

  if (bytes[0] !== 0x80 || bytes[1] < 3 || bytes[1] > 5)
    throw new Refusal("it is no pickle of protocol 3 to 5");
  at = 2;
  for (;;) {
    const opcode = view.getUint8(take(1));
    if (tokens.length > 2 * TEMPLATE.length) throw new Refusal("the pickle holds more than one string");
    if (PLAIN_OPCODES[opcode] !== undefined) tokens.push(PLAIN_OPCODES[opcode]);
    else if (opcode === 0x95)
      take(8); // FRAME, only a hint about length
    else if (opcode === 0x94)
      memoise(memo.size); // MEMOIZE
    else if (opcode === 0x71)
      memoise(view.getUint8(take(1))); // BINPUT
    else if (opcode === 0x68)
      tokens.push(literal(memo.get(view.getUint8(take(1))) ?? "")); // BINGET
    else if (opcode === 0x4b)
      tokens.push(`int ${view.getUint8(take(1))}`); // BININT1
    else if (opcode === 0x4a)
      tokens.push(`int ${view.getInt32(take(4), true)}`); // BININT
    else if (opcode === 0x43)
      tokens.push(`bytes ${text(view.getUint8(take(1)))}`); // SHORT_BINBYTES
    else if (opcode === 0x8c)
      tokens.push(`text ${text(view.getUint8(take(1)))}`); // SHORT_BINUNICODE
    else if (opcode === 0x58)
      tokens.push(`text ${text(view.getUint32(take(4), true))}`); // BINUNICODE
    else if (opcode === 0x8d)
      tokens.push(`text ${text(Number(view.getBigUint64(take(8), true)))}`); // BINUNICODE8
    else if (opcode === 0x63)
      tokens.push(`global ${line()} ${line()}`); // GLOBAL, a name to compare, never looked up
    else if (opcode === 0x93) {
      const name = literal(tokens.pop() ?? "").slice(5);
      tokens.push(`global ${literal(tokens.pop() ?? "").slice(5)} ${name}`); // STACK_GLOBAL
    } else if (opcode === 0x2e) {
      if (at !== bytes.length) throw new Refusal("bytes follow the end of the pickle");
      tokens.push("stop");
      return tokens;
    } else
      throw new Refusal(`the pickle uses opcode 0x${opcode.toString(16)}, which one string does not need`);
  }
}
