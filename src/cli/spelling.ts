// Command lines as users write them -> the spelling that commander gets to see.
import { type OptionRow, optionsOf } from "../config/options.js";

/**
 * `--max_epochs=2` -> `--max-epochs=2`: the name of an option, never its value. `--object_big False`, as the original's
 * command takes it, -> `--no-object-big`; `--recon_log_fixed_indices 0 5 9` -> `0,5,9`. Ends at `--`.
 */
export function dashSpelling(args: readonly string[]): string[] {
  const flags = flagsOf(({ of, kind }) => of === "field" && kind === "yes");
  const lists = flagsOf(({ takes }) => takes === "n,n,...");
  const spelled: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i];
    if (arg === "--") return [...spelled, ...args.slice(i)];
    if (!arg.startsWith("--")) {
      spelled.push(arg);
      continue;
    }
    const [name] = arg.split("=", 1);
    const dashed = name.replaceAll("_", "-");
    const attached = arg.length > name.length;
    const value = attached ? arg.slice(name.length + 1) : (args[i + 1] ?? "");
    if (lists.has(dashed) && !attached) {
      const end = args.findIndex((word, at) => at > i && !/^\d+(,\d+)*$/.test(word));
      const items = args.slice(i + 1, end < 0 ? undefined : end);
      spelled.push(dashed, ...(items.length === 0 ? [] : [items.join(",")]));
      i += items.length;
      continue;
    }
    if (!flags.has(dashed) || !/^(true|false)$/i.test(value)) {
      spelled.push(dashed + arg.slice(name.length));
      continue;
    }
    if (!attached) i++;
    spelled.push(value.toLowerCase() === "true" ? dashed : `--no-${dashed.slice(2)}`);
  }
  return spelled;
}

function flagsOf(chosen: (row: OptionRow) => boolean): ReadonlySet<string> {
  const surfaces = ["train", "infer", "reconstruct"] as const;
  const rows = surfaces.flatMap((surface) => optionsOf(surface)).filter(chosen);
  return new Set(rows.map(({ name }) => `--${name.replaceAll("_", "-")}`));
}
