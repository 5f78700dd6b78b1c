// A batch of the container as the named inputs of the objective.
import { type ComplexArray, float32, type NdArray } from "../core/ndarray.js";
import { gatherBatch } from "../data/batches.js";
import type { AnyContainer } from "../data/container.js";
import { logGammaConstant } from "./log-gamma.js";
import type { Profile } from "./objective.js";

/** Grouped patterns with the probe in the scale of the profile. */
export interface BatchData<C extends AnyContainer = AnyContainer> {
  readonly container: C;
  readonly profile: Profile;
  /** [P, N, N]. */
  readonly probe: ComplexArray;
  /** What the measured probe was multiplied by. */
  readonly probeFactor: number;
}

/** The inputs of `buildObjective` for these groups. */
export function batchFeeds(data: BatchData, groups: Int32Array): Record<string, NdArray<"float32">> {
  const { container, profile, probe } = data;
  const { images, coordsRelative, labels } = gatherBatch(container, groups);
  const batch = groups.length;
  const each = (value: number): NdArray<"float32"> =>
    float32([batch, 1, 1, 1], new Float32Array(batch).fill(value));
  const feeds: Record<string, NdArray<"float32">> = {
    diffraction: images,
    positions: coordsRelative,
    probe_re: float32([1, 1, ...probe.shape], probe.re),
    probe_im: float32([1, 1, ...probe.shape], probe.im),
    input_scale: each(container.domain === "counts" ? container.rmsInputScale : 1),
  };
  if (container.domain === "counts") {
    feeds.output_scale = each(1 / data.probeFactor);
    feeds.experiment = float32([batch]);
    feeds.mean_intensity = float32([batch], new Float32Array(batch).fill(container.meanMeasuredIntensity));
    feeds.log_gamma = logGammaConstant(images, "counts");
  } else {
    const scale = Math.fround(container.physicsScale);
    feeds.physics_scale = each(scale);
    feeds.log_gamma = logGammaConstant(
      float32(
        images.shape,
        images.data.map((value) => value * scale),
      ),
      "amplitude",
    );
  }
  if (profile === "supervised" && labels !== undefined) {
    const { shape, re, im } = labels;
    feeds.label_amplitude = float32(
      shape,
      re.map((value, i) => Math.hypot(value, im[i])),
    );
    feeds.label_phase = float32(
      shape,
      re.map((value, i) => Math.atan2(im[i], value)),
    );
  }
  return feeds;
}
