// Runs programs on ONNX Runtime. The only file that touches it.
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { dirname, join } from "node:path";
import * as ort from "onnxruntime-node";
import { isPtychoError, PtychoError } from "../core/errors.js";
import { float32, type NdArray, type TypedArrays } from "../core/ndarray.js";
import { add, input } from "./build-elementwise.js";
import type { Device, Placement } from "./device.js";
import { type EmitOptions, emitOnnx, inputsOf, type Program } from "./emit.js";
import { BLOCKED_DOMAIN } from "./emit-blocked.js";
import { type Feeds, fedValue } from "./evaluate.js";
import { type ElementType, type Expr, topologicalOrder } from "./expr.js";
import { encodeModel } from "./onnx-proto.js";

export interface RuntimeOptions extends EmitOptions, Partial<Placement> {
  /** Threads inside one operator; default: the cores this process may use. (ONNX Runtime's own default can be one.) */
  readonly threads?: number;
}

/** A compiled program. Its outputs are plain arrays that can be fed again without a copy. */
export interface Executable {
  run(feeds: Feeds): Promise<Record<string, NdArray<ElementType>>>;
  release(): Promise<void>;
}

/** @throws PtychoError EngineError when ONNX Runtime refuses the program, or has no such device. */
export async function compile(program: Program, options: RuntimeOptions = {}): Promise<Executable> {
  const { device = "cpu" } = options;
  const blockSize =
    options.blockSize ?? (device === "cpu" && convolves(program) ? await imageBlockSize() : undefined);
  const session = await createSession(emitOnnx(program, { ...options, blockSize }), options);
  const inputs = inputsOf(program);
  const names = Object.keys(program.outputs);
  const symbolic = options.batchAxis !== undefined;
  return {
    run: (feeds) => runSession(session, inputs, names, feeds, symbolic),
    release: () => session.release(),
  };
}

/** Runs a small program on `device`. @throws PtychoError EngineError with what ONNX Runtime says when it cannot. */
export async function expectDevice(device: Device): Promise<void> {
  const x = input("x", [4]);
  const executable = await compile({ outputs: { y: add(x, x) } }, { device, threads: 1 });
  await executable.run({ x: float32([4]) });
  await executable.release();
}

/** The path of ONNX Runtime's CUDA provider; undefined where it is not installed. */
export function cudaLibrary(): string | undefined {
  const entry = createRequire(import.meta.url).resolve("onnxruntime-node");
  const [os, file] =
    process.platform === "win32"
      ? ["win32", "onnxruntime_providers_cuda.dll"]
      : [process.platform, "libonnxruntime_providers_cuda.so"];
  const path = join(dirname(entry), "..", "bin", "napi-v6", os, process.arch, file);
  return existsSync(path) ? path : undefined;
}

/** Whether a program failed because the memory of its device did not suffice. */
export function isOutOfMemory(error: unknown): boolean {
  if (!isPtychoError(error, "EngineError")) return false;
  return /out of (device )?memory|failed to allocate memory|bad_alloc|OUT_OF_MEMORY|smaller than requested bytes/i.test(
    error.message,
  );
}

/**
 * Channels per block of this machine's blocked image layout (16 with AVX-512, 8 with AVX2), found by reordering the
 * image of two pixels whose channel c holds 2 c and 2 c + 1: the 1 comes after one block. Undefined: no such layout.
 */
export async function imageBlockSize(): Promise<number | undefined> {
  const shape = [1, 32, 1, 2];
  const value = (name: string) => ({ name, dataType: 1, shape });
  const model = encodeModel({
    nodes: [
      { operator: "ReorderInput", domain: BLOCKED_DOMAIN, inputs: ["x"], outputs: ["y"], attributes: {} },
    ],
    initializers: [],
    inputs: [value("x")],
    outputs: [value("y")],
    opsets: { "": 17, [BLOCKED_DOMAIN]: 1 },
  });
  // A build of ONNX Runtime without the layout refuses the model.
  const session = await createSession(model, { threads: 1 }).catch(() => undefined);
  if (session === undefined) return undefined;
  const x = new ort.Tensor(
    "float32",
    Float32Array.from({ length: 64 }, (_, i) => i),
    shape,
  );
  const { y } = await session.run({ x });
  await session.release();
  const block = (y.data as Float32Array).indexOf(1);
  return block > 1 ? block : undefined;
}

function convolves(program: Program): boolean {
  return topologicalOrder(Object.values(program.outputs)).some((node) => node.op === "conv2d");
}

async function createSession(model: Uint8Array, options: RuntimeOptions): Promise<ort.InferenceSession> {
  const { device = "cpu" } = options;
  try {
    return await ort.InferenceSession.create(model, {
      executionProviders: [device],
      graphOptimizationLevel: "all",
      logSeverityLevel: 3,
      intraOpNumThreads: options.threads ?? availableParallelism(),
      // One block for all tensors of a run takes half as much memory again (0.9 GB for a training step), and no less time.
      enableMemPattern: false,
      // Threads that spin while they wait take a third more processor time, and a third more time on a busy machine.
      extra: {
        session: {
          intra_op: { allow_spinning: "0" },
          ...(options.repeatable === true ? { use_deterministic_compute: "1" } : {}),
          // Otherwise what WebGPU lacks would run on the processor, and nobody would know.
          ...(device === "webgpu" ? { disable_cpu_ep_fallback: "1" } : {}),
        },
      },
    });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new PtychoError("EngineError", `ONNX Runtime refused the program: ${reason}`, cause);
  }
}

async function runSession(
  session: ort.InferenceSession,
  inputs: ReadonlyMap<string, Expr<"input">>,
  names: readonly string[],
  feeds: Feeds,
  symbolic: boolean,
): Promise<Record<string, NdArray<ElementType>>> {
  const fed = [...inputs].map(([name, node]): [string, NdArray<ElementType>] => [
    name,
    symbolic ? (feeds[name] as NdArray<ElementType>) : fedValue(node, feeds),
  ]);
  try {
    return toArrays(await session.run(toTensors(fed), names));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new PtychoError("EngineError", `ONNX Runtime failed while running a program: ${reason}`, cause);
  }
}

function toTensors(feeds: readonly [string, NdArray<ElementType>][]): Record<string, ort.Tensor> {
  return Object.fromEntries(
    feeds.map(([name, { dtype, shape, data }]) => [name, new ort.Tensor(dtype, data as Float32Array, shape)]),
  );
}

function toArrays(results: ort.InferenceSession.ReturnType): Record<string, NdArray<ElementType>> {
  return Object.fromEntries(
    Object.entries(results).map(([name, { type, dims, data }]) => [
      name,
      {
        dtype: type as ElementType,
        shape: dims,
        data: data as TypedArrays[ElementType],
      } as NdArray<ElementType>,
    ]),
  );
}

/** Version of ONNX Runtime, for records. */
export function runtimeVersion(): string {
  return ort.env.versions.node ?? ort.env.versions.common;
}
