// Whether a device of the compute engine can be used on this machine; a software adapter will do (docs/execution-config.md).
import type { Device } from "../src/compute/device.js";
import { cudaLibrary, expectDevice } from "../src/compute/runtime.js";
import { mayHaveAdapter } from "../src/compute/webgpu-adapter.js";

/** The devices besides the processor that run programs here; VK_ICD_FILENAMES may name a software driver. */
export async function devicesHere(): Promise<readonly Device[]> {
  const worthATry: Device[] = [
    ...(mayHaveAdapter() || process.env.VK_ICD_FILENAMES !== undefined ? (["webgpu"] as const) : []),
    ...(cudaLibrary() === undefined ? [] : (["cuda"] as const)),
  ];
  const there: Device[] = [];
  for (const device of worthATry)
    await expectDevice(device).then(
      () => there.push(device),
      () => {},
    );
  return there;
}

/** For the title of a test that is skipped without its device. */
export const whereThere = "where the machine has it, else skipped";
