// The training data of a run: file -> scan -> groups -> container, with the facts that the configuration needs.
import type { Config } from "../config/fields.js";
import type { ResolvedConfig } from "../config/resolve.js";
import { check } from "../core/errors.js";
import { type Container, makeAmplitudeContainer, makeCountsContainer } from "../data/container.js";
import { groupScan } from "../data/grouping.js";
import { normaliseProbe } from "../data/probe-normalisation.js";
import { type Domain, expectDomain, type RawData, scanSize } from "../data/raw-data.js";
import { readScan, type Scan } from "../data/read-scan.js";
import { subsampled } from "../data/subsample.js";
import { legacyRandom } from "../numeric/random-legacy.js";
import type { BatchData } from "../training/batch-feeds.js";
import { DOMAIN_OF, type Profile } from "../training/objective.js";

type DataConfig = Config<"train">["data"];

/** Reads a scan file in the domain of the profile; the truth only where it is asked for by name. */
export function readScanOf(
  path: string,
  profile: Profile,
  axisOrder: DataConfig["axis_order"],
  truth = false,
): Scan<Domain> {
  return readScan<Domain>(path, {
    domain: DOMAIN_OF[profile],
    ...(axisOrder === "auto" ? {} : { axisOrder: axisOrder === "nhw" ? "NHW" : "HWN" }),
    truth,
  });
}

/** The scan of a training run: with the truth only for supervised training. */
export function readTrainingScan(path: string, profile: Profile, data: DataConfig): Scan<Domain> {
  return readScanOf(path, profile, data.axis_order, profile === "supervised");
}

/** Groups of a scan in the scale of the profile. For validation data hand in the container of the training data. */
export function groupedData(
  scan: RawData,
  profile: Profile,
  resolved: ResolvedConfig<"train">,
  trained?: BatchData,
): BatchData {
  const { model, data, execution } = resolved.config;
  const random = legacyRandom(data.subsample_seed ?? execution.seed);
  const chosen = subsampled(scan, data.n_subsample, random);
  const request = {
    gridsize: model.gridsize,
    // The default number adapts to a small scan; a number that was asked for is met or refused.
    nGroups:
      resolved.sources.n_groups?.source === "default"
        ? Math.min(data.n_groups, scanSize(chosen).n)
        : data.n_groups,
    neighbourCount: data.neighbor_count,
    sequential: data.sequential_sampling,
    oversampling: data.enable_oversampling,
    ...(data.neighbor_pool_size === null ? {} : { neighbourPoolSize: data.neighbor_pool_size }),
  };
  const groups = groupScan(chosen.xPx, chosen.yPx, request, random);
  const container = containerOf(chosen, groups, profile, data.nphotons, trained?.container);
  if (profile === "supervised") {
    check(
      container.labels !== undefined,
      "DataError",
      () =>
        `supervised training needs the object patches 'Y' [n, N, N] in the training file (DATA-SUP-001), found none; ` +
        "add them, or train with --model_type pinn",
    );
  }
  // The amplitude contract takes the probe as the file has it; the count contract brings it to the network's scale.
  const { probe, factor } =
    profile === "counts"
      ? normaliseProbe(container.probe, model.probe_scale, undefined)
      : { probe: container.probe, factor: 1 };
  return { container, profile, probe, probeFactor: factor };
}

function containerOf(
  scan: RawData,
  groups: ReturnType<typeof groupScan>,
  profile: Profile,
  nphotons: number,
  trained: Container | undefined,
): Container {
  if (DOMAIN_OF[profile] === "amplitude") {
    return makeAmplitudeContainer(expectDomain("training data", scan, "amplitude"), groups, nphotons);
  }
  const statistics = trained?.domain === "counts" ? trained : undefined;
  return makeCountsContainer(expectDomain("training data", scan, "counts"), groups, statistics);
}
