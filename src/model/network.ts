// The contract of a network: diffraction -> two real planes per patch that make a complex object patch.
// Members import this file; registry.ts imports the members.
import type { Expr } from "../compute/expr.js";
import type { ParameterSpec } from "./parameters.js";

/** How the two planes combine: amplitude and phase in rad, or real and imaginary part. */
export type OutputKind = "amp_phase" | "real_imag";

/** `train` uses batch statistics and updates the buffers, `eval` uses the running statistics. */
export type NetworkMode = "train" | "eval";

/** State that is carried from step to step without a gradient, such as batch-norm running statistics. */
export interface BufferSpec {
  /** Key in the PyTorch state_dict. */
  readonly name: string;
  readonly shape: readonly number[];
  /** The value which every element starts with. */
  readonly initial: number;
  /** Element type in a PyTorch archive; in the graph every buffer is float32. */
  readonly storedAs: "float32" | "int64";
}

export interface NetworkOutput {
  /** Amplitude or real part [B, C, N, N]; one channel if a legacy checkpoint shape asks for it. */
  readonly first: Expr;
  /** Phase in rad or imaginary part [B, C, N, N]. */
  readonly second: Expr;
  readonly kind: OutputKind;
  /** New value of every buffer that this forward pass changes; empty in eval mode. */
  readonly bufferUpdates: Readonly<Record<string, Expr>>;
  /** Inner values worth looking at, by name. */
  readonly taps: Readonly<Record<string, Expr>>;
}

export interface Network {
  readonly architecture: string;
  /** Edge of the diffraction image and of the patch, in pixels. */
  readonly N: number;
  /** C of the input [B, C, N, N]. */
  readonly inputChannels: number;
  readonly parameters: readonly ParameterSpec[];
  readonly buffers: readonly BufferSpec[];
  /** Names of parameters and buffers in the order of the PyTorch state_dict. */
  readonly stateOrder: readonly string[];
  /** Options that were asked for and change nothing, one sentence each. */
  readonly warnings: readonly string[];
  /** x [B, C, N, N] -> the two planes. `parameters` and `buffers` are keyed by the names of their specs. */
  apply(
    x: Expr,
    parameters: Readonly<Record<string, Expr>>,
    mode: NetworkMode,
    buffers: Readonly<Record<string, Expr>>,
  ): NetworkOutput;
}
