// Groups of a scan drawn from the pool that is cached beside its file.
import { check } from "../core/errors.js";
import { drawFromPool } from "../data/group-pool.js";
import type { GroupRequest } from "../data/group-request.js";
import { type Groups, groupPositions } from "../data/grouping.js";
import { cachedPool } from "../data/groups-cache.js";
import type { RawData } from "../data/raw-data.js";
import type { LegacyRandom } from "../numeric/random-legacy.js";
import { IN_MEMORY } from "./contract.js";

/**
 * `request.nGroups` groups of the pool, all of it where it has fewer. `notes` receives what was read, written or passed
 * over.
 *
 * @throws PtychoError UsageError for a request that a pool cannot meet.
 */
export function pooledGroups(
  scanFile: string,
  scan: Pick<RawData, "xPx" | "yPx">,
  request: GroupRequest,
  random: LegacyRandom,
  notes: string[],
): Groups {
  const refuseIf = (condition: boolean, why: string) =>
    check(!condition, "UsageError", () => `--groups_cache: ${why}; leave it out`);
  refuseIf(scanFile === IN_MEMORY, "a scan that was handed over has no file to keep groups beside");
  refuseIf(request.gridsize === 1, "groups of one pattern (gridsize 1) need no neighbours");
  refuseIf(request.sequential === true, "groups are drawn from the whole scan, not in its order");
  refuseIf(request.oversampling === true, "it keeps single groups, not their K-choose-C combinations");
  const { groups: pool, notes: found } = cachedPool(scanFile, scan, request);
  notes.push(...found);
  if (request.nGroups > pool.shape[0])
    notes.push(
      `${request.nGroups} groups were asked for, the pool of the scan has ${pool.shape[0]}: all are used`,
    );
  const nnIndices = drawFromPool(pool, request.nGroups, random);
  return { gridsize: request.gridsize, nnIndices, ...groupPositions(scan.xPx, scan.yPx, nnIndices) };
}
