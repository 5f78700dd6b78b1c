// Names from outside (paths, zip members, array keys) made safe to stand in a one-line message.

/** The text in double quotes, with control characters and line separators escaped, cut to 300 characters. */
export function printable(text: string): string {
  const short = text.length > 300 ? `${text.slice(0, 300)}...` : text;
  return JSON.stringify(short).replace(
    /[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
