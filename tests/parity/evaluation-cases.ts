// Parity of the evaluation: figures of merit, their steps, registration and crops, shell correlation.
import { check } from "../../src/core/errors.js";
import { type ComplexArray, complex64, type NdArray } from "../../src/core/ndarray.js";
import { removePlane } from "../../src/evaluation/align.js";
import {
  meanAbsoluteError,
  meanSquaredError,
  type RealImage,
  structuralSimilarity,
  structuralSimilarityMap,
} from "../../src/evaluation/metrics.js";
import { multiscaleSimilarity } from "../../src/evaluation/multiscale-similarity.js";
import {
  centralShellCurve,
  type OriginalFiguresOptions,
  originalFigures,
  psnrPeak255,
} from "../../src/evaluation/original-figures.js";
import {
  matchPhasePlane,
  originalFrcPair,
  PAIR_PROPERTIES,
  phaseVariation,
} from "../../src/evaluation/original-frc-pair.js";
import { splitFrequencies, symmetrised } from "../../src/evaluation/original-steps.js";
import {
  crossShellMeans,
  shellCorrelation,
  shellCutoff,
  snrThreshold,
} from "../../src/evaluation/shell-correlation.js";
import { mean } from "../../src/numeric/statistics.js";
import { complexOf, realOf } from "./case-arrays.js";
import type { CaseArrays, CaseCheck, CaseJson, CheckResult } from "./check.js";
import { compareValues, expectRefusal, numbers } from "./data-compare.js";
import { registrationChecks } from "./registration-cases.js";

const FIGURES = {
  mae: 1e-5,
  mse: 1e-5,
  psnr: 1e-3,
  ssim: 1e-5,
  ms_ssim: 1e-5,
  frc50: 1e-3,
  frc1over7: 1e-3,
} as const;
const CURVE = 1e-4;

export const evaluationChecks: Readonly<Record<string, CaseCheck>> = {
  eval_reconstruction: async (json, arrays) => {
    const truth = complexOf(arrays.ground_truth);
    const figuresOf = (pair: string, option: number) =>
      originalFigures(truth, complexOf(arrays[`pred_${pair}`]), optionsOf(json.config, option));
    return [
      ...json.expected.metrics.flatMap((row: CaseJson) => figureChecks(row, figuresOf(row.pair, row.option))),
      ...Object.keys(arrays)
        .filter((name) => name.startsWith("frc_"))
        .map((name): CheckResult => {
          const [, pair, option] = name.split("_");
          const { amplitude, phase } = figuresOf(pair, Number(option.slice(1)));
          return compareValues(name, [...amplitude.frc, ...phase.frc], numbers(arrays[name]), CURVE);
        }),
      ...refusals(json.expected.errors, truth),
    ];
  },

  eval_pieces: async (json, arrays) => [...pieceChecks(arrays), ...cutoffChecks(json.expected.crossing)],

  eval_torch_frc: async (json, arrays) => torchPairChecks(json, arrays),

  ...registrationChecks,
};

function optionsOf(config: CaseJson, option: number): OriginalFiguresOptions {
  const asked = config.options[option];
  return {
    trimPx: (asked.offset ?? config.offset) / 2,
    ...(asked.phase_align_method !== undefined && { phaseAlign: asked.phase_align_method }),
    ...(asked.frc_sigma !== undefined && { frcSigma: asked.frc_sigma }),
    ...(asked.ms_ssim_sigma !== undefined && { msSsimSigmaPx: asked.ms_ssim_sigma }),
  };
}

function figureChecks(row: CaseJson, figures: ReturnType<typeof originalFigures>): CheckResult[] {
  const named = [figures.amplitude, figures.phase].map((image) => ({
    ...image,
    psnr: image.psnr_peak255,
    frc50: image.frc50_shell,
    frc1over7: image.frc1over7_shell,
  }));
  return Object.entries(FIGURES).map(([figure, tolerance]) =>
    compareValues(
      `${row.pair} option ${row.option} ${figure}`,
      named.map((image) => image[figure as keyof typeof FIGURES]),
      row[figure],
      tolerance,
    ),
  );
}

/** What the original refuses we refuse; what it answers with NaN for an empty truth has no figure here either. */
function refusals(rows: CaseJson[], truth: ComplexArray): CheckResult[] {
  const [H, W] = truth.shape;
  const cut = complex64([H - 1, W], truth.re.slice(W), truth.im.slice(W));
  const broken = complex64(
    [H, W],
    truth.re.map(() => Number.NaN),
    truth.im,
  );
  const flat = complex64([1, H, W], truth.re, truth.im);
  const acts: Record<string, () => unknown> = {
    gt_2d: () => originalFigures(flat, truth),
    shape_mismatch: () => originalFigures(truth, cut),
    pred_nan: () => originalFigures(truth, broken),
    odd_offset: () => originalFigures(truth, truth, { trimPx: 2.5 }),
  };
  return rows.map(({ name }): CheckResult => {
    const act = acts[name];
    if (act !== undefined) return expectRefusal(name, act, []);
    if (name === "unknown_align")
      return { name, passed: true, detail: "the type of phaseAlign has no third value" };
    if (name === "offset_zero") {
      // A trim of 0 trims nothing here: the original's slice [0:-0] is empty, which no one asks for.
      const whole = originalFigures(truth, truth, { trimPx: 0 });
      return { name, passed: whole.amplitude.mae === 0, detail: "a trim of 0 keeps the whole image" };
    }
    if (name === "zero_target") {
      const nothing = complex64([H, W]);
      return expectRefusal(name, () => originalFigures(nothing, nothing), ["mean"]);
    }
    return { name, passed: false, detail: "this refusal has no check" };
  });
}

function pieceChecks(arrays: CaseArrays): CheckResult[] {
  const image = (name: string) => realOf(arrays[name]) as RealImage;
  const [a, b] = [image("a"), image("b")];
  const plus = (by: RealImage, value: number): NdArray<"float64"> => ({
    ...by,
    dtype: "float64",
    data: Float64Array.from(by.data, (v) => v + value),
  });
  const [raisedA, raisedB] = [plus(a, 3), plus(b, 3)];
  const toMean = (truth: RealImage, found: RealImage): NdArray<"float64"> => {
    const scale = mean(truth.data) / mean(found.data);
    return { ...found, dtype: "float64", data: Float64Array.from(found.data, (v) => v * scale) };
  };
  const negative: NdArray<"float64"> = { ...a, dtype: "float64", data: Float64Array.from(a.data, (v) => -v) };
  const means = crossShellMeans(a, b);
  const nonsquare = centralShellCurve(image("nonsquare"), image("nonsquare_noisy"));
  const actual: Record<string, ArrayLike<number>> = {
    fsc: shellCorrelation(a, b),
    spinavej: [...means.re, ...means.im],
    ssim: [structuralSimilarity(a, b, 4)],
    ssim_map: structuralSimilarityMap(a, b, 4, "mirror").data,
    ms_ssim_0: [multiscaleSimilarity(a, b)],
    ms_ssim_1: [multiscaleSimilarity(a, b, { sigmaPx: 1 })],
    ms_ssim_2: [multiscaleSimilarity(a, b, { levels: 2 })],
    ms_ssim_3: [multiscaleSimilarity(a, b, { levels: 3, sigmaPx: 0.5 })],
    ms_ssim_negative: [multiscaleSimilarity(a, negative)],
    psnr: [
      psnrPeak255(a, b),
      psnrPeak255(raisedA, toMean(raisedA, raisedB)),
      psnrPeak255(a, b),
      psnrPeak255(a, a),
    ],
    mae: [meanAbsoluteError(raisedA, toMean(raisedA, raisedB)), meanAbsoluteError(a, b)],
    mse: [meanSquaredError(raisedA, toMean(raisedA, raisedB)), meanSquaredError(a, b)],
    plane_removed: removePlane(image("phase")).data,
    plane_matched: removePlane(image("phase"), image("phase_ref")).data,
    highpass_3: splitFrequencies(a, 3).high.data,
    lowpass_3: splitFrequencies(a, 3).low.data,
    // The original's n = 1 subtracts the mean, whichever of the two is asked for.
    highpass_1: splitFrequencies(a, 0).high.data,
    symmetrize: symmetrised(a).data,
    nonsquare_frc: nonsquare,
    nonsquare_frc50: [shellCutoff(nonsquare, 0.5)],
  };
  const inputs = ["a", "b", "phase", "phase_ref", "nonsquare", "nonsquare_noisy"];
  return Object.keys(arrays)
    .filter((name) => !inputs.includes(name))
    .map((name) => {
      const reference = numbers(arrays[name]);
      const largest = reference.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
      // NumPy transforms a float32 image in single precision.
      const tolerance = name.startsWith("nonsquare") ? CURVE : 1e-6 * largest;
      return actual[name] === undefined
        ? { name, passed: false, detail: "was not computed" }
        : compareValues(name, actual[name], reference, tolerance);
    });
}

function cutoffChecks(rows: CaseJson[]): CheckResult[] {
  return rows.flatMap(({ curve, frc50, frc1over7 }: CaseJson, i: number) =>
    [
      ["1/2", 1 / 2, frc50],
      ["1/7", 1 / 7, frc1over7],
    ].map(([name, threshold, expected]) =>
      compareValues(
        `crossing ${i} at ${name}`,
        [shellCutoff(curve.map(Number), threshold)],
        [Number(expected)],
        1e-6,
      ),
    ),
  );
}

function torchPairChecks({ expected }: CaseJson, arrays: CaseArrays): CheckResult[] {
  const first = complexOf(arrays.img1);
  const pairs = new Map<string, readonly [ComplexArray, ComplexArray]>();
  for (const name of Object.keys(arrays)) {
    const found = /^pre1_(.+)_([a-z]+)$/.exec(name);
    if (found === null) continue;
    const property = PAIR_PROPERTIES.find((known) => known === found[2]);
    check(property !== undefined, "DataError", () => `eval_torch_frc: unknown property in ${name}`);
    const second = complexOf(arrays[`img2_${found[1]}`]);
    pairs.set(`${found[1]}_${property}`, originalFrcPair(first, second, { property: property!, taperPx: 8 }));
  }
  const plain = originalFrcPair(first, complexOf(arrays.img2_noisy), { align: false, taperPx: 5 });
  const ramped = complexOf(arrays.img2_ramped);
  const side = first.shape[0];
  const actual: Record<string, ArrayLike<number>> = {
    noalign_fsc: shellCorrelation(...plain),
    noalign_x1: Array.from(
      arrays.noalign_x1.shape[0] === 0 ? [] : shellCorrelation(...plain),
      (_, r) => r / (side / 2),
    ),
    threshold: snrThreshold(side, 0.1),
    threshold_half: snrThreshold(side, 0.5),
    x2: Array.from(snrThreshold(side, 0.1), (_, r) => r / (side / 2)),
    match_self: numbers(matchPhasePlane(ramped)),
    match_ref: numbers(matchPhasePlane(ramped, first, "uniform")),
    variation_image: phaseVariation(first).data,
  };
  const results = Object.keys(arrays)
    .filter((name) => !name.startsWith("img"))
    .map((name): CheckResult => {
      const [, part, key] = /^(pre1|pre2|fsc)_(.+)$/.exec(name) ?? [];
      const pair = pairs.get(key ?? "");
      const value =
        pair === undefined
          ? actual[name]
          : part === "fsc"
            ? shellCorrelation(...pair)
            : numbers(pair[part === "pre1" ? 0 : 1]);
      if (value === undefined) return { name, passed: false, detail: "was not computed" };
      return compareValues(name, value, numbers(arrays[name]), CURVE);
    });
  const cut = complex64([side - 1, side], first.re.slice(side), first.im.slice(side));
  const flat = complex64([1, side, side], first.re, first.im);
  const acts: Record<string, () => unknown> = {
    shape: () => originalFrcPair(first, cut),
    ndim: () => originalFrcPair(flat, flat),
  };
  const refused = expected.errors
    .filter(({ name }: CaseJson) => name in acts)
    .map(({ name }: CaseJson) => expectRefusal(name, acts[name], []));
  return [...results, ...refused];
}
