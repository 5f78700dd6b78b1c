// The choice of the device, on machines that are made up; what the real one answers is in tests/accelerator.test.ts.
import { describe, expect, it } from "vitest";
import { PtychoError } from "../core/errors.js";
import { chooseDevice, type DeviceRequest, type Machine } from "./choose-device.js";
import type { Device } from "./device.js";
import { adapterOf } from "./webgpu-adapter.js";

interface Parts {
  readonly cudaInstalled?: boolean;
  readonly works?: readonly Device[];
  readonly adapter?: "hardware" | "software" | "unknown";
}

function machine({ cudaInstalled = false, works = [], adapter }: Parts): Machine & { asked: Device[] } {
  const asked: Device[] = [];
  return {
    asked,
    cudaLibrary: () => (cudaInstalled ? "/x/libonnxruntime_providers_cuda.so" : undefined),
    expectDevice: async (device) => {
      asked.push(device);
      if (!works.includes(device)) throw new PtychoError("EngineError", `no ${device} on this machine`);
    },
    mayHaveAdapter: () => adapter !== undefined,
    adapter: () => ({ kind: adapter ?? "unknown", name: "Adapter X" }),
  };
}

const choose = (request: DeviceRequest, parts: Parts) => chooseDevice(request, machine(parts));
const refused = async (request: DeviceRequest, parts: Parts): Promise<string> =>
  choose(request, parts).then(
    () => "not refused",
    (error: PtychoError) => `${error.tag}: ${error.message}`,
  );

describe("auto", () => {
  it.each<[string, Parts, Device]>([
    ["CUDA before WebGPU", { cudaInstalled: true, works: ["cuda", "webgpu"], adapter: "hardware" }, "cuda"],
    ["WebGPU on hardware", { works: ["webgpu"], adapter: "hardware" }, "webgpu"],
    ["no WebGPU on a software adapter", { works: ["webgpu"], adapter: "software" }, "cpu"],
    ["no WebGPU on an adapter that cannot be told", { works: ["webgpu"], adapter: "unknown" }, "cpu"],
    ["no CUDA that does not run", { cudaInstalled: true, works: ["webgpu"], adapter: "hardware" }, "webgpu"],
    ["the processor where there is nothing else", {}, "cpu"],
  ])("takes %s", async (_title, parts, device) => {
    expect((await choose({ accelerator: "auto" }, parts)).placement.device).toBe(device);
  });

  it("names what it passed by, and why", async () => {
    const parts = { cudaInstalled: true, works: ["webgpu"], adapter: "software" } as const;
    const { notes, name } = await choose({ accelerator: "auto" }, parts);
    expect(name).toBe("cpu");
    expect(notes).toEqual([
      "accelerator auto takes cpu (POLICY-001: no CUDA device in use; cuda: no cuda on this machine; " +
        "webgpu: Adapter X only emulates an adapter)",
    ]);
  });

  it("keeps to the processor for float64 on WebGPU, and for runs that must repeat", async () => {
    const parts = { cudaInstalled: true, works: ["cuda", "webgpu"], adapter: "hardware" } as const;
    const exact = await choose({ accelerator: "auto", repeatable: true }, parts);
    expect([exact.placement.device, exact.notes[0]]).toEqual([
      "cpu",
      expect.stringContaining("--deterministic"),
    ]);
    const double = await choose(
      { accelerator: "auto", float64: "it sums in float64" },
      { ...parts, works: ["webgpu"] },
    );
    expect([double.placement.device, double.notes[0]]).toEqual([
      "cpu",
      expect.stringContaining("WebGPU has no float64"),
    ]);
  });

  it("does not look for an adapter where there can be none", async () => {
    const bare = machine({});
    await chooseDevice({ accelerator: "auto" }, bare);
    expect(bare.asked).toEqual([]);
  });
});

describe("an accelerator asked for by name", () => {
  it("is never replaced by another", async () => {
    expect(await refused({ accelerator: "cuda" }, {})).toMatch(
      /^EngineError: --accelerator cuda: POLICY-001: .*not installed; install it with 'ONNXRUNTIME_NODE_INSTALL=cuda12 npm rebuild onnxruntime-node'/,
    );
    expect(await refused({ accelerator: "gpu" }, { cudaInstalled: true })).toMatch(
      /^EngineError: --accelerator gpu: POLICY-001: .*no cuda on this machine/,
    );
    expect(await refused({ accelerator: "webgpu" }, { adapter: "hardware" })).toMatch(
      /^EngineError: --accelerator webgpu: POLICY-001: .*install a Vulkan driver/,
    );
  });

  it("cuda and gpu are one", async () => {
    for (const accelerator of ["cuda", "gpu"] as const)
      expect((await choose({ accelerator }, { cudaInstalled: true, works: ["cuda"] })).placement.device).toBe(
        "cuda",
      );
  });

  it("webgpu runs on a software adapter with a warning that names it", async () => {
    const { placement, name, warnings } = await choose(
      { accelerator: "webgpu" },
      { works: ["webgpu"], adapter: "software" },
    );
    expect([placement.device, name]).toEqual(["webgpu", "webgpu (Adapter X)"]);
    expect(warnings).toEqual([expect.stringContaining("the adapter is Adapter X, software")]);
  });

  it("is refused for what it cannot do, before it is opened", async () => {
    const hardware = { works: ["webgpu", "cuda"], cudaInstalled: true, adapter: "hardware" } as const;
    expect(await refused({ accelerator: "webgpu", float64: "it sums in float64" }, hardware)).toBe(
      "UsageError: --accelerator webgpu: it sums in float64, and WebGPU has no float64; give '--accelerator cpu'",
    );
    for (const accelerator of ["cuda", "webgpu"] as const)
      expect(await refused({ accelerator, repeatable: true }, hardware)).toMatch(
        /^UsageError: .*repeat within rounding, not bit for bit as --deterministic asks/,
      );
  });

  it("says that runs on it may differ, unless that was allowed", async () => {
    const hardware = { works: ["webgpu"], adapter: "hardware" } as const;
    const warned = await choose({ accelerator: "webgpu", repeatable: "warn" }, hardware);
    expect(warned.warnings).toEqual([expect.stringContaining("within rounding, not bit for bit")]);
    expect(warned.placement.repeatable).toBe(true);
    const allowed = await choose({ accelerator: "webgpu", repeatable: false }, hardware);
    expect([allowed.warnings, allowed.placement.repeatable]).toEqual([[], false]);
  });
});

describe("the adapter of a process", () => {
  const swiftShader = "/opt/vk/libvk_swiftshader.so";
  const lavapipe = "/usr/lib/x86_64-linux-gnu/libvulkan_lvp.so";
  it.each([
    ["SwiftShader", { libraries: [swiftShader], openFiles: ["/dev/null"] }, "software", "SwiftShader"],
    ["llvmpipe", { libraries: [lavapipe], openFiles: [] }, "software", "llvmpipe"],
    [
      "a driver without its device beside llvmpipe",
      { libraries: ["/usr/lib/libvulkan_radeon.so", lavapipe], openFiles: [] },
      "software",
      "llvmpipe",
    ],
    [
      "an open render node",
      { libraries: [lavapipe, "/usr/lib/libvulkan_radeon.so"], openFiles: ["/dev/dri/renderD128"] },
      "hardware",
      "Mesa",
    ],
    [
      "an NVIDIA device",
      { libraries: ["/usr/lib/libGLX_nvidia.so.0"], openFiles: ["/dev/nvidia0"] },
      "hardware",
      "NVIDIA",
    ],
  ])("%s", (_title, view, kind, name) => {
    expect(adapterOf({ platform: "linux", ...view })).toEqual({ kind, name });
  });

  it("is hardware on a Mac, and unknown where nothing tells", () => {
    const nothing = { libraries: [], openFiles: [] };
    expect(adapterOf({ platform: "darwin", ...nothing }).kind).toBe("hardware");
    expect(adapterOf({ platform: "win32", ...nothing }).kind).toBe("unknown");
  });
});
