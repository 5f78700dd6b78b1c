// Runs programs on ONNX Runtime. The only file that touches it.
import { availableParallelism } from "node:os";
import * as ort from "onnxruntime-node";
import { PtychoError } from "../core/errors.js";
import type { NdArray, TypedArrays } from "../core/ndarray.js";
import { type EmitOptions, emitOnnx, inputsOf, type Program } from "./emit.js";
import { type Feeds, fedValue } from "./evaluate.js";
import type { ElementType, Expr } from "./expr.js";

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
  const session = await createSession(emitOnnx(program, options), options);
  const inputs = inputsOf(program);
  const names = Object.keys(program.outputs);
  const symbolic = options.batchAxis !== undefined;
  return {
    run: (feeds) => runSession(session, inputs, names, feeds, symbolic),
    release: () => session.release(),
  };
}

/** Runs a model of ours that was stored as ONNX bytes; feeds and results are float32. */
export async function loadOnnx(model: Uint8Array, options: RuntimeOptions = {}): Promise<Executable> {
  const session = await createSession(model, options);
  return {
    run: async (feeds) =>
      toArrays(await session.run(toTensors(Object.entries(feeds) as [string, NdArray<ElementType>][]))),
    release: () => session.release(),
  };
}

async function createSession(model: Uint8Array, options: RuntimeOptions): Promise<ort.InferenceSession> {
  try {
    return await ort.InferenceSession.create(model, {
      executionProviders: ["cpu"],
      graphOptimizationLevel: "all",
      logSeverityLevel: 3,
      intraOpNumThreads: options.threads ?? availableParallelism(),
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
