// The scan of a reconstruction, ready for an engine: amplitudes with their bad pixels marked, positions, a probe.
import { check } from "../core/errors.js";
import { type ComplexArray, complex64 } from "../core/ndarray.js";
import { fingerprintFrames } from "../data/frame-source.js";
import { heldFrames } from "../data/held-frames.js";
import { openFrames } from "../data/open-frames.js";
import type { MaskChoice } from "../data/pixel-mask.js";
import { readProbeFile } from "../data/read-probe-file.js";
import type { ScanFrames } from "../data/scan-frames.js";
import { pcg64Random } from "../numeric/random-pcg64.js";
import { fingerprintOf } from "../training/checkpoint.js";
import type { ReconstructRequest, Work } from "./contract.js";
import { sourceOptions } from "./training-data.js";

/** A scan whose probe is the one asked for (undefined: to be estimated), and the identity of what was measured. */
export interface EngineScan extends ScanFrames {
  /** SHA-256 of patterns, mask and positions. */
  readonly sha256: string;
}

/** Edges of a pattern that the engines take. */
const ENGINE_SIZES = [16, 32, 64, 128, 256, 512, 1024];

/**
 * Reads and checks everything that is measured; the caller closes it.
 *
 * @throws PtychoError as `openFrames`, and DataError for a probe that was asked for and is not there.
 */
export async function* openEngineScan(
  request: Pick<ReconstructRequest, "file" | "scan" | "config" | "signal">,
): Work<EngineScan> {
  const { file, scan: given, signal } = request;
  const { engine, data, execution } = request.config.config;
  const mask: MaskChoice =
    engine.mask === "auto" || engine.mask === "file" || engine.mask === "none"
      ? engine.mask
      : { path: engine.mask };
  const fromFile = engine.probe === "auto" || engine.probe === "file";
  const options = { allowedN: ENGINE_SIZES, ignoreProbe: !fromFile, mask };
  const scan =
    given === undefined
      ? yield* openFrames(file, {
          ...{ ...options, signal },
          ...{ memoryBytes: engine.memory_limit * 2 ** 19, scratchFolder: execution.output_dir },
          ...sourceOptions(data),
        })
      : heldFrames(given, options);
  try {
    check(
      engine.probe !== "file" || scan.probe !== undefined,
      "DataError",
      () =>
        `--probe file: ${file} holds no probe; leave the option out to have one estimated, or name a file`,
    );
    const { frames, xPx, yPx } = scan;
    const named =
      fromFile || engine.probe === "estimate" ? undefined : await readProbeFile(engine.probe, frames.N);
    const positions = fingerprintOf([
      ["xPx", { dtype: "float64", shape: [xPx.length], data: xPx }],
      ["yPx", { dtype: "float64", shape: [yPx.length], data: yPx }],
    ]);
    return { ...scan, probe: named ?? scan.probe, sha256: `${fingerprintFrames(frames)} ${positions}` };
  } catch (error) {
    scan.close();
    throw error;
  }
}

/** Standard deviation of the factor that makes a further mode of the first one. */
const MODE_NOISE = 0.3;

/**
 * The probe with as many modes as asked for: fewer are cut off; more are the first one times complex white noise, the
 * same in every run, in which the engine finds the real ones.
 */
export function withModes(probe: ComplexArray, modes: number | null): ComplexArray {
  const [given, N] = probe.shape;
  if (modes === null || modes === given) return probe;
  const size = N * N;
  const grown = complex64([modes, N, N]);
  const kept = Math.min(given, modes) * size;
  grown.re.set(probe.re.subarray(0, kept));
  grown.im.set(probe.im.subarray(0, kept));
  const random = pcg64Random(0);
  for (let mode = given; mode < modes; mode++) {
    const noise = random.normal(0, MODE_NOISE, 2 * size);
    for (let i = 0; i < size; i++) {
      const [re, im] = [noise[2 * i], noise[2 * i + 1]];
      grown.re[mode * size + i] = re * probe.re[i] - im * probe.im[i];
      grown.im[mode * size + i] = re * probe.im[i] + im * probe.re[i];
    }
  }
  return grown;
}
