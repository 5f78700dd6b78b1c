// What a way of training must bring: its graph, its batches, its start, and what the archive needs beside the weights.

import type { ChosenDevice } from "../compute/choose-device.js";
import type { EmitOptions } from "../compute/emit.js";
import type { Expr } from "../compute/expr.js";
import type { Json } from "../core/json.js";
import type { ComplexArray, NdArray } from "../core/ndarray.js";
import type { FrameStack } from "../data/frame-stack.js";
import type { Predictor } from "../inference/predict.js";
import type { Network, NetworkMode } from "../model/network.js";
import type { ParameterLayout, ParameterSpec } from "../model/parameters.js";
import type { FitRequest, TrainingBatch } from "../training/fit.js";
import type { Profile } from "../training/objective.js";
import type { StepDefinition } from "../training/step.js";

export type Weights = Record<string, NdArray<"float32">>;

export interface Preview {
  readonly groups: number;
  /** Patterns [B, C, N, N] of `groups`, and where their patches belong: [B * C, 2] = (x, y), object pixels. */
  batchOf(groups: Int32Array): {
    readonly diffraction: NdArray<"float32">;
    readonly positionsPx: NdArray<"float64">;
  };
  /** @returns the predictor of these weights, and what to multiply its input with. */
  open(weights: Readonly<Record<string, NdArray>>): Promise<{
    readonly predictor: Predictor;
    readonly inputScale: number;
  }>;
}

export interface TrainingTask {
  readonly network: Network;
  /** Parameters of the network, and those of the physics that are trained with it. */
  readonly specs: readonly ParameterSpec[];
  readonly profile: Profile;
  /** The loss of a batch of `size`, for named parameters and buffers. */
  objective(size: number, mode: NetworkMode): StepDefinition["objective"];
  batchesOf(epoch: number): readonly TrainingBatch[];
  /** Fixed batches; absent without validation data. */
  readonly validation?: readonly TrainingBatch[];
  /** The parameters training starts from, made from drawn ones or those of a trained model, and what was done to them. */
  readonly start?: (
    given: Weights,
    origin: "drawn" | "trained",
  ) => Promise<{ readonly weights: Weights; readonly notes: readonly string[] }>;
  /** What the network makes of the held-out scan, or of the training scan where there is none. */
  readonly preview?: Preview;
  readonly inspect?: (layout: ParameterLayout) => NonNullable<FitRequest["inspect"]>;
  /** The patches [B, C, N, N] that `weights` predict for the groups of training, batch by batch; absent where there are none. */
  readonly patches?: (weights: Readonly<Record<string, NdArray>>) => AsyncIterable<ComplexArray>;
  /** Everything that training reads of its data, for the fingerprint. */
  readonly arrays: Iterable<readonly [string, NdArray | FrameStack]>;
  /** Numbers of the training data that inference needs. */
  readonly statistics: { readonly [key: string]: Json };
  /** The graph for the archive, with the weights inside. */
  onnx(weights: Readonly<Record<string, NdArray>>): {
    readonly outputs: Record<string, Expr>;
    readonly options: EmitOptions;
  };
  /** Where its graphs run. */
  readonly device: ChosenDevice;
  /** One line for the user. */
  readonly summary: string;
  /** Further lines. */
  readonly notes: readonly string[];
  readonly warnings: readonly string[];
}
