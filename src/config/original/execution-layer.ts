// The execution configuration among the sources of a payload: what it gives, and what stronger sources give it.
import type { Given, Warning } from "./dataclass.js";
import { EXECUTION_CONFIG, type ExecutionConfig, executionConfig, type Machine } from "./execution-config.js";
import type { SourceLayer, Standing } from "./layers.js";
import { TORCH_INFERENCE, TORCH_MODEL, TORCH_TRAINING } from "./torch.js";

/** The fields that were given, as a source. */
export function executionLayer(config: ExecutionConfig | undefined): SourceLayer[] {
  if (config === undefined) return [];
  const values: Given = config.values;
  const given = config.given.map((name) => [name, values[name]]);
  return [{ source: "execution config", values: Object.fromEntries(given) }];
}

/**
 * The configuration with what other sources set of it. Fields that a PyTorch class has too keep their value here: that
 * class carries the one that stands, and the audit tells both.
 */
export function executionWith(
  asked: ExecutionConfig | undefined,
  standing: ReadonlyMap<string, Standing>,
  machine: Machine,
  warn: (warning: Warning) => void,
): ExecutionConfig {
  const own = Object.keys(EXECUTION_CONFIG.fields).filter(
    (name) =>
      ![TORCH_TRAINING, TORCH_MODEL, TORCH_INFERENCE].some(({ fields }) => Object.hasOwn(fields, name)),
  );
  const set = own.flatMap((name) => {
    const value = standing.get(name);
    return value === undefined || value.source === "execution config" ? [] : [[name, value.value] as const];
  });
  if (asked !== undefined && set.length === 0) return asked;
  const [before] = executionLayer(asked);
  const given = { ...before?.values, ...Object.fromEntries(set) };
  const told = asked !== undefined && given.accelerator === undefined; // `asked` has said what it found
  return executionConfig(given, machine, told ? () => {} : warn);
}
