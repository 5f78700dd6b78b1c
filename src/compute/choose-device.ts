// Which device a run computes on: the one asked for, or refused with what to do; for "auto" the best one present.
import { PtychoError } from "../core/errors.js";
import { type Device, type Placement, PROCESSOR } from "./device.js";
import { cudaLibrary, expectDevice } from "./runtime.js";
import { type Adapter, adapterOf, mayHaveAdapter, thisProcess } from "./webgpu-adapter.js";

export interface DeviceRequest {
  /** gpu means cuda, as in the original. */
  readonly accelerator: "auto" | "cpu" | "gpu" | "cuda" | "webgpu";
  /** Why the programs need sums in float64, which WebGPU lacks; undefined: they do not. */
  readonly float64?: string | undefined;
  /**
   * Whether runs must repeat bit for bit, which the processor alone does. "warn": they may not, and it is said; false: they
   * may not. Default: false.
   */
  readonly repeatable?: boolean | "warn";
}

export interface ChosenDevice {
  readonly placement: Placement;
  /** The device as the user reads it: "cpu", "webgpu (SwiftShader)". */
  readonly name: string;
  /** Sentences for the user. */
  readonly notes: readonly string[];
  readonly warnings: readonly string[];
}

/** What the machine is asked; tests put another one in its place. */
export interface Machine {
  /** The path of the CUDA provider of ONNX Runtime, or undefined where it is not installed. */
  readonly cudaLibrary: () => string | undefined;
  /** @throws PtychoError EngineError when no program can run there. */
  readonly expectDevice: (device: Device) => Promise<void>;
  readonly mayHaveAdapter: () => boolean;
  /** The adapter of the WebGPU session that `expectDevice` had open. */
  readonly adapter: () => Adapter;
}

const here: Machine = {
  cudaLibrary,
  expectDevice,
  mayHaveAdapter,
  adapter: () => adapterOf(thisProcess()),
};

const CUDA_INSTALL =
  "install it with 'ONNXRUNTIME_NODE_INSTALL=cuda12 npm rebuild onnxruntime-node' (Linux x64, CUDA 12 and cuDNN 9), or give " +
  "'--accelerator cpu'";

const WEBGPU_INSTALL =
  "install a Vulkan driver and its loader (Debian: 'apt install mesa-vulkan-drivers libvulkan1'), or give '--accelerator cpu'";

/**
 * @throws PtychoError EngineError when the device asked for is not there; UsageError when what is asked of the run cannot
 *   be had on it. Nothing but "auto" falls back to another device.
 */
export async function chooseDevice(request: DeviceRequest, machine: Machine = here): Promise<ChosenDevice> {
  const { accelerator } = request;
  if (accelerator === "auto") return best(request, machine);
  if (accelerator === "cpu") return { placement: PROCESSOR, name: "cpu", notes: [], warnings: [] };
  const obstacle = obstacleOn(accelerator === "webgpu" ? "webgpu" : "cuda", request);
  if (obstacle !== undefined)
    throw new PtychoError(
      "UsageError",
      `--accelerator ${accelerator}: ${obstacle}; give '--accelerator cpu'`,
    );
  if (accelerator === "webgpu") {
    const { name, kind } = await webgpu(machine);
    const slow =
      kind === "software"
        ? [`accelerator webgpu: the adapter is ${name}, software that emulates one; cpu is many times faster`]
        : [];
    return chosen("webgpu", `webgpu (${name})`, request, slow);
  }
  await cuda(machine, accelerator);
  return chosen("cuda", "cuda", request, []);
}

async function best(request: DeviceRequest, machine: Machine): Promise<ChosenDevice> {
  const passedBy: string[] = [];
  const passBy = (device: Device, reason: string) => passedBy.push(`${device}: ${reason}`);
  const cudaObstacle = obstacleOn("cuda", request);
  if (machine.cudaLibrary() === undefined) passBy("cuda", "not installed");
  else if (cudaObstacle !== undefined) passBy("cuda", cudaObstacle);
  else {
    const refusal = await refusalOf(() => cuda(machine, "auto"));
    if (refusal === undefined) return chosen("cuda", "cuda", request, []);
    passBy("cuda", refusal);
  }
  const webgpuObstacle = obstacleOn("webgpu", request);
  if (!machine.mayHaveAdapter()) passBy("webgpu", "no graphics adapter");
  else if (webgpuObstacle !== undefined) passBy("webgpu", webgpuObstacle);
  else {
    let adapter: Adapter | undefined;
    const refusal = await refusalOf(async () => {
      adapter = await webgpu(machine);
    });
    if (adapter?.kind === "hardware") return chosen("webgpu", `webgpu (${adapter.name})`, request, []);
    passBy(
      "webgpu",
      adapter === undefined
        ? (refusal ?? "no adapter")
        : adapter.kind === "software"
          ? `${adapter.name} only emulates an adapter`
          : "whether the adapter is hardware cannot be told here; --accelerator webgpu takes it",
    );
  }
  const note = `accelerator auto takes cpu (POLICY-001: no CUDA device in use; ${passedBy.join("; ")})`;
  return { placement: PROCESSOR, name: "cpu", notes: [note], warnings: [] };
}

/** Why what is asked of the run cannot be had on a device. */
function obstacleOn(device: "cuda" | "webgpu", { float64, repeatable }: DeviceRequest): string | undefined {
  if (device === "webgpu" && float64 !== undefined) return `${float64}, and WebGPU has no float64`;
  return repeatable === true
    ? "runs on it repeat within rounding, not bit for bit as --deterministic asks (give --no_deterministic to allow it)"
    : undefined;
}

function chosen(
  device: "cuda" | "webgpu",
  name: string,
  { repeatable }: DeviceRequest,
  warnings: readonly string[],
): ChosenDevice {
  const repeats =
    repeatable === "warn"
      ? [`device ${name}: runs repeat within rounding, not bit for bit; --accelerator cpu repeats exactly`]
      : [];
  const placement = { device, repeatable: repeatable !== false };
  return { placement, name, notes: [], warnings: [...warnings, ...repeats] };
}

async function cuda(machine: Machine, asked: string): Promise<void> {
  const missing = (reason: string, cause?: unknown) =>
    new PtychoError(
      "EngineError",
      `--accelerator ${asked}: POLICY-001: no CUDA device can be used: ${reason}; ${CUDA_INSTALL}`,
      cause,
    );
  if (machine.cudaLibrary() === undefined)
    throw missing("the CUDA provider of ONNX Runtime is not installed");
  try {
    await machine.expectDevice("cuda");
  } catch (cause) {
    throw missing(firstLine(cause), cause);
  }
}

async function webgpu(machine: Machine): Promise<Adapter> {
  try {
    await machine.expectDevice("webgpu");
  } catch (cause) {
    throw new PtychoError(
      "EngineError",
      `--accelerator webgpu: POLICY-001: no WebGPU adapter can be used: ${firstLine(cause)}; ${WEBGPU_INSTALL}`,
      cause,
    );
  }
  return machine.adapter();
}

async function refusalOf(attempt: () => Promise<void>): Promise<string | undefined> {
  try {
    await attempt();
    return undefined;
  } catch (error) {
    return error instanceof PtychoError ? firstLine(error.cause ?? error) : firstLine(error);
  }
}

/** The end of what ONNX Runtime says, without the place in its sources. */
function firstLine(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  const [line] = text.split("\n");
  return line.replace(/^.* was false\. /, "").trim();
}
