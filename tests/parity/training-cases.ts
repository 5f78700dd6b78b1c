// Parity of the training objective with the PyTorch original; and, from their own files, trajectories and optimisers.

import { compareAll, compareNumber } from "./case-arrays.js";
import type { CaseArray, CaseCheck, CaseJson, CheckResult } from "./check.js";
import {
  calibratedScale,
  compileLoss,
  type LossProgram,
  meanOf,
  normsOf,
  withScales,
} from "./loss-program.js";
import { optimiserChecks } from "./optimiser-cases.js";
import { batchFeeds } from "./training-feeds.js";
import { setUp } from "./training-setup.js";
import { trajectoryChecks } from "./trajectory-cases.js";

/** The original calibrates in float32, as we do. */
const CALIBRATION_TOLERANCE = 4e-6;

export const trainingChecks: Readonly<Record<string, CaseCheck>> = {
  ...optimiserChecks,
  ...trajectoryChecks,

  compute_loss: async (json, arrays) => {
    const actual: Record<string, CaseArray> = {};
    const results: CheckResult[] = [];
    for (const [variant, config] of Object.entries<CaseJson>(json.config.variants)) {
      const setup = setUp(config, arrays);
      const program = await compileLoss(setup, batchFeeds(setup.settings.profile, arrays));
      try {
        const { gradient, ...outputs } = await program.run(setup.weights);
        Object.assign(
          actual,
          Object.fromEntries(Object.entries(outputs).map(([name, value]) => [`${name}.${variant}`, value])),
          Object.fromEntries(
            Object.entries(gradient).map(([name, value]) => [`grad.${variant}.${name}`, value]),
          ),
        );
        actual[`grad_norms.${variant}`] = normsOf(gradient, json.info.param_names);
        if (setup.settings.profile === "counts") results.push(...(await calibration(program, json)));
      } finally {
        await program.release();
      }
    }
    return [...compareAll(json, arrays, actual), ...results];
  },
};

/** The scale that training would start s1 and s2 from, and the mean prediction with it. */
async function calibration(program: LossProgram, json: CaseJson): Promise<CheckResult[]> {
  const recorded = json.info.calibrate_rect_s1s2;
  if (recorded === undefined) return [];
  const scale = await calibratedScale(program, recorded.with_s1_s2_set_to);
  const { pred } = await program.run(withScales(program.setup, scale));
  const [prediction, target] = recorded.post_calibration_means_pred_target;
  return [
    compareNumber("calibrated scale", scale, recorded.returned, CALIBRATION_TOLERANCE),
    compareNumber("calibrated mean prediction", meanOf(pred), prediction, CALIBRATION_TOLERANCE),
    compareNumber("mean target", meanOf(program.feeds.diffraction), target, CALIBRATION_TOLERANCE),
  ];
}
