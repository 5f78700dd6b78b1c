// What the patterns of a batch propose, merged into the one object. Every thread owns a strip of canvas rows, and sums it
// in the order of the batch, so that the result does not depend on the number of threads.
import { NUMBER, type Plan, type Workbench, windowStart } from "./workbench.js";

/** Weighted proposals of the batch, summed on the canvas: sums += proposal, weight += |P|^2. */
export function addProposals(bench: Workbench, part: number, parts: number): void {
  const { kernels, sums, weight, proposal, slotLight, plan, batch } = bench;
  forStrips(bench, part, parts, (slot, fromRow, toRow) => {
    const start = windowStart(bench, batch[slot]);
    const { width, N } = plan;
    kernels.addWindow(sums, weight, start, width, proposal[slot], slotLight[slot], N, fromRow, toRow);
  });
}

/** object += step * sums / (keep * weight + floor) under the windows of the batch, which clears the sums. */
export function applyProposals(
  bench: Workbench,
  part: number,
  parts: number,
  { step, keep, floor }: { readonly step: number; readonly keep: number; readonly floor: number },
): void {
  const { kernels, canvas, sums, weight, plan, batch } = bench;
  forStrips(bench, part, parts, (slot, fromRow, toRow) => {
    const start = windowStart(bench, batch[slot]);
    const { width, N } = plan;
    kernels.applyWindow(canvas, sums, weight, start, width, N, fromRow, toRow, step, keep, floor);
  });
}

/** The canvas rows from..to of a part. */
export function stripOf({ height }: Plan, part: number, parts: number): readonly [from: number, to: number] {
  return [Math.floor((part * height) / parts), Math.floor(((part + 1) * height) / parts)];
}

/** The same as pixels of the canvas planes. */
export function stripPixels(plan: Plan, part: number, parts: number): readonly [from: number, to: number] {
  const [from, to] = stripOf(plan, part, parts);
  return [from * plan.width, to * plan.width];
}

/** Calls `work` for every slot of the batch with the rows of its window that lie in the strip of a part. */
export function forStrips(
  bench: Workbench,
  part: number,
  parts: number,
  work: (slot: number, fromRow: number, toRow: number) => void,
): void {
  const { plan, batch, numbers } = bench;
  const [from, to] = stripOf(plan, part, parts);
  for (let slot = 0; slot < numbers[NUMBER.count]; slot++) {
    const top = Math.floor(windowStart(bench, batch[slot]) / plan.width);
    const [fromRow, toRow] = [Math.max(0, from - top), Math.min(plan.N, to - top)];
    if (fromRow < toRow) work(slot, fromRow, toRow);
  }
}

/** The largest weight under the batch, by part, into `numbers`. */
export function findPeak(bench: Workbench, part: number, parts: number): void {
  const { plan, weight, numbers } = bench;
  let peak = 0;
  forStrips(bench, part, parts, (slot, fromRow, toRow) => {
    const start = windowStart(bench, bench.batch[slot]);
    for (let r = fromRow; r < toRow; r++) {
      const row = start + r * plan.width;
      for (let i = row; i < row + plan.N; i++) if (weight[i] > peak) peak = weight[i];
    }
  });
  numbers[NUMBER.parts + part] = peak;
}

/** The largest weight of the batch: sum |P|^2 where its patterns overlap most. */
export function peakWeight({ numbers, plan }: Workbench): number {
  return numbers.subarray(NUMBER.parts, NUMBER.parts + plan.threads).reduce((a, b) => Math.max(a, b));
}
