// ptychopinn completion: the script with which a shell completes commands, options and their values.
import { Command, type Option } from "commander";
import { allFields } from "../../config/fields.js";
import { presets } from "../../config/presets.js";
import { nearestName, PtychoError } from "../../core/errors.js";
import { attributeOf } from "../config-options.js";
import type { Session } from "../terminal.js";

const SHELLS = ["bash", "zsh", "fish"] as const;

/** @param program the whole command tree, asked for when the command runs. */
export function completionCommand({ terminal }: Session, program: () => Command): Command {
  const command = new Command("completion")
    .summary("print the completion script of a shell")
    .description(
      "print the completion script of a shell,\nfor example: ptychopinn completion bash >> ~/.bashrc",
    )
    .argument("<shell>", SHELLS.join(", "));
  return command.action((shell: string) => {
    const words = wordsOf(program());
    if (shell === "bash") terminal.out(bashScript(words));
    else if (shell === "zsh") terminal.out(`autoload -Uz bashcompinit && bashcompinit\n${bashScript(words)}`);
    else if (shell === "fish") terminal.out(fishScript(words));
    else {
      const near = nearestName(shell, SHELLS);
      const hint = near === undefined ? "" : `; did you mean '${near}'?`;
      throw new PtychoError(
        "UsageError",
        `completion: expected one of ${SHELLS.join(", ")}, got '${shell}'${hint}`,
      );
    }
  });
}

interface CommandWords {
  /** "train", "config show"; "" for the program. */
  readonly path: string;
  readonly commands: readonly string[];
  readonly options: readonly {
    readonly flag: string;
    readonly help: string;
    readonly values: readonly string[];
  }[];
}

function wordsOf(program: Command): CommandWords[] {
  const words: CommandWords[] = [];
  const visit = (command: Command, path: string) => {
    const visible = command.options.filter((option) => !option.hidden && option.long);
    words.push({
      path,
      commands: command.commands.map((inner) => inner.name()),
      options: [
        ...visible.map((option) => ({
          // The original writes options with underscores, and so do our messages.
          flag: `--${String(option.long).slice(2).replaceAll("-", "_")}`,
          help: option.description.split(/[;(]/)[0].trim(),
          values: valuesOf(option),
        })),
        { flag: "--help", help: "print the help", values: [] },
      ],
    });
    for (const inner of command.commands) visit(inner, `${path} ${inner.name()}`.trim());
  };
  visit(program, "");
  return words;
}

function valuesOf(option: Option): readonly string[] {
  const key = option.attributeName();
  if (key === "preset") return Object.keys(presets);
  if (key === "profile") return ["ci"];
  const entry = allFields().find(({ name, field }) =>
    [name, ...(field.aliases ?? []).map((alias) => alias.name)].some((name) => attributeOf(name) === key),
  );
  return entry?.field.type === "enum" ? entry.field.values : [];
}

function bashScript(all: readonly CommandWords[]): string {
  const cases = all.map(({ path, commands, options }) => {
    const flags = options.map(({ flag }) => flag).join(" ");
    return `    "${path}") words="${[...commands, flags].join(" ")}" ;;`;
  });
  const values = new Map(
    all.flatMap(({ path, options }) =>
      options.flatMap(({ flag, values }) =>
        values.length === 0 ? [] : [[`"${path} ${flag}"`, values.join(" ")]],
      ),
    ) as [string, string][],
  );
  const nested = all.flatMap(({ path, commands }) => (path !== "" && commands.length > 0 ? [path] : []));
  return `# completion of ptychopinn
_ptychopinn() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD-1]}" path="" words=""
  if (( COMP_CWORD > 1 )); then path="\${COMP_WORDS[1]}"; fi
  case "$path" in
    ${nested.join("|") || "''"}) if (( COMP_CWORD > 2 )); then path="$path \${COMP_WORDS[2]}"; fi ;;
  esac
  case "$path $previous" in
${[...values].map(([key, list]) => `    ${key}) COMPREPLY=( $(compgen -W "${list}" -- "$current") ); return ;;`).join("\n")}
  esac
  case "$path" in
${cases.join("\n")}
  esac
  COMPREPLY=( $(compgen -W "$words" -- "$current") )
  if [[ "$current" != -* && -n "$path" ]]; then COMPREPLY+=( $(compgen -f -- "$current") ); fi
}
complete -o filenames -F _ptychopinn ptychopinn
`;
}

function fishScript(all: readonly CommandWords[]): string {
  const lines = all.flatMap(({ path, commands, options }) => {
    const condition = path === "" ? "__fish_use_subcommand" : conditionOf(path);
    return [
      ...commands.map((name) => `complete -c ptychopinn -n '${condition}' -f -a ${name}`),
      ...options.map(({ flag, help, values }) => {
        const list = values.length === 0 ? "" : ` -x -a '${values.join(" ")}'`;
        return `complete -c ptychopinn -n '${condition}' -l ${flag.slice(2)} -d '${help.replaceAll("'", "")}'${list}`;
      }),
    ];
  });
  return `# completion of ptychopinn\n${lines.join("\n")}\n`;
}

function conditionOf(path: string): string {
  return path
    .split(" ")
    .map((name) => `__fish_seen_subcommand_from ${name}`)
    .join("; and ");
}
