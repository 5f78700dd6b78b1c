// The PyTorch classes from what was given: fields by name, derived fields made here. CONTRACTS 2.4.
import { type Built, build, type DataClass, type Given } from "./dataclass.js";
import { expectDerived, type Standing } from "./layers.js";
import type { TorchData, TorchInference, TorchModel, TorchTraining } from "./torch.js";
import { TORCH_DATA, TORCH_INFERENCE, TORCH_MODEL, TORCH_TRAINING } from "./torch.js";

export interface TorchConfigs {
  readonly data: TorchData;
  readonly model: TorchModel;
  readonly training: TorchTraining;
  readonly inference: TorchInference;
}

export interface TorchDefaults {
  readonly data: Given;
  readonly model: Given;
  readonly training: Given;
  readonly inference: Given;
}

/** `n_subsample` is the number of patterns drawn, a canonical field; groups per centre is another thing (contract D8). */
const NOT_DATA = ["n_subsample"];
/** In training `batch_size` is the one of training. */
const NOT_INFERENCE = { training: ["batch_size"], inference: [] } as const;

/**
 * @param given every given value under the name of its field.
 * @param defaults derived values and those of the factory, weaker than what was given.
 * @throws PtychoError UsageError when a derived field (C, C_model, C_forward) was given with another value.
 */
export function torchConfigs(
  mode: "training" | "inference",
  given: ReadonlyMap<string, Standing>,
  defaults: TorchDefaults,
): TorchConfigs {
  const grid = (given.get("grid_size")?.value ?? [1, 1]) as readonly [number, number]; // checked against its annotation
  const C = grid[0] * grid[1];
  expectDerived("overrides", given, { C, C_model: C, C_forward: C });
  const make = <T extends DataClass>(table: T, derived: Given, without: readonly string[]): Built<T> => {
    const own = [...given].filter(([name]) => Object.hasOwn(table.fields, name) && !without.includes(name));
    return build(table, Object.fromEntries(own.map(([name, { value }]) => [name, value])), derived);
  };
  return {
    data: make(TORCH_DATA, { grid_size: grid, C, ...defaults.data }, NOT_DATA),
    model: make(TORCH_MODEL, { C_model: C, C_forward: C, ...defaults.model }, []),
    training: make(TORCH_TRAINING, defaults.training, []),
    inference: make(TORCH_INFERENCE, defaults.inference, NOT_INFERENCE[mode]),
  };
}
