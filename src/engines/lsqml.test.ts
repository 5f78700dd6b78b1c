import { describe, expect, it } from "vitest";
import { smallBench } from "../../tests/engines/small-bench.js";
import { pcg64Random } from "../numeric/random-pcg64.js";
import { lsqml } from "./lsqml.js";
import { addProposals } from "./merge.js";
import { movedProbe } from "./project.js";
import { NUMBER, type Workbench, windowStart } from "./workbench.js";

const N = 16;
const FLOOR = 0.4;

/** A bench with random changes of the exit waves, and the object and probe directions merged from random proposals. */
function batch(): Workbench {
  const bench = smallBench({ n: 5, modes: 2, settings: { relaxation: 0.3 } });
  const random = pcg64Random(8);
  const fill = ({ re, im }: { re: Float32Array; im: Float32Array }) => {
    for (const plane of [re, im]) plane.set(random.standardNormal(plane.length));
  };
  for (const wave of [...bench.change.flat(), ...bench.proposal, ...bench.chunkProbe[0]]) fill(wave);
  bench.batch.forEach((pattern, slot) => {
    movedProbe(bench, slot, pattern).forEach((mode, p) => {
      bench.kernels.intensity(bench.slotLight[slot], mode, p > 0);
    });
  });
  addProposals(bench, 0, 1);
  bench.numbers[NUMBER.first] = FLOOR;
  return bench;
}

/** chi, P dO and dP O of a slot, real and imaginary parts of all modes in a row. */
function directions(bench: Workbench, slot: number): Record<"chi" | "object" | "probe", number[]> {
  const { sums, weight, canvas, moved, chunkProbe, change, plan, batch: patterns } = bench;
  const start = windowStart(bench, patterns[slot]);
  const out = { chi: [] as number[], object: [] as number[], probe: [] as number[] };
  for (let p = 0; p < plan.modes; p++)
    for (let i = 0; i < N * N; i++) {
      const at = start + Math.floor(i / N) * plan.width + (i % N);
      const divisor = 0.7 * weight[at] + FLOOR;
      const times = (a: readonly [number, number], b: readonly [number, number]) => [
        a[0] * b[0] - a[1] * b[1],
        a[0] * b[1] + a[1] * b[0],
      ];
      const [mode, direction, chi] = [moved[slot][p], chunkProbe[0][p], change[slot][p]];
      const step = [sums.re[at] / divisor, sums.im[at] / divisor] as const;
      out.object.push(...times([mode.re[i], mode.im[i]], step));
      out.probe.push(...times([direction.re[i], direction.im[i]], [canvas.re[at], canvas.im[at]]));
      out.chi.push(chi.re[i], chi.im[i]);
    }
  return out;
}

const dot = (a: readonly number[], b: readonly number[]) =>
  a.reduce((sum, value, i) => sum + value * b[i], 0);

describe("findSteps", () => {
  for (const movesProbe of [true, false])
    it(`gives every pattern the steps that fit its change best (probe moves: ${movesProbe})`, () => {
      const bench = batch();
      bench.numbers[NUMBER.second] = movesProbe ? 1 : 0;
      lsqml.phases.findSteps(bench, 0, 1);
      for (let slot = 0; slot < 5; slot++) {
        const { chi, object, probe } = directions(bench, slot);
        const [a, b] = [bench.slotValues[4 * slot + 2], bench.slotValues[4 * slot + 3]];
        const damping = 0.01 * (dot(object, object) + (movesProbe ? dot(probe, probe) : 0));
        const rest = chi.map((value, i) => value - a * object[i] - b * probe[i]);
        // Of |chi - a P dO - b dP O|^2 + damping (a^2 + b^2) both derivatives vanish.
        const scale = Math.sqrt(dot(chi, chi) * dot(object, object));
        expect(Math.abs(dot(rest, object) - damping * a) / scale).toBeLessThan(1e-5);
        if (movesProbe) expect(Math.abs(dot(rest, probe) - damping * b) / scale).toBeLessThan(1e-5);
        else expect(b).toBe(0);
      }
    });

  it("gives the same bits for any number of parts", () => {
    const [one, three] = [batch(), batch()];
    for (const bench of [one, three]) bench.numbers[NUMBER.second] = 1;
    lsqml.phases.findSteps(one, 0, 1);
    for (let part = 0; part < 3; part++) lsqml.phases.findSteps(three, part, 3);
    expect(three.slotValues).toEqual(one.slotValues);
  });
});
