// The scan to reconstruct, grouped and scaled as the network was trained.
import type { BundleManifest } from "../bundle/manifest.js";
import type { Config } from "../config/fields.js";
import { PtychoError } from "../core/errors.js";
import { amplitudeContainer, countsContainer } from "../data/any-container.js";
import type { AnyContainer } from "../data/container.js";
import { groupScan } from "../data/grouping.js";
import { expectDomain, scanSize } from "../data/raw-data.js";
import type { AnyRaw } from "../data/stored-scan.js";
import { subsampled } from "../data/subsample.js";
import { legacyRandom } from "../numeric/random-legacy.js";
import { DOMAIN_OF, type Profile } from "../training/objective.js";
import { pooledGroups } from "./pooled-groups.js";

export interface TrainedFacts {
  readonly profile: Profile;
  readonly config: Config<"train">;
  readonly statistics: Readonly<Record<string, number>>;
}

/** What the archive says of the training, checked for what inference reads. */
export function trainedFacts(manifest: BundleManifest): TrainedFacts {
  const { profile, config, statistics } = manifest;
  if (!Object.hasOwn(DOMAIN_OF, profile)) {
    throw new PtychoError(
      "ArtefactError",
      `model archive: trained under the unknown profile ${JSON.stringify(profile)}; update ptychopinn`,
    );
  }
  return {
    profile: profile as Profile, // just checked
    config: config as unknown as Config<"train">, // written by saveModel, protected by the manifest's SHA-256
    statistics: statistics as Readonly<Record<string, number>>,
  };
}

/**
 * Groups of the scan in the scale the network expects, and the factor on its input. `notes` receives what a groups cache
 * has to say.
 */
export function inferenceContainer(
  scan: AnyRaw,
  trained: TrainedFacts,
  config: Config<"infer">,
  notes: string[],
): { readonly container: AnyContainer; readonly inputScale: number } {
  const { data, execution } = config;
  const { gridsize } = trained.config.model;
  const chosen = fittingPatterns(scan, trained, config);

  const random = legacyRandom(data.subsample_seed ?? execution.seed);
  const request = {
    gridsize,
    nGroups: data.n_groups ?? scanSize(chosen).n,
    neighbourCount: data.neighbor_count,
    oversampling: data.enable_oversampling,
    ...(data.neighbor_pool_size === null ? {} : { neighbourPoolSize: data.neighbor_pool_size }),
  };
  const groups =
    data.groups_cache && data.test_data_file !== null
      ? pooledGroups(data.test_data_file, chosen, request, random, notes)
      : groupScan(chosen.xPx, chosen.yPx, request, random);
  if (DOMAIN_OF[trained.profile] === "amplitude") {
    const raw = expectDomain("inference data", chosen, "amplitude");
    return { container: amplitudeContainer(raw, groups, trained.config.data.nphotons), inputScale: 1 };
  }
  const statistics = {
    rmsInputScale: trained.statistics.rms_input_scale,
    meanMeasuredIntensity: trained.statistics.mean_measured_intensity,
  };
  const raw = expectDomain("inference data", chosen, "counts");
  return { container: countsContainer(raw, groups, statistics), inputScale: statistics.rmsInputScale };
}

/** The patterns to reconstruct: all, a subsample, or as many as groups were asked for. */
export function chosenPatterns(scan: AnyRaw, trained: TrainedFacts, config: Config<"infer">): AnyRaw {
  const chosen = fittingPatterns(scan, trained, config);
  const { n_groups, subsample_seed } = config.data;
  return subsampled(chosen, n_groups, legacyRandom(subsample_seed ?? config.execution.seed));
}

/** The scan, or its subsample, if its patterns have the size the model was trained on. */
function fittingPatterns(scan: AnyRaw, trained: TrainedFacts, { data, execution }: Config<"infer">): AnyRaw {
  const { N } = trained.config.model;
  const { N: found } = scanSize(scan);
  if (found !== N) {
    throw new PtychoError(
      "DataError",
      `scan: patterns of ${found} x ${found} pixels, but the model was trained on ${N} x ${N}; crop or pad the patterns, ` +
        "or train on this scan",
    );
  }
  return subsampled(scan, data.n_subsample, legacyRandom(data.subsample_seed ?? execution.seed));
}

/** @throws PtychoError UsageError for a scale contract, or a scaling, that the model was not trained under. */
export function expectScaleContract(
  config: Config<"infer">,
  { profile, config: trained }: TrainedFacts,
): void {
  for (const field of ["scale_contract_version", "measurement_domain"] as const) {
    const asked = config.data[field];
    if (asked === null || asked === trained.data[field]) continue;
    throw new PtychoError(
      "UsageError",
      `--${field} ${asked}: the model was trained under ${trained.data[field]}; leave the option out, or train a model so`,
    );
  }
  if (config.inference.varpro_scaling && profile !== "counts") {
    throw new PtychoError(
      "UsageError",
      "--varpro_scaling fits scales to measured counts, but the model was trained on normalised amplitudes, where they " +
        "have no meaning; leave the option out, or train with --profile ci on counts",
    );
  }
}
