import { describe, expect, it } from "vitest";
import { modelDefaults } from "./model-options.js";
import { buildNetwork, checkBackend } from "./registry.js";

describe("buildNetwork", () => {
  it("knows the networks by name and refuses the rest", () => {
    expect(buildNetwork(modelDefaults).architecture).toBe("cnn");
    expect(buildNetwork({ ...modelDefaults, architecture: "unrolled" }).architecture).toBe("unrolled");
    const build = (architecture: string) => () => buildNetwork({ ...modelDefaults, architecture });
    expect(build("resnet")).toThrow("Unknown architecture 'resnet'. Available: ['cnn', 'unrolled']");
    expect(build("cn")).toThrow("Available: ['cnn', 'unrolled']; did you mean 'cnn'?");
    expect(build("toString")).toThrow("Unknown architecture 'toString'");
    for (const name of ["fno", "ffno", "fno_vanilla", "neuralop_uno"]) {
      expect(build(name)).toThrow(`Architecture '${name}' is not built yet`);
    }
  });
});

describe("checkBackend", () => {
  it("takes pytorch alone", () => {
    expect(() => checkBackend("pytorch")).not.toThrow();
    expect(() => checkBackend("tensorflow")).toThrow("TensorFlow backend are not built yet");
    expect(() => checkBackend("jax")).toThrow("Unknown backend 'jax'");
  });
});
