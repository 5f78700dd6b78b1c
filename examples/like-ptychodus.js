// As ptychodus drives it: the scan is in memory, positions in object pixels, the model is a folder with wts.h5.zip:
// node examples/like-ptychodus.js scan.npz model-folder [epochs]
import { existsSync } from "node:fs";
import { join } from "node:path";
import { infer, rawDataFromArrays, readScan, train } from "ptychopinn";

const [file = "scan.npz", folder = "model", epochs = "12"] = process.argv.slice(2);

// Stands for the arrays and the geometry that ptychodus holds: flat, row after row, positions in metres.
const { raw } = await readScan(file, { domain: "amplitude" });
const pixelM = 2e-8;
const inMetres = { x: raw.xPx.map((x) => x * pixelM), y: raw.yPx.map((y) => y * pixelM) };

const data = rawDataFromArrays({
  diffraction: raw.diffraction.array.data, // n * N * N values
  domain: "amplitude", // photon counts: "counts", and the profile "ci" (or toAmplitude)
  xPx: inMetres.x.map((x) => x / pixelM),
  yPx: inMetres.y.map((y) => y / pixelM),
  probe: { re: raw.probe.re, im: raw.probe.im }, // P * N * N values
});
if (!existsSync(join(folder, "wts.h5.zip"))) {
  const settings = { nepochs: Number(epochs) };
  const { history } = await train({ data, outputDir: folder, preset: "unrolled", settings }).result;
  console.log(`trained: loss ${history.trainLoss.join(", ")}`);
}
const { amplitude, originPx } = await infer({ model: folder, data, outputDir: join(folder, "picture") })
  .result;
console.log(`object ${amplitude.shape.join(" x ")} pixels, first pixel at (${originPx.join(", ")})`);
