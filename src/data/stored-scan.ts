// A scan whose patterns stay on disk, and the choice of patterns from a scan wherever it lies.
import { check } from "../core/errors.js";
import { type FrameStack, isStored, type StoredStack } from "./frame-stack.js";
import { type Domain, type RawData, selectPatterns } from "./raw-data.js";

/** One scan whose patterns are not in memory; without ground truth. */
export interface StoredRaw<D extends Domain = Domain>
  extends Pick<RawData<D>, "xPx" | "yPx" | "probe" | "nphotons" | "pixelSizeM" | "energyEv" | "distanceM"> {
  readonly diffraction: { readonly domain: D; readonly array: StoredStack };
}

/** A scan as training and inference take it. */
export type AnyRaw<D extends Domain = Domain> = RawData<D> | StoredRaw<D>;

export function isStoredScan<D extends Domain>(scan: AnyRaw<D>): scan is StoredRaw<D> {
  const stack: FrameStack = scan.diffraction.array;
  return isStored(stack);
}

/** The patterns at `indices`, in that order, with all that belongs to them. @throws PtychoError ShapeError. */
export function selectScan<D extends Domain>(scan: AnyRaw<D>, indices: Int32Array): AnyRaw<D> {
  if (!isStoredScan(scan)) return selectPatterns(scan, indices);
  const { domain, array } = scan.diffraction;
  const [n, N] = array.shape;
  for (const i of indices)
    check(i >= 0 && i < n, "ShapeError", () => `select patterns: index ${i} is not in 0..${n - 1}`);
  const pick = (values: Float64Array) => Float64Array.from(indices, (i) => values[i]);
  return {
    ...scan,
    diffraction: {
      domain,
      array: {
        dtype: "float32",
        shape: [indices.length, N, N],
        gather: (chosen) => array.gather(chosen.map((i) => indices[i])),
      },
    },
    xPx: pick(scan.xPx),
    yPx: pick(scan.yPx),
  };
}
