// The order of patterns in a pass, cut into batches.
import { hilbertOrder } from "../numeric/hilbert.js";
import { pcg64Random } from "../numeric/random-pcg64.js";
import { NUMBER, type Workbench } from "./workbench.js";

/**
 * Lays out one batch after another, every pattern once. The patterns of a batch are spread over the scan, so that they
 * overlap little and light all of it evenly: along a space-filling curve, of every handful of neighbours each goes to
 * another batch, by lot. The lots follow from seed and epoch alone: a resumed run goes on as if it had never stopped.
 */
export function* forBatches({ plan, batch, numbers, stage, xStartPx, yStartPx }: Workbench): Iterable<void> {
  const { n, settings } = plan;
  const batches = Math.ceil(n / settings.batchSize);
  const random = pcg64Random(BigInt(settings.seed) * 1_000_003n + BigInt(numbers[NUMBER.epoch]));
  const curve = hilbertOrder(xStartPx, yStartPx);
  const members: number[][] = Array.from({ length: batches }, () => []);
  for (let from = 0; from < n; from += batches) {
    const lots = random.permutation(batches);
    curve.subarray(from, from + batches).forEach((pattern, k) => {
      members[lots[k]].push(pattern);
    });
  }
  for (const patterns of members) {
    batch.set(patterns);
    numbers[NUMBER.count] = patterns.length;
    patterns.forEach((pattern, slot) => {
      stage?.(slot, pattern);
    });
    yield;
  }
}

/**
 * Factor on the steps of object and probe in the present epoch: 1, then down in a straight line. Small steps at the end
 * let the noise of single batches average out.
 */
export function stepFactor({ plan, numbers }: Workbench): number {
  const [from, until] = plan.settings.decay;
  const epoch = numbers[NUMBER.epoch];
  if (epoch < from) return 1;
  return Math.max(1, until - epoch) / (until - from + 1);
}
