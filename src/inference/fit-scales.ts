// Scales (s1, s2) of a whole data set: how bright real and imaginary part of the predicted object must be for their
// diffraction to fit the measured one. Statistics are streamed, no prediction is kept.
import { constant, input } from "../compute/build-elementwise.js";
import { compile } from "../compute/runtime.js";
import { type ComplexArray, float32, type NdArray } from "../core/ndarray.js";
import { expectShape } from "../core/shape.js";
import { rectangularBasis } from "../physics/forward-rectangular.js";
import { addToStatistics, emptyStatistics, type VarproStatistics } from "../physics/varpro.js";
import { minimiseLbfgs } from "./lbfgs.js";

export interface ScaleFit {
  /** Adds complex patches [B, C, N, N] and the diffraction [B, C, N, N] they were predicted from, full frames. */
  add(patches: ComplexArray, diffraction: NdArray): Promise<void>;
  readonly statistics: () => VarproStatistics;
  release(): Promise<void>;
}

/** A fit for patches of C channels under `probe` [P, N, N] (as the forward model uses it, mask applied). */
export async function openScaleFit(probe: ComplexArray, channels: number): Promise<ScaleFit> {
  const { P, N } = expectShape("probe", probe.shape, "P N N");
  const mode = (plane: Float32Array) => constant(float32([1, 1, P, N, N], plane));
  const shape = [1, channels, N, N];
  const basis = rectangularBasis(
    { re: input("re", shape), im: input("im", shape) },
    { re: mode(probe.re), im: mode(probe.im) },
  );
  const [x1, x2, x3] = basis.images;
  const executable = await compile({ outputs: { x1, x2, x3 } });
  let statistics = emptyStatistics();
  const add = async (patches: ComplexArray, diffraction: NdArray): Promise<void> => {
    const { B } = expectShape("patches", patches.shape, "B C N N", { C: channels, N });
    expectShape("diffraction", diffraction.shape, "B C N N", { B, C: channels, N });
    const size = channels * N * N;
    for (let from = 0; from < B * size; from += size) {
      const images = await executable.run({
        re: float32(shape, patches.re.subarray(from, from + size)),
        im: float32(shape, patches.im.subarray(from, from + size)),
      });
      const plane = (name: string): Float32Array => images[name].data as Float32Array;
      const measured = Float32Array.from(diffraction.data.slice(from, from + size), Number);
      statistics = addToStatistics(statistics, [plane("x1"), plane("x2"), plane("x3")], measured);
    }
  };
  return { add, statistics: () => statistics, release: () => executable.release() };
}

/**
 * (s1, s2) that minimise the mean of (s1^2 X1 + s2^2 X2 + s1 s2 X3 - I)^2, by at most 50 L-BFGS directions from each scale
 * alone; of the two equal solutions the one with s1 >= 0. The search stops where the objective changes by less than 1e-9,
 * as the original's does: in a flat valley that is up to a share of 1e-5 away from the minimum.
 */
export function fittedScales({ ATA, ATb, sumIntensitySquared, pixels }: VarproStatistics): [number, number] {
  const alone = (k: number): number => Math.sqrt(Math.max(ATb[k] / (ATA[4 * k] + 1e-10), 1e-6));
  const [s1, s2] = minimiseLbfgs(
    ([a, b]) => {
      const c = [a * a, b * b, a * b];
      const product = [0, 1, 2].map((i) => ATA[3 * i] * c[0] + ATA[3 * i + 1] * c[1] + ATA[3 * i + 2] * c[2]);
      const residual = product.map((value, i) => (2 * (value - ATb[i])) / pixels);
      const value =
        c.reduce((sum, ci, i) => sum + ci * (product[i] - 2 * ATb[i]), sumIntensitySquared) / pixels;
      return {
        value,
        gradient: [2 * a * residual[0] + b * residual[2], 2 * b * residual[1] + a * residual[2]],
      };
    },
    [alone(0), alone(1)],
    50,
  );
  return s1 < 0 ? [-s1, -s2] : [s1, s2];
}
