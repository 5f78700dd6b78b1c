import { expect, test } from "vitest";
import { float32 } from "../core/ndarray.js";
import { initialParameters } from "../model/initialise.js";
import { modelDefaults } from "../model/model-options.js";
import { buildNetwork } from "../model/registry.js";
import { brightStart } from "./bright-start.js";

const network = buildNetwork({ ...modelDefaults, nFiltersScale: 1 });
const diffraction = float32(
  [2, 1, 64, 64],
  Float32Array.from({ length: 2 * 64 * 64 }, (_, i) => Math.abs(Math.sin(0.37 * i))),
);
const HEADS = ["decoder_amp.amp.conv1", "decoder_amp.amp.conv2"];

test("of a head and its mirror image, the same one is kept, and nothing else changes", async () => {
  for (const seed of [1, 2, 3]) {
    const drawn = initialParameters(network.parameters, seed);
    const mirrored = { ...drawn };
    for (const head of HEADS)
      for (const name of [`${head}.weight`, `${head}.bias`])
        mirrored[name] = float32(
          drawn[name].shape,
          drawn[name].data.map((value) => -value),
        );
    const a = await brightStart(network, drawn, diffraction, 1);
    const b = await brightStart(network, mirrored, diffraction, 1);
    expect(a.weights).toEqual(b.weights);
    expect([...a.mirrored, ...b.mirrored].sort()).toEqual(["border", "centre"]);
    for (const [name, value] of Object.entries(drawn))
      if (!HEADS.some((head) => name.startsWith(head))) expect(a.weights[name]).toBe(value);
  }
});

test("a bright start is left as it is", async () => {
  const { weights } = await brightStart(network, initialParameters(network.parameters, 1), diffraction, 1);
  expect(await brightStart(network, weights, diffraction, 1)).toEqual({ weights, mirrored: [] });
});

test("heads without SiLU are left alone", async () => {
  const realImag = buildNetwork({ ...modelDefaults, nFiltersScale: 1, outputKind: "real_imag" });
  const drawn = initialParameters(realImag.parameters, 2);
  expect(await brightStart(realImag, drawn, diffraction, 1)).toEqual({ weights: drawn, mirrored: [] });
});
