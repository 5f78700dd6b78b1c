/** Where a program can run: the processor, a GPU through WebGPU, an NVIDIA GPU through CUDA. */
export type Device = "cpu" | "webgpu" | "cuda";

/** Where and how the programs of a run compute. */
export interface Placement {
  readonly device: Device;
  /** On a GPU: take the kernels that repeat their sums in the same order, where there are such. */
  readonly repeatable: boolean;
}

export const PROCESSOR: Placement = { device: "cpu", repeatable: true };
