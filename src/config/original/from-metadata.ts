// The training configuration that the metadata of a data set tell (ptycho/metadata.py, load_config_from_metadata).
import { modelConfig, type TrainingConfig, trainingConfig } from "./canonical.js";
import type { Given, Warning } from "./dataclass.js";

/** What the metadata leave open has the defaults of that function, which are its own: 1000 groups, batches of 32. */
export function trainingConfigFromMetadata(
  metadata: Given,
  warn: (warning: Warning) => void,
): TrainingConfig {
  const physics = section(metadata, "physics_parameters");
  const training = section(metadata, "training_parameters");
  const { N = 64, gridsize = 1, model_type = "pinn", nphotons = 1e9 } = physics;
  const { probe_trainable = false, intensity_scale_trainable = true, nll_weight = 1 } = physics;
  const { n_images = 1000, batch_size = 32, nepochs = 50 } = training;
  const model = modelConfig({ N, gridsize, model_type });
  return trainingConfig(
    {
      ...{ model, nphotons, probe_trainable, intensity_scale_trainable },
      ...{ nll_weight, n_images, batch_size, nepochs },
    },
    warn,
  );
}

function section(metadata: Given, name: string): Given {
  const found = metadata[name];
  return typeof found === "object" && found !== null ? (found as Given) : {};
}
