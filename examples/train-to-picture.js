// Trains on a scan, saves and loads the model, infers and stitches:
// node examples/train-to-picture.js scan.npz output [epochs]
import { infer, loadBundle, train } from "ptychopinn";

const [scan = "scan.npz", outputDir = "output", epochs = "12"] = process.argv.slice(2);

const run = train({
  data: scan,
  outputDir,
  preset: "unrolled",
  settings: { nepochs: Number(epochs) },
});
for await (const event of run) {
  if (event.kind === "warning") console.error(event.text);
  if (event.kind === "epoch") console.log(`epoch ${event.epoch + 1}: loss ${event.trainLoss.toFixed(4)}`);
}
const { archivePath, history } = await run.result;
console.log(`saved ${archivePath} after ${history.trainLoss.length} epochs`);

const model = loadBundle(archivePath);
const picture = await infer({ model, data: scan, outputDir }).result;
const [height, width] = picture.object.shape;
const middle = Math.floor(height / 2) * width + Math.floor(width / 2);
console.log(`object ${height} x ${width} pixels in ${picture.reconstructionPath}`);
console.log(
  `in its middle: amplitude ${picture.amplitude.data[middle]}, phase ${picture.phase.data[middle]} rad`,
);
