// The training data of a run: file -> scan -> groups -> container, with the facts that the configuration needs.
import type { Config } from "../config/fields.js";
import type { ResolvedConfig } from "../config/resolve.js";
import { check } from "../core/errors.js";
import { amplitudeContainer, countsContainer } from "../data/any-container.js";
import type { AnyContainer, Container } from "../data/container.js";
import { type Groups, groupScan } from "../data/grouping.js";
import { normaliseProbe } from "../data/probe-normalisation.js";
import { type Domain, expectDomain, type RawData, scanSize } from "../data/raw-data.js";
import { type ReadScanOptions, readScan, type Scan } from "../data/read-scan.js";
import type { AnyRaw } from "../data/stored-scan.js";
import { subsampled } from "../data/subsample.js";
import { legacyRandom } from "../numeric/random-legacy.js";
import type { BatchData } from "../training/batch-feeds.js";
import { DOMAIN_OF, type Profile } from "../training/objective.js";
import { pooledGroups } from "./pooled-groups.js";

type DataConfig = Config<"train">["data"];

/** How a scan file is to be read. */
export type ScanFileSettings = Pick<DataConfig, "axis_order" | "units" | "map">;

/** Reads a scan file in the domain of the profile; the truth only where it is asked for by name. */
export function readScanOf(
  path: string,
  profile: Profile,
  data: ScanFileSettings,
  truth = false,
): Promise<Scan<Domain>> {
  return readScan<Domain>(path, {
    domain: DOMAIN_OF[profile],
    ...sourceOptions(data),
    truth,
  });
}

/** How a scan file is to be read, as the configuration says. */
export function sourceOptions({
  axis_order: order,
  units,
  map,
}: ScanFileSettings): Pick<ReadScanOptions<Domain>, "axisOrder" | "units" | "map"> {
  return {
    ...(order === "auto" ? {} : { axisOrder: order === "nhw" ? "NHW" : "HWN" }),
    ...(units === "auto" ? {} : { units }),
    ...(map === null ? {} : { map }),
  };
}

/**
 * Groups of a scan in the scale of the profile. For validation data hand in the container of the training data.
 * `notes` receives what a groups cache has to say.
 */
export function groupedData(
  scan: RawData,
  profile: Profile,
  resolved: ResolvedConfig<"train">,
  notes: string[],
  trained?: BatchData,
): BatchData<Container>;
export function groupedData(
  scan: AnyRaw,
  profile: Profile,
  resolved: ResolvedConfig<"train">,
  notes: string[],
  trained?: BatchData,
): BatchData;
export function groupedData(
  scan: AnyRaw,
  profile: Profile,
  resolved: ResolvedConfig<"train">,
  notes: string[],
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
  const file = trained === undefined ? data.train_data_file : data.test_data_file;
  const groups =
    data.groups_cache && file !== null
      ? pooledGroups(file, chosen, request, random, notes)
      : groupScan(chosen.xPx, chosen.yPx, request, random);
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
  scan: AnyRaw,
  groups: Groups,
  profile: Profile,
  nphotons: number,
  trained: AnyContainer | undefined,
): AnyContainer {
  if (DOMAIN_OF[profile] === "amplitude")
    return amplitudeContainer(expectDomain("training data", scan, "amplitude"), groups, nphotons);
  const statistics = trained?.domain === "counts" ? trained : undefined;
  return countsContainer(expectDomain("training data", scan, "counts"), groups, statistics);
}
