// The NPZ variants: what the scan reader makes of each, against the original's PyTorch loader.

import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { isPtychoError } from "../../src/core/errors.js";
import { readScan, toScan } from "../../src/data/read-scan.js";
import { parseNpz } from "../../src/formats/npz.js";
import type { CaseCheck, CaseJson, CheckResult } from "./check.js";

/** Where the contracts decide against the original's loader; a reason for each, by what is wrong with the file. */
const DEVIATIONS: readonly { readonly when: RegExp; readonly reason: string }[] = [
  { when: /fits both \(n, H, W\) and/, reason: "D45: equal axes ask for the axis order" },
  { when: /must hold real numbers, got complex/, reason: "imaginary parts are not dropped in silence" },
  { when: /holds no patterns/, reason: "an empty scan is refused at the door" },
  { when: /scan position \d+ is/, reason: "FAULTS 20: positions that are not finite are refused" },
  { when: /expected square ones/, reason: "FAULTS 14: patterns must be square" },
];

export const dataFileChecks: Readonly<Record<string, CaseCheck>> = {
  npz_variants: async (json, arrays, folder) =>
    Promise.all(
      Object.entries<CaseJson>(json.expected.variants).map(async ([name, loaders]): Promise<CheckResult> => {
        const options = {
          domain: "amplitude",
          onDomainConflict: "warn",
          allowedN: [json.config.N],
          truth: false,
        } as const;
        const bytes = arrays[`bytes_${name.replace(/\.npz$/, "")}`];
        const path = join(folder, "samples", json.kind, name);
        const wanted = wantedOf(loaders);
        try {
          const { raw } =
            bytes !== undefined
              ? toScan(parseNpz(Buffer.from((bytes as CaseJson).data), name), name, options)
              : await readScan(path, options);
          if (typeof wanted === "string")
            return { name, passed: false, detail: `read, but expected: ${wanted}` };
          const diffraction = digest(raw.diffraction.array.data) === wanted.diffraction;
          const positions = digest(raw.xPx) === wanted.xcoords || wanted.xcoords === undefined;
          return {
            name,
            passed: diffraction && positions,
            detail: `diffraction ${diffraction}, xcoords ${positions}`,
          };
        } catch (error) {
          if (!isPtychoError(error)) throw error;
          if (typeof wanted === "string") return { name, passed: true, detail: error.message };
          const deviation = DEVIATIONS.find(({ when }) => when.test(error.message));
          const absent = !existsSync(path) && bytes === undefined ? " (sample file absent)" : "";
          return {
            name,
            passed: deviation !== undefined,
            detail: deviation?.reason ?? `refused: ${error.message}${absent}`,
          };
        }
      }),
    ),
};

/** Digests of the fields as float32 patterns and float64 positions, or the original's refusal. */
function wantedOf(loaders: CaseJson): string | { diffraction: string; xcoords: string | undefined } {
  const {
    torch_stack: stack,
    torch_headers: headers,
    torch_writer_check: writer,
    memmap_bridge: bridge,
  } = loaders;
  const refusal = [stack, headers, writer].find(({ status }) => status === "error")?.error.message;
  // Only the object guess is optional here, where the original's writer demands it.
  if (refusal !== undefined && !/objectGuess|^Object arrays/.test(refusal)) return refusal;
  const narrow = (field: CaseJson) => field?.dtype === "float32" || field?.dtype === "complex64";
  const pattern = narrow(stack.fields.diffraction) ? stack.fields.diffraction : bridge.fields?.diff3d;
  const coordinate = headers.fields.xcoords;
  return {
    diffraction: pattern.sha256,
    xcoords: coordinate.dtype === "float64" ? coordinate.sha256 : bridge.fields?.xcoords.sha256,
  };
}

function digest(data: Float32Array | Float64Array): string {
  return createHash("sha256")
    .update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    .digest("hex")
    .slice(0, 16);
}
