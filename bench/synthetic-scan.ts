// A scan file of any size, written pattern by pattern: an uncompressed .npz that never stands in memory.
import { closeSync, openSync, writeSync } from "node:fs";
import { endianness } from "node:os";
import { crc32 } from "node:zlib";
import { type complex64, float64 } from "../src/core/ndarray.js";
import { writeNpy } from "../src/formats/npy.js";
import { directoryEntry, endRecords, localHeader } from "../src/formats/zip.js";
import { openWaveKernels, scratchBytes } from "../src/numeric/wave-kernels.js";
import { openWaveMemory, type Wave } from "../src/numeric/wave-memory.js";
import { makeDefocusedProbe } from "../src/simulation/probes.js";
import { makeRasterScan } from "../src/simulation/scans.js";

/** Steps of the scan to a window unless told: as dense as the Siemens star of the data set. */
const STEPS = 8;

/**
 * Writes n noiseless patterns of N x N pixels, a smooth complex object under a defocused probe on a jittered grid; with
 * the probe and the positions that made them.
 */
export function writeSyntheticScan(path: string, n: number, N: number, steps = STEPS): void {
  const columns = Math.ceil(Math.sqrt(n));
  const rows = Math.ceil(n / columns);
  const stepPx = N / steps;
  const size = Math.ceil((Math.max(columns, rows) + 1) * stepPx) + N;
  const centrePx = [size / 2, size / 2] as const;
  const grid = makeRasterScan({ columns, rows, stepPx, centrePx, jitterPx: stepPx / 4, seed: 1 });
  // Whole pixels, as the simulation below has them.
  const scan = { xPx: grid.xPx.map(Math.round), yPx: grid.yPx.map(Math.round) };
  const optics = { wavelengthM: 1e-10, pixelSizeM: 1e-8, defocusM: 2.5e-7 * N };
  const probe = makeDefocusedProbe({ sidePx: N, radiusPx: N / 5, edgePx: 2, ...optics });
  const simulate = openSimulator(size, N, probe);
  const handle = openSync(path, "w");
  try {
    const directory: Buffer[] = [];
    let at = 0;
    const add = (name: string, pieces: Iterable<Uint8Array>, bytes: number): void => {
      const start = at;
      const fields = { name: Buffer.from(name), method: 0, crc32: 0, compressedBytes: bytes, bytes };
      at += localHeader(fields, true).length;
      for (const piece of pieces) {
        fields.crc32 = crc32(piece, fields.crc32);
        at += writeAll(handle, piece, at);
      }
      writeAll(handle, localHeader(fields, true), start);
      directory.push(directoryEntry(fields, start, true));
    };
    const head = npyHead([n, N, N]);
    const frames = function* () {
      yield head;
      for (let j = 0; j < n; j++) yield bytesOf(simulate(scan.xPx[j], scan.yPx[j]));
    };
    add("diffraction.npy", frames(), head.length + 4 * n * N * N);
    for (const [name, array] of [
      ["xcoords", float64([n], scan.xPx.slice(0, n))],
      ["ycoords", float64([n], scan.yPx.slice(0, n))],
      ["probeGuess", probe],
    ] as const) {
      const bytes = writeNpy(array);
      add(`${name}.npy`, [bytes], bytes.length);
    }
    const listing = Buffer.concat(directory);
    writeAll(handle, Buffer.concat([listing, endRecords(directory.length, listing.length, at, true)]), at);
  } finally {
    closeSync(handle);
  }
}

/** Amplitudes of the pattern at a whole-pixel position; the result is valid until the next call. */
function openSimulator(size: number, N: number, probe: ReturnType<typeof complex64>) {
  const memory = openWaveMemory(2 ** 32);
  const wave = (count: number): Wave => ({ re: memory.floats(count), im: memory.floats(count) });
  const scratch = memory.floats(scratchBytes(N) / 4);
  const [object, light, exit] = [wave(size * size), wave(N * N), wave(N * N)];
  const intensity = memory.floats(N * N);
  light.re.set(probe.re);
  light.im.set(probe.im);
  for (let i = 0; i < size * size; i++) {
    const [y, x] = [Math.floor(i / size), i % size];
    const phase = 0.6 * Math.sin(x / 5) * Math.cos(y / 7) + 0.4 * Math.sin((x + 2 * y) / 23);
    const amplitude = 0.85 + 0.15 * Math.cos(x / 11 - y / 6);
    object.re[i] = amplitude * Math.cos(phase);
    object.im[i] = amplitude * Math.sin(phase);
  }
  const kernels = openWaveKernels(memory.memory, scratch.byteOffset, N);
  const pattern = new Float32Array(N * N);
  const half = N / 2;
  return (x: number, y: number): Float32Array => {
    const start = (Math.round(y) - half) * size + Math.round(x) - half;
    kernels.illuminate(exit, light, object, start, size, N);
    kernels.fft2(exit, N, "forward");
    kernels.intensity(intensity, exit, false);
    for (let r = 0; r < N; r++)
      for (let c = 0; c < N; c++)
        pattern[r * N + c] = Math.sqrt(intensity[((r + half) % N) * N + ((c + half) % N)]);
    return pattern;
  };
}

function bytesOf(values: Float32Array): Uint8Array {
  if (endianness() === "BE") throw new Error("synthetic scan: written on little-endian machines alone");
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

function npyHead(shape: readonly number[]): Buffer {
  const dict = `{'descr': '<f4', 'fortran_order': False, 'shape': (${shape.join(", ")}), }`;
  const total = Math.ceil((10 + dict.length + 1) / 64) * 64;
  const head = Buffer.from(`\x93NUMPY\x01\x00  ${dict.padEnd(total - 11)}\n`, "latin1");
  head.writeUInt16LE(total - 10, 8);
  return head;
}

function writeAll(handle: number, bytes: Uint8Array, at: number): number {
  for (let done = 0; done < bytes.length; )
    done += writeSync(handle, bytes, done, bytes.length - done, at + done);
  return bytes.length;
}
