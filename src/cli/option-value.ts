// Parsers for the options of the commands that have no configuration: simulate, evaluate.
import { Option } from "commander";
import { nearestName, PtychoError } from "../core/errors.js";

/** Parser of a number in [min, max]. */
export function numberFrom(flag: string, min: number, max: number, whole: boolean): (text: string) => number {
  return (text) => {
    const value = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
    if (value >= min && value <= max && (!whole || Number.isInteger(value))) return value;
    const noun = whole ? "an integer" : "a number";
    throw new PtychoError("UsageError", `${flag}: expected ${noun} in [${min}, ${max}], got '${text}'`);
  };
}

/** An option with named values; the dash spelling of a name is accepted. */
export function choice<T extends string>(flag: string, help: string, values: readonly T[]): Option {
  return new Option(`${flag} <name>`, `${help}: ${values.join(", ")}`)
    .default(values[0])
    .argParser((text) => {
      const name = text.replaceAll("-", "_");
      const value = values.find((candidate) => candidate === name);
      if (value !== undefined) return value;
      const near = nearestName(name, values);
      const hint = near === undefined ? "" : `; did you mean '${near}'?`;
      throw new PtychoError(
        "UsageError",
        `${flag}: expected one of ${values.join(", ")}, got '${text}'${hint}`,
      );
    });
}
