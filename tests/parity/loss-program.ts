// Loss, prediction, network planes and gradient of one batch as one program, by the names of the original.
import { input } from "../../src/compute/build-elementwise.js";
import { concat, reshape } from "../../src/compute/build-shape.js";
import { gradients } from "../../src/compute/differentiate.js";
import { compile } from "../../src/compute/runtime.js";
import { float32, type NdArray } from "../../src/core/ndarray.js";
import { parameterExprs, unpackParameters } from "../../src/model/parameters.js";
import type { CaseArray } from "./check.js";
import { shapeOf } from "./training-feeds.js";
import { type TrainingSetup, torchName } from "./training-setup.js";

export interface LossOutputs {
  readonly loss: NdArray;
  readonly nll: NdArray;
  /** Absent without physics. */
  readonly pred?: NdArray;
  /** Amplitude and phase, also of a network that predicts real and imaginary part. */
  readonly amp: NdArray;
  readonly phase: NdArray;
  /** By the original's names. */
  readonly gradient: Readonly<Record<string, NdArray>>;
}

export interface LossProgram {
  readonly setup: TrainingSetup;
  readonly feeds: Readonly<Record<string, NdArray>>;
  run(weights: Float32Array): Promise<LossOutputs>;
  release(): Promise<void>;
}

export async function compileLoss(
  setup: TrainingSetup,
  feeds: Readonly<Record<string, NdArray>>,
): Promise<LossProgram> {
  const { layout } = setup;
  const flat = input("parameters", [layout.size]);
  const parameters = parameterExprs(layout, flat);
  const buffers = Object.fromEntries(
    Object.entries(setup.buffers).map(([name, { shape }]) => [name, input(`buffer.${name}`, shape)]),
  );
  const { loss, dataTerm, prediction, network } = setup.build(shapeOf(feeds), parameters, buffers);
  const raw = gradients(
    loss,
    layout.entries.map(({ name }) => parameters[name]),
  );
  const gradient = concat(
    raw.map((part) => reshape(part, [-1])),
    0,
  );
  const { first, second } = network;
  const executable = await compile({
    outputs: { loss, nll: dataTerm, gradient, first, second, ...(prediction && { pred: prediction }) },
  });
  const bufferFeeds = Object.fromEntries(
    Object.entries(setup.buffers).map(([name, value]) => [`buffer.${name}`, value]),
  );
  return {
    setup,
    feeds,
    release: () => executable.release(),
    run: async (weights) => {
      const results = await executable.run({
        ...feeds,
        ...bufferFeeds,
        parameters: float32([layout.size], weights),
      });
      const named = unpackParameters(layout, results.gradient.data as Float32Array);
      return {
        loss: results.loss,
        nll: results.nll,
        ...(results.pred && { pred: results.pred }),
        ...planes(network.kind === "real_imag", results.first, results.second),
        gradient: Object.fromEntries(Object.entries(named).map(([name, value]) => [torchName(name), value])),
      };
    },
  };
}

function planes(realImag: boolean, first: NdArray, second: NdArray): { amp: NdArray; phase: NdArray } {
  if (!realImag) return { amp: first, phase: second };
  const of = (f: (re: number, im: number) => number): NdArray =>
    float32(
      first.shape,
      Float32Array.from(first.data as Float32Array, (re, i) => f(re, Number(second.data[i]))),
    );
  return { amp: of(Math.hypot), phase: of((re, im) => Math.atan2(im, re)) };
}

/** The weights with s1 and s2 of every experiment set to `scale`. */
export function withScales({ layout, weights }: TrainingSetup, scale: number): Float32Array {
  const changed = weights.slice();
  for (const { name, offset, size } of layout.entries)
    if (/rect_scaler\.s[12]$/.test(name)) changed.fill(scale, offset, offset + size);
  return changed;
}

/** sqrt(mean target / mean prediction), times the `start` it was predicted with. */
export async function calibratedScale(program: LossProgram, start = 1): Promise<number> {
  const { pred } = await program.run(withScales(program.setup, start));
  return Math.sqrt(meanOf(program.feeds.diffraction) / Math.max(meanOf(pred), 1e-30));
}

export function meanOf(array: CaseArray | undefined): number {
  if (array === undefined || !("data" in array)) throw new TypeError("expected a real array");
  let total = 0;
  for (const value of array.data) total += Number(value);
  return total / array.data.length;
}

/** L2 norm of every named array, 0 for one that is not there. */
export function normsOf(arrays: Readonly<Record<string, NdArray>>, names: readonly string[]): NdArray {
  const norms = names.map((name) => {
    let total = 0;
    for (const value of arrays[name]?.data ?? []) total += Number(value) ** 2;
    return Math.sqrt(total);
  });
  return float32([norms.length], norms);
}
