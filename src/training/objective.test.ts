import { describe, expect, it } from "vitest";
import { add, input, mul } from "../compute/build-elementwise.js";
import { gradients } from "../compute/differentiate.js";
import { evaluate } from "../compute/evaluate.js";
import type { Expr } from "../compute/expr.js";
import { float32, type NdArray } from "../core/ndarray.js";
import type { Network, OutputKind } from "../model/network.js";
import { buildObjective, type ObjectiveSettings, physicsParameters } from "./objective.js";

const [B, C, N] = [2, 1, 8];
const shape = { batch: B, channels: C, N, modes: 1 };

/** first = 0.5 + a x, second = b x, with x the scaled patterns. */
const networkOf = (kind: OutputKind): Network => ({
  architecture: "linear",
  N,
  inputChannels: C,
  parameters: [],
  buffers: [],
  stateOrder: [],
  warnings: [],
  apply: (x) => ({ first: add(mul(x, 0.1), 0.5), second: mul(x, 0.2), kind, bufferUpdates: {}, taps: {} }),
});

const SETTINGS: ObjectiveSettings = {
  profile: "amplitude",
  loss: "mae",
  l2Match: false,
  probeScale: 1,
  physicsGain: 1,
  experiments: 1,
};

const wave = (seed: number) =>
  float32(
    [B, C, N, N],
    Float32Array.from({ length: B * C * N * N }, (_, i) => 1 + Math.sin(seed + 3 * i)),
  );
const each = (...values: number[]) => float32([B, 1, 1, 1], values);
const probe = float32(
  [1, 1, 1, N, N],
  Float32Array.from({ length: N * N }, (_, i) => Math.exp(-(((i % N) - 4) ** 2) / 8)),
);
const FEEDS: Record<string, NdArray> = {
  diffraction: wave(0),
  input_scale: each(1, 1),
  physics_scale: each(3, 3),
  output_scale: each(1, 1),
  positions: float32([B, C, 1, 2]),
  probe_re: probe,
  probe_im: float32(probe.shape),
  experiment: float32([B]),
  mean_intensity: float32([B], [50, 50]),
  log_gamma: float32([B], [2, 5]),
  label_amplitude: wave(1),
  label_phase: wave(2),
};

const scales = ["s1", "s2"].map((name) => `forward_model.rect_scaler.${name}`);
const parameters = Object.fromEntries(scales.map((name) => [name, input(name, [1])]));
const scaleFeeds = Object.fromEntries(scales.map((name, i) => [name, float32([1], [1.5 + i])]));

function objectiveOf(changes: Partial<ObjectiveSettings>, kind: OutputKind = "amp_phase") {
  return buildObjective({ ...SETTINGS, ...changes }, shape, networkOf(kind), parameters, {}, "train");
}
function valuesOf(...outputs: Expr[]): number[][] {
  return evaluate(outputs, { ...FEEDS, ...scaleFeeds }).map(({ data }) => Array.from(data, Number));
}
const numbers = (name: string): number[] => Array.from(FEEDS[name].data, Number);
const meanOf = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

describe("buildObjective", () => {
  it("amplitude, MAE: mean |prediction - pattern| in photons' roots, over the mean brightness", () => {
    const { loss, prediction } = objectiveOf({});
    const [[value], predicted] = valuesOf(loss, prediction!);
    const observed = numbers("diffraction");
    const errors = predicted.map((p, i) => Math.abs(3 * p - 3 * observed[i]));
    expect(value).toBeCloseTo(meanOf(errors) / meanOf(observed), 4);
  });

  it("amplitude, MAE with matched energy: each prediction first has the energy of its pattern", () => {
    const { loss, prediction } = objectiveOf({ l2Match: true });
    const [[value], predicted] = valuesOf(loss, prediction!);
    const observed = numbers("diffraction");
    const energy = (x: readonly number[]): number => x.reduce((sum, v) => sum + 9 * v * v, 0);
    const half = N * N;
    const errors = [0, half].flatMap((from) => {
      const [p, o] = [predicted, observed].map((plane) => plane.slice(from, from + half));
      const factor = Math.sqrt(energy(o) / (energy(p) + 1e-8));
      return p.map((v, i) => Math.abs(3 * factor * v - 3 * o[i]));
    });
    expect(value).toBeCloseTo(meanOf(errors) / meanOf(observed), 3);
  });

  it("supervised: 2 sum|amplitude| + 4 sum|phase|, and no physics", () => {
    const { loss, prediction } = objectiveOf({ profile: "supervised" });
    expect(prediction).toBeUndefined();
    const [amplitude, phase] = [numbers("label_amplitude"), numbers("label_phase")];
    const expected = numbers("diffraction").reduce(
      (sum, x, i) => sum + 2 * Math.abs(0.5 + 0.1 * x - amplitude[i]) + 4 * Math.abs(0.2 * x - phase[i]),
      0,
    );
    expect(valuesOf(loss)[0][0] / expected).toBeCloseTo(1, 5);
  });

  it("regularisers add coefficient x the mean over the batch, each of its own plane", () => {
    const plain = valuesOf(objectiveOf({}).loss)[0][0];
    const kind = "Total_Variation";
    const variation = (gain: number): number => {
      const x = numbers("diffraction").map((value) => gain * value);
      let total = 0;
      for (let i = 0; i < x.length; i++) {
        if (i % N < N - 1) total += Math.abs(x[i + 1] - x[i]);
        if (Math.floor(i / N) % N < N - 1) total += Math.abs(x[i + N] - x[i]);
      }
      return total / B;
    };
    const amplitude = objectiveOf({ amplitudeRegulariser: { kind, coefficient: 2 } }).loss;
    const both = objectiveOf({
      amplitudeRegulariser: { kind, coefficient: 2 },
      phaseRegulariser: { kind, coefficient: 3 },
    }).loss;
    const [[one], [two]] = valuesOf(amplitude, both);
    expect((one - plain) / (2 * variation(0.1))).toBeCloseTo(1, 4);
    expect((two - plain) / (2 * variation(0.1) + 3 * variation(0.2))).toBeCloseTo(1, 4);
  });

  it("counts: the mean over samples of likelihood over mean intensity; the scales learn unless fixed", () => {
    const names = physicsParameters({ ...SETTINGS, profile: "counts" }).map(({ name }) => name);
    expect(names).toEqual(scales);
    const counts = { profile: "counts", loss: "poisson" } as const;
    const { loss, dataTerm } = objectiveOf(counts, "real_imag");
    const [[value], terms] = valuesOf(loss, dataTerm);
    expect(value).toBeCloseTo(meanOf(terms.map((term) => term / 50)), 5);
    const slopes = (fixedScales: boolean) => {
      const built = objectiveOf({ ...counts, fixedScales }, "real_imag");
      return valuesOf(
        ...gradients(
          built.loss,
          scales.map((name) => parameters[name]),
        ),
      ).flat();
    };
    expect(slopes(false).some((slope) => slope !== 0)).toBe(true);
    expect(slopes(true)).toEqual([0, 0]);
  });

  it.each([
    { profile: "amplitude", loss: "mae" },
    { profile: "amplitude", loss: "poisson" },
    { profile: "counts", loss: "poisson" },
  ] as const)(
    "with a teacher ($profile, $loss): misfit times the log of the error of what the physics sees",
    (changes) => {
      const gain = input("gain", []);
      const network = networkOf("real_imag");
      const brighter: Network = {
        ...network,
        apply: (...args) => {
          const { first, second, ...rest } = network.apply(...args);
          return { ...rest, first: mul(first, gain), second: mul(second, gain) };
        },
      };
      const plain = objectiveOf(changes, "real_imag");
      const settings = { ...SETTINGS, ...changes, teacher: true };
      const built = buildObjective(settings, shape, brighter, parameters, {}, "train");
      const known = wave(7).data.map((value) => Math.min(1, Math.round(value)));
      const teacher = {
        teacher_re: wave(5),
        teacher_im: wave(6),
        teacher_known: float32([B, C, N, N], known),
        teacher_strength: float32([], [0.5]),
      };
      // The likelihood without its constant is 0 at best, and so is the absolute error.
      const feeds = { ...FEEDS, ...scaleFeeds, ...teacher, gain: float32([], [1]), log_gamma: float32([B]) };
      const at = (expr: Expr): number => Number(evaluate([expr], feeds)[0].data[0]);
      const [s1, s2] = changes.profile === "counts" ? [1.5, 2.5] : [1, 1];
      let [error, slope] = [0, 0];
      numbers("diffraction").forEach((x, i) => {
        const weight = known[i] * probe.data[i % (N * N)] ** 2;
        const [re, im] = [s1 * (0.5 + 0.1 * x), s2 * 0.2 * x];
        const [dr, di] = [re - teacher.teacher_re.data[i], im - teacher.teacher_im.data[i]];
        error += weight * (dr ** 2 + di ** 2);
        slope += 2 * weight * (dr * re + di * im);
      });
      const misfit = at(plain.loss);
      expect(at(built.reported)).toBe(misfit);
      expect(at(built.loss) / (1.5 * misfit)).toBeCloseTo(1, 5);
      const taught = at(gradients(built.loss, [gain])[0]) - at(gradients(built.reported, [gain])[0]);
      expect(taught / ((0.5 * misfit * slope) / error)).toBeCloseTo(1, 3);
    },
  );

  it("refuses what cannot be meant", () => {
    expect(() => objectiveOf({ profile: "counts" })).toThrow(/needs the Poisson loss/);
    expect(() => objectiveOf({ profile: "supervised" }, "real_imag")).toThrow(/amp_phase/);
    const phase = { phaseRegulariser: { kind: "Mean_Deviation", coefficient: 1 } } as const;
    expect(() => objectiveOf(phase, "real_imag")).toThrow(/phase_loss/);
  });
});
