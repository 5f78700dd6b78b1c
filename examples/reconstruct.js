// A picture without a network: node examples/reconstruct.js scan.npz output [epochs]
import { reconstruct } from "ptychopinn";

const [data = "scan.npz", outputDir = "output", epochs] = process.argv.slice(2);
const settings = { halves: true, ...(epochs === undefined ? {} : { epochs: Number(epochs) }) };

const stop = new AbortController();
process.once("SIGINT", () => stop.abort()); // the epoch is saved; settings.resume goes on from there

const run = reconstruct({ data, outputDir, settings, signal: stop.signal });
for await (const event of run) {
  if (event.kind === "message") console.log(event.text);
  if (event.kind === "reconstructed") console.log(`epoch ${event.epoch + 1}: R ${event.residual.toFixed(4)}`);
}
const { engine, residual, halves, phase } = await run.result;
console.log(`${engine}: R ${residual}, phase ${phase.shape.join(" x ")} pixels`);
console.log(`two halves of the scan agree to ${halves?.phaseCorrelation} in phase`);
