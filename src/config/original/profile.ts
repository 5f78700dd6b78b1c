// The profile `ci` and the scaling contract over the original's names: refusals before anything is built. CONTRACTS 2.4.
import { nearestName, PtychoError } from "../../core/errors.js";
import { CI_BUNDLE, CI_CONTRACT } from "../presets.js";
import { checkPhysics, checkScalePair } from "../rules.js";
import { type Given, shown } from "./dataclass.js";
import type { SourceLayer } from "./layers.js";
import type { TorchData, TorchModel, TorchTraining } from "./torch.js";

/** Fields that the profile fixes. The original has the loss under two names, and fixes both. */
export const CI_PROFILE_CONTRACT: Given = { ...CI_CONTRACT, loss_function: "Poisson" };

/** The contract and what goes with it, in the original's order. */
export const CI_PROFILE_BUNDLE: Given = { ...CI_PROFILE_CONTRACT, ...CI_BUNDLE };

/** The values of a profile, weaker than everything given. @throws PtychoError UsageError for any name but `ci`. */
export function profileLayer(profile: string | undefined, given: readonly SourceLayer[]): SourceLayer[] {
  if (profile === undefined) return [];
  if (profile !== "ci") {
    const hint = nearestName(profile, ["ci"]) === undefined ? "" : "; did you mean 'ci'?";
    throw usage(`Unknown configuration profile '${profile}'; supported profiles: 'ci'${hint}`);
  }
  for (const [name, required] of Object.entries(CI_PROFILE_CONTRACT))
    for (const { source, values } of given)
      if (values[name] !== undefined && values[name] !== required)
        throw usage(
          `the CI profile requires ${name}='${required}'; you passed ${shown(values[name])} (${source}): leave that out, or drop profile='ci' and set the fields one by one`,
        );
  return [{ source: "profile ci", values: CI_PROFILE_BUNDLE }];
}

/** Within one source the scaling contract and the measurement domain come together, and belong together. */
export function checkScaleLayers(layers: readonly SourceLayer[]): void {
  for (const { source, values } of layers) {
    const pair = (["scale_contract_version", "measurement_domain"] as const).flatMap((name) => {
      const value = values[name];
      return typeof value === "string" ? [[name, { value, source, givenAs: name }] as const] : [];
    });
    checkScalePair(new Map(pair));
  }
}

/** @throws PtychoError UsageError for a gain that is not a finite number above 0. */
export function checkGain(gain: unknown): void {
  if (typeof gain !== "number")
    throw usage(`amplitude_physics_gain must be a real number; got ${shown(gain)}`);
  if (!(gain > 0 && Number.isFinite(gain)))
    throw usage(`amplitude_physics_gain must be positive and finite; got ${gain}`);
}

/** Forward mode, gain, contract, network and loss must belong together (rules.ts has the sentences). */
export function checkCoherence(data: TorchData, model: TorchModel, training: TorchTraining): void {
  const values: Given = { ...data.values, ...model.values, ...training.values };
  checkPhysics((name) => {
    if (name === "model_type") return model.values.mode === "Supervised" ? "supervised" : "pinn";
    const value = values[name];
    return typeof value === "number" || typeof value === "string" || typeof value === "boolean"
      ? value
      : null;
  });
}

function usage(message: string): PtychoError {
  return new PtychoError("UsageError", message);
}
