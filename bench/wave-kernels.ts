// npm run build && node dist/bench/wave-kernels.js [N ...]: microseconds per call of each wave kernel on one thread, the
// least of many short batches, so that other work on the machine counts little.
import { openWaveKernels, scratchBytes } from "../src/numeric/wave-kernels.js";
import { openWaveMemory, type Wave } from "../src/numeric/wave-memory.js";

const BATCH_MS = 0.2;
const KERNEL_MS = 400;

function leastUs(call: () => void): number {
  const warmUntil = performance.now() + KERNEL_MS / 2;
  let calls = 0;
  while (performance.now() < warmUntil) {
    call();
    calls++;
  }
  const perBatch = Math.max(1, Math.round((calls * BATCH_MS) / (KERNEL_MS / 2)));
  let least = Number.POSITIVE_INFINITY;
  const until = performance.now() + KERNEL_MS;
  while (performance.now() < until) {
    const from = performance.now();
    for (let i = 0; i < perBatch; i++) call();
    least = Math.min(least, (performance.now() - from) / perBatch);
  }
  return least * 1000;
}

function calls(N: number): Readonly<Record<string, () => void>> {
  const memory = openWaveMemory(2 ** 28);
  const scratch = memory.floats(scratchBytes(N) / 4);
  const kernels = openWaveKernels(memory.memory, scratch.byteOffset, N);
  const stride = 3 * N + 5;
  const start = N * stride + N + 3;
  const plane = (count: number): Float32Array => memory.floats(count).fill(1);
  const wave = (count: number): Wave => ({ re: plane(count), im: plane(count) });
  const [probe, exit, out] = [wave(N * N), wave(N * N), wave(N * N)];
  const [canvas, sums] = [wave(3 * N * stride), wave(3 * N * stride)];
  const weight = plane(3 * N * stride);
  const [measured, model, ones] = [plane(N * N), plane(N * N), plane(N * N)];
  const [rows, columns] = [wave(N), wave(N)];
  // Ramps of modulus 1 and factors of 1 keep the values where they are, however often they are applied.
  for (const ramp of [rows, columns]) ramp.im.fill(0);
  return {
    "fft2 forward": () => kernels.fft2(exit, N, "forward"),
    "fft2 inverse": () => kernels.fft2(exit, N, "inverse"),
    illuminate: () => kernels.illuminate(out, probe, canvas, start, stride, N),
    conjugateProduct: () => kernels.conjugateProduct(out, probe, probe, false),
    "conjugateProduct, accumulate": () => kernels.conjugateProduct(out, probe, probe, true),
    conjugateWindow: () => kernels.conjugateWindow(out, canvas, start, stride, probe, N, false),
    intensity: () => kernels.intensity(model, probe, false),
    "intensity, accumulate": () => kernels.intensity(model, out, true),
    amplitudeFactor: () => kernels.amplitudeFactor(measured, measured, 1e-6),
    poissonFactor: () => kernels.poissonFactor(measured, measured, 1e-6, 1),
    scale: () => kernels.scale(probe, ones),
    modulate: () => kernels.modulate(out, probe, rows, columns, false, false),
    "modulate, accumulate": () => kernels.modulate(out, probe, rows, columns, true, true),
    addWindow: () => kernels.addWindow(canvas, weight, start, stride, probe, model, N, 0, N),
    applyWindow: () => kernels.applyWindow(canvas, sums, weight, start, stride, N, 0, N, 1, 1, 1),
    dot: () => kernels.dot(probe, out),
    energy: () => kernels.energy(probe),
  };
}

for (const N of process.argv.length > 2 ? process.argv.slice(2).map(Number) : [64, 128, 256])
  for (const [name, call] of Object.entries(calls(N)))
    process.stdout.write(`N=${N} ${name}: ${leastUs(call).toFixed(2)} us\n`);
