// Architecture name -> network.
import { nearestName, PtychoError } from "../core/errors.js";
import { buildCnn } from "./cnn.js";
import type { ModelOptions } from "./model-options.js";
import type { Network } from "./network.js";
import { buildRefiner } from "./refiner.js";

const NETWORKS: Readonly<Record<string, (options: ModelOptions) => Network>> = {
  cnn: buildCnn,
  unrolled: buildRefiner,
};

/** Architectures of the PyTorch original which this package knows by name only. */
const NOT_BUILT: readonly string[] = ["ffno", "fno", "fno_vanilla", "neuralop_uno"];

export const architectures: readonly string[] = Object.keys(NETWORKS);

/** The network that `options` ask for. Throws UsageError for an unknown architecture and for one not built yet. */
export function buildNetwork(options: ModelOptions): Network {
  const { architecture } = options;
  if (Object.hasOwn(NETWORKS, architecture)) return NETWORKS[architecture](options);
  const available = `Available: [${architectures.map((name) => `'${name}'`).join(", ")}]`;
  if (NOT_BUILT.includes(architecture)) {
    throw new PtychoError("UsageError", `Architecture '${architecture}' is not built yet. ${available}`);
  }
  const near = nearestName(architecture, architectures);
  const hint = near === undefined ? "" : `; did you mean '${near}'?`;
  throw new PtychoError("UsageError", `Unknown architecture '${architecture}'. ${available}${hint}`);
}

/** Refuses a backend that this package has no networks for. */
export function checkBackend(backend: string): void {
  if (backend === "pytorch") return;
  const reason =
    backend === "tensorflow"
      ? "The networks of the TensorFlow backend are not built yet"
      : `Unknown backend '${backend}'`;
  throw new PtychoError("UsageError", `${reason}. Available: ['pytorch']`);
}
