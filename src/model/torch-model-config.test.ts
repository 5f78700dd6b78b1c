import { describe, expect, it } from "vitest";
import { modelDefaults } from "./model-options.js";
import { optionsFromTorch } from "./torch-model-config.js";

describe("optionsFromTorch", () => {
  it("takes the original's defaults: a big object of four images", () => {
    expect(optionsFromTorch({}, {})).toEqual({ ...modelDefaults, channels: 4 });
    expect(optionsFromTorch({ object_big: false }, { N: 128 })).toEqual({ ...modelDefaults, N: 128 });
  });

  it("has real and imaginary planes in unsupervised mode only", () => {
    const fields = { cnn_output_mode: "real_imag" };
    expect(optionsFromTorch(fields, {}).outputKind).toBe("real_imag");
    expect(optionsFromTorch({ ...fields, mode: "Supervised" }, {}).outputKind).toBe("amp_phase");
  });

  it("reads the legacy decoder fields only with their switch", () => {
    const fields = { decoder_last_c_outer_fraction: 0.25, decoder_last_amp_channels: 4 };
    expect(optionsFromTorch(fields, {}).legacyDecoder).toBeUndefined();
    const on = optionsFromTorch({ ...fields, use_legacy_decoder_channel_override: true }, {});
    expect(on.legacyDecoder).toEqual({ outerFraction: 0.25, amplitudeChannels: 4 });
  });

  it("passes over physics and losses, and refuses fields it has never heard of", () => {
    expect(() => optionsFromTorch({ loss_function: "MAE", probe_mask: null }, {})).not.toThrow();
    expect(() => optionsFromTorch({ batch_nrom: true }, {})).toThrow(
      "model_config: unknown field 'batch_nrom'; the nearest known one is 'batch_norm'",
    );
    expect(() => optionsFromTorch({ batch_norm: "yes" }, {})).toThrow('expected a boolean, got "yes"');
    expect(() => optionsFromTorch({}, { N: "64" })).toThrow("data_config.N: expected a number");
  });
});
