// Runs programs on ONNX Runtime. The only file that touches it.
import { availableParallelism } from "node:os";
import * as ort from "onnxruntime-node";
import { PtychoError } from "../core/errors.js";
import type { NdArray, TypedArrays } from "../core/ndarray.js";
import { type EmitOptions, emitOnnx, inputsOf, type Program } from "./emit.js";
import { BLOCKED_DOMAIN } from "./emit-blocked.js";
import { type Feeds, fedValue } from "./evaluate.js";
import { type ElementType, type Expr, topologicalOrder } from "./expr.js";
import { encodeModel } from "./onnx-proto.js";

export interface RuntimeOptions extends EmitOptions {
  /** Threads inside one operator; default: the cores this process may use. (ONNX Runtime's own default can be one.) */
  readonly threads?: number;
}

/** A compiled program. Its outputs are plain arrays that can be fed again without a copy. */
export interface Executable {
  run(feeds: Feeds): Promise<Record<string, NdArray<ElementType>>>;
  release(): Promise<void>;
}

/** @throws PtychoError EngineError when ONNX Runtime refuses the program. */
export async function compile(program: Program, options: RuntimeOptions = {}): Promise<Executable> {
  const blockSize = options.blockSize ?? (convolves(program) ? await imageBlockSize() : undefined);
  const session = await createSession(emitOnnx(program, { ...options, blockSize }), options);
  const inputs = inputsOf(program);
  const names = Object.keys(program.outputs);
  const symbolic = options.batchAxis !== undefined;
  return {
    run: (feeds) => runSession(session, inputs, names, feeds, symbolic),
    release: () => session.release(),
  };
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
  try {
    return await ort.InferenceSession.create(model, {
      executionProviders: ["cpu"],
      graphOptimizationLevel: "all",
      logSeverityLevel: 3,
      intraOpNumThreads: options.threads ?? availableParallelism(),
      // One block for all tensors of a run takes half as much memory again (0.9 GB for a training step), and no less time.
      enableMemPattern: false,
      // Threads that spin while they wait take a third more processor time, and a third more time on a busy machine.
      extra: { session: { intra_op: { allow_spinning: "0" } } },
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
