// What a comparison found, as numbers: the JSON file, and what the page shows.
import type { ReconstructionMetrics } from "../../evaluation/evaluate-reconstruction.js";
import type { Window } from "../../evaluation/window.js";

export interface ComparisonFigures {
  /** What was compared; the first is what the others were registered to. */
  readonly inputs: readonly ComparedInput[];
  /** What is scored, in the frame of the first, whole pixels. */
  readonly rectangle: Window;
  /** Each reconstruction against the truth, or every pair of them. */
  readonly comparisons: readonly Comparison[];
  /** Of the reconstructions beside which the run.json of their run stands. */
  readonly differences: RunDifferences;
}

export interface ComparedInput {
  readonly label: string;
  readonly path: string;
  readonly role: "truth" | "reconstruction";
  /** [H, W] of its canvas. */
  readonly shape: readonly number[];
  readonly pixel_size_m: number | null;
  /** [x, y]: it matches the first at position + shift, each in its own frame. */
  readonly shift_px: readonly [number, number];
  /** Slope [x, y] of its phase over that of the first; this was taken off. */
  readonly ramp_rad_per_px: readonly [number, number];
  /** What its amplitude was multiplied by. */
  readonly amplitude_scale: number;
  /** Whether the origins in the files told where it lies, or the pictures did. */
  readonly placed_by: "files" | "pictures";
  /** Complex correlation with the first, see FoundPlace. */
  readonly agreement: number;
}

export interface Comparison {
  /** Label of what counted as the truth. */
  readonly against: string;
  readonly label: string;
  readonly metrics: ReconstructionMetrics;
}

export interface RunDifferences {
  /** Labels, in the order of `values`. */
  readonly labels: readonly string[];
  readonly rows: readonly RunDifference[];
}

export interface RunDifference {
  /** Which part of the record, such as "field". */
  readonly of: string;
  readonly name: string;
  /** In words, one for each label. */
  readonly values: readonly string[];
}
