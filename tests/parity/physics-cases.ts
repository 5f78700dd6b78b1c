// Parity of the physics with the PyTorch original: diffraction, translation and the two forward profiles.
import { constant, log, mul, scalar } from "../../src/compute/build-elementwise.js";
import { reshape, sum } from "../../src/compute/build-shape.js";
import { gradients } from "../../src/compute/differentiate.js";
import type { Expr } from "../../src/compute/expr.js";
import { isComplex, type NdArray } from "../../src/core/ndarray.js";
import { softProbeMask } from "../../src/data/probe-normalisation.js";
import { type ComplexExpr, mapParts } from "../../src/physics/complex.js";
import { coherentAmplitude, illuminateAndDiffract } from "../../src/physics/diffraction.js";
import { type ForwardInputs, forwardAmplitude } from "../../src/physics/forward-amplitude.js";
import { forwardRectangular } from "../../src/physics/forward-rectangular.js";
import { canvasSizeOf, type OverlapRule } from "../../src/physics/overlap.js";
import { translate } from "../../src/physics/translate.js";
import { compareAll } from "./case-arrays.js";
import type { CaseArrays, CaseCheck, CaseJson } from "./check.js";
import { complexInput, realInput, runCase } from "./graph-case.js";
import { lossChecks } from "./loss-cases.js";
import { rectangularFitChecks } from "./rectangular-fit-cases.js";
import { scaleFactorChecks } from "./scale-factor-cases.js";

export const physicsChecks: Readonly<Record<string, CaseCheck>> = {
  ...lossChecks,
  ...rectangularFitChecks,
  ...scaleFactorChecks,

  pad_and_diffract: async (json, arrays) => {
    const x = complexInput(arrays, "x");
    const amplitude = coherentAmplitude(x, json.config.pad).values;
    const outputs = await runCase(arrays, { amplitude, ...scalarGradients(arrays, amplitude, x) });
    return compareAll(json, arrays, outputs);
  },

  illuminate_and_diffract: async (json, arrays) => {
    const { intensity, scaledProbe } = illuminateAndDiffract(
      complexInput(arrays, "obj"),
      complexInput(arrays, "probe"),
      json.config.nphotons,
    );
    const outputs = await runCase(arrays, { intensity: intensity.values, scaled_probe: scaledProbe });
    return compareAll(json, arrays, outputs);
  },

  translation: async (json, arrays) => {
    const shifts = reshape(realInput(arrays, "offset"), [arrays.img.shape[0], 2]);
    const cot = realInput(arrays, "cot");
    const like = (moved: Expr): Expr => reshape(moved, cot.shape);
    const results = [];
    for (const sampling of ["exact", "float32Grid"] as const) {
      let out: Expr | ComplexExpr;
      let grad: Expr;
      if (isComplex(arrays.img)) {
        const img = complexInput(arrays, "img");
        out = mapParts(img, (part) => like(translate(part, shifts, sampling)));
        [grad] = gradients(sum(mul(cot, out.re)), [img.re]);
      } else {
        const img = realInput(arrays, "img");
        out = like(translate(img, shifts, sampling));
        [grad] = gradients(sum(mul(cot, out)), [img]);
      }
      const outputs = await runCase(arrays, { out, grad_re: grad });
      for (const result of compareAll(json, arrays, outputs))
        results.push({ ...result, name: `${result.name} (${sampling})` });
    }
    return results;
  },

  forward_amplitude: async (json, arrays) => {
    const inputs = forwardInputs(json, arrays);
    const { model_config: model } = json.config;
    const { merged, patches, illuminated, prediction } = forwardAmplitude(inputs, {
      physicsGain: model.amplitude_physics_gain ?? 1,
      ...(model.intensity_scale_trainable
        ? {
            trained: {
              logIntensityScale: log(scalar(model.intensity_scale ?? 10000)),
              alpha: realInput(arrays, "alpha"),
              beta: realInput(arrays, "beta"),
              experimentIds: realInput(arrays, "experiment_ids"),
            },
          }
        : {}),
    });
    const outputs = await runCase(arrays, {
      illuminated,
      merged: merged?.canvas,
      merged_support: merged?.support,
      extracted: merged && patches,
      pred: prediction.values,
      ...scalarGradients(arrays, prediction.values, inputs.patches),
    });
    return compareAll(json, arrays, { ...outputs, probe_mask: maskOf(json) ?? onesMask(json) });
  },

  forward_rectangular: async (json, arrays) => {
    const inputs = forwardInputs(json, arrays);
    const [s1, s2] = [realInput(arrays, "s1"), realInput(arrays, "s2")];
    const experimentIds = realInput(arrays, "experiment_ids");
    const { merged, patches, prediction } = forwardRectangular(inputs, { s1, s2, experimentIds });
    const pred = prediction.values;
    const [gradS1, gradS2] = gradients(sum(mul(realInput(arrays, "cot"), pred)), [s1, s2]);
    const outputs = await runCase(arrays, {
      pred,
      grad_s1: gradS1,
      grad_s2: gradS2,
      merged: merged?.canvas,
      merged_support: merged?.support,
      extracted: merged && patches,
      ...scalarGradients(arrays, pred, inputs.patches),
    });
    return compareAll(json, arrays, { ...outputs, probe_mask: maskOf(json) ?? onesMask(json) });
  },
};

/** Gradients of sum(cot * y) and of sum(y^2) with respect to a complex input. */
function scalarGradients(arrays: CaseArrays, y: Expr, x: ComplexExpr): Record<string, Expr> {
  const [cotRe, cotIm] = gradients(sum(mul(realInput(arrays, "cot"), y)), [x.re, x.im]);
  const [squareRe, squareIm] = gradients(sum(mul(y, y)), [x.re, x.im]);
  return { grad_cot_re: cotRe, grad_cot_im: cotIm, grad_sumsq_re: squareRe, grad_sumsq_im: squareIm };
}

function forwardInputs(json: CaseJson, arrays: CaseArrays): ForwardInputs {
  const mask = maskOf(json);
  const overlap = overlapOf(json);
  return {
    patches: complexInput(arrays, "x"),
    positions: realInput(arrays, "positions"),
    probe: complexInput(arrays, "probe"),
    outputScale: realInput(arrays, "output_scale"),
    ...(mask && { probeMask: constant(mask) }),
    ...(overlap && { overlap }),
  };
}

function overlapOf({
  config: { data_config: data, model_config: model },
}: CaseJson): OverlapRule | undefined {
  if (model.object_big === false) return undefined;
  return {
    weighting: model.training_patch_weighting ?? "central_mask",
    canvasSize: canvasSizeOf(data.N, data.grid_size[0], data.max_neighbor_distance ?? 3),
    support: "legacy",
  };
}

function maskOf({
  config: { data_config: data, model_config: model },
}: CaseJson): NdArray<"float32"> | undefined {
  if (model.probe_mask !== true) return undefined;
  return softProbeMask(data.N, model.probe_mask_sigma ?? 1, model.probe_mask_diameter ?? data.N / 2);
}

function onesMask({ config: { data_config: data } }: CaseJson): NdArray<"float32"> {
  return { dtype: "float32", shape: [data.N, data.N], data: new Float32Array(data.N * data.N).fill(1) };
}
