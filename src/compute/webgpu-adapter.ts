// Which graphics adapter the WebGPU sessions of this process run on. ONNX Runtime does not tell, the system does: the
// driver is among the libraries that the process has loaded, and a driver of real hardware holds its device file open.
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

export interface Adapter {
  readonly kind: "hardware" | "software" | "unknown";
  /** As the user may know it: "SwiftShader", "Mesa radeon". */
  readonly name: string;
}

/** What the system shows of a process. */
export interface ProcessView {
  readonly platform: string;
  /** Paths of the libraries that are loaded. */
  readonly libraries: readonly string[];
  /** Paths that file descriptors are open on. */
  readonly openFiles: readonly string[];
}

const DRIVERS: readonly (readonly [RegExp, string])[] = [
  [/libvk_swiftshader/, "SwiftShader"],
  [/libvulkan_lvp/, "llvmpipe"],
  [/libGLX_nvidia|libnvidia-/, "NVIDIA"],
  [/libvulkan_(\w+)\.so/, "Mesa"],
  [/libamdvlk|amdvlk/, "AMD"],
];

const GRAPHICS_DEVICE = /^\/dev\/(dri\/|nvidia|dxg|kfd|mali|kgsl)/;

/** The adapter behind an open WebGPU session. */
export function adapterOf({ platform, libraries, openFiles }: ProcessView): Adapter {
  // Metal has no software adapter.
  if (platform === "darwin") return { kind: "hardware", name: "Metal" };
  if (platform !== "linux") return { kind: "unknown", name: "an adapter that cannot be told from here" };
  const hardware = openFiles.some((path) => GRAPHICS_DEVICE.test(path));
  const found = DRIVERS.filter(([pattern]) => libraries.some((path) => pattern.test(path)));
  const own = hardware ? found.filter(([, name]) => name !== "SwiftShader" && name !== "llvmpipe") : found;
  const [, name] = own[0] ?? [undefined, "unknown driver"];
  return { kind: hardware ? "hardware" : "software", name };
}

/** Whether this machine may have a graphics adapter at all, so that looking for one is worth its time. */
export function mayHaveAdapter(): boolean {
  if (process.platform !== "linux") return true;
  return ["/dev/dri", "/dev"].some((folder) =>
    entries(folder).some((name) => /^(renderD|nvidia\d|dxg$)/.test(name)),
  );
}

/** This process. */
export function thisProcess(): ProcessView {
  if (process.platform !== "linux") return { platform: process.platform, libraries: [], openFiles: [] };
  const libraries = readFileSync("/proc/self/maps", "utf8").match(/\/\S+\.so\S*/g) ?? [];
  const openFiles = entries("/proc/self/fd").map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return ""; // the descriptor that listed the folder
    }
  });
  return { platform: "linux", libraries: [...new Set(libraries)], openFiles };
}

function entries(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // not there
  }
}
