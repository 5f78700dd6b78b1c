// Parity of the rectangular scale fits with the PyTorch original: moments, per-pattern and dataset-level projection.
import {
  type ComplexArray,
  complex64,
  float32,
  isComplex,
  type NdArray,
  sizeOf,
} from "../../src/core/ndarray.js";
import { fittedScales } from "../../src/inference/fit-scales.js";
import { rectangularBasis } from "../../src/physics/forward-rectangular.js";
import { addToMoments, emptyMoments, solveMoments } from "../../src/physics/rect-scaling.js";
import {
  addToStatistics,
  type BasisImages,
  emptyStatistics,
  fitPattern,
  intensityOf,
  projectRankOne,
  scaleCanvas,
  solveLinear,
  swapChannels,
} from "../../src/physics/varpro.js";
import { solveAdam, solvePositiveNewton } from "../../src/physics/varpro-solvers.js";
import { compareAll, complexOf, realOf } from "./case-arrays.js";
import type { CaseArray, CaseArrays, CaseCheck } from "./check.js";
import { complexInput, realInput, runCase } from "./graph-case.js";

type Outputs = Record<string, CaseArray>;

export const rectangularFitChecks: Readonly<Record<string, CaseCheck>> = {
  rect_scaling: async (json, arrays) => {
    let moments = emptyMoments();
    for (let i = 0; i < json.config.batches; i++)
      moments = addToMoments(moments, ...fieldsOf(arrays, i), float(arrays[`I_${i}`]));
    const weighted = addToMoments(
      emptyMoments(),
      ...fieldsOf(arrays, 0),
      float(arrays.I_0),
      float(arrays.weights),
    );
    return compareAll(json, arrays, {
      M: float32([3, 3], Float32Array.from(moments.M)),
      b: float32([3], Float32Array.from(moments.b)),
      s: pair(solveMoments(moments)),
      s_weighted: pair(solveMoments(weighted)),
    });
  },

  rect_varpro_branch: async (json, arrays) => {
    const intensity = float(arrays.I_raw);
    const [batch, channels] = intensity.shape;
    const pixels = sizeOf(intensity.shape.slice(2));
    const mean = intensity.data.reduce((a, b) => a + b, 0) / intensity.data.length;
    const basis = await basisOf(arrays, complexInput(arrays, "x"), { scale: realInput(arrays, "scale") });
    const firstMode = await basisOf(firstModeOnly(arrays), complexInput(arrays, "x"), {
      scale: realInput(arrays, "scale"),
    });
    const coef: number[] = [];
    const single: number[] = [];
    const scales: number[] = [];
    const predicted: number[] = [];
    for (let pattern = 0; pattern < batch * channels; pattern++) {
      const cut = (values: Float32Array): Float32Array =>
        values.subarray(pattern * pixels, (pattern + 1) * pixels);
      const images = imagesOf(basis, cut);
      const fitted = Float32Array.from(fitPattern(images, cut(intensity.data), mean));
      const s = projectRankOne(fitted);
      coef.push(...fitted);
      scales.push(...s);
      predicted.push(...intensityOf(images, s, "legacy"));
      single.push(...fitPattern(imagesOf(firstMode, cut), cut(intensity.data), mean));
    }
    return compareAll(json, arrays, {
      coef: float32([batch, channels, 3], coef),
      coef_single: float32([batch, channels, 3], single),
      s: float32([batch, channels, 2], scales),
      I_pred: float32(intensity.shape, predicted),
      psi_a: basis.psiA,
      psi_b: basis.psiB,
    });
  },

  varpro_scaler: async (json, arrays) => {
    let statistics = emptyStatistics();
    const outputs: Outputs = {};
    for (let i = 0; i < json.config.batches; i++) {
      const patches = { re: realInput(arrays, `a_${i}`), im: realInput(arrays, `b_${i}`) };
      const basis = await basisOf(arrays, patches);
      basis.images.forEach((image, k) => {
        outputs[`X${k + 1}_${i}`] = image;
      });
      statistics = addToStatistics(statistics, imagesOf(basis), float(arrays[`I_${i}`]).data);
    }
    const minimum = fittedScales(statistics);
    Object.assign(outputs, {
      s_solve: pair(solveLinear(statistics)),
      s_direct: pair(solvePositiveNewton(statistics)),
      s_autograd: pair(solveAdam(statistics)),
      s_lbfgs: pair(minimum),
      s_lbfgs_swapped: pair(fittedScales(swapChannels(statistics))),
      ATA: float32([3, 3], Float32Array.from(statistics.ATA)),
      ATb: float32([3], Float32Array.from(statistics.ATb)),
      canvas_scaled: scaleCanvas(complexOf(arrays.canvas), minimum),
    });
    return compareAll(json, arrays, outputs);
  },
};

interface Basis {
  readonly psiA: ComplexArray;
  readonly psiB: ComplexArray;
  readonly images: readonly NdArray<"float32">[];
}

async function basisOf(
  arrays: CaseArrays,
  patches: Parameters<typeof rectangularBasis>[0],
  options: Parameters<typeof rectangularBasis>[2] = {},
): Promise<Basis> {
  const { psiA, psiB, images } = rectangularBasis(patches, complexInput(arrays, "probe"), options);
  const [x1, x2, x3] = images;
  const results = await runCase(arrays, { psiA, psiB, x1, x2, x3 });
  return {
    psiA: complexOf(results.psiA),
    psiB: complexOf(results.psiB),
    images: [float(results.x1), float(results.x2), float(results.x3)],
  };
}

function imagesOf(basis: Basis, cut = (values: Float32Array): Float32Array => values): BasisImages {
  const [x1, x2, x3] = basis.images.map((image) => cut(image.data));
  return [x1, x2, x3];
}

/** The case with only the first probe mode. */
function firstModeOnly(arrays: CaseArrays): CaseArrays {
  const probe = complexOf(arrays.probe);
  const [b, c, modes, h, w] = probe.shape;
  const pick = (values: Float32Array): Float32Array =>
    values.filter((_, i) => Math.floor(i / (h * w)) % modes === 0);
  return { ...arrays, probe: complex64([b, c, 1, h, w], pick(probe.re), pick(probe.im)) };
}

function fieldsOf(arrays: CaseArrays, batch: number): [ComplexArray, ComplexArray] {
  return [complexOf(arrays[`psi_a_${batch}`]), complexOf(arrays[`psi_b_${batch}`])];
}

function float(array: CaseArray): NdArray<"float32"> {
  if (isComplex(array) || realOf(array).dtype !== "float32") throw new TypeError("expected a float32 array");
  return array as NdArray<"float32">;
}

const pair = (s: readonly [number, number]): NdArray<"float32"> => float32([2], [...s]);
