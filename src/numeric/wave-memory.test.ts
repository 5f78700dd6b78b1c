import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import { isPtychoError } from "../core/errors.js";
import { openWaveMemory } from "./wave-memory.js";

const MEBIBYTE = 2 ** 20;

test("planes are zeroed, aligned to 64 bytes and apart", () => {
  const memory = openWaveMemory(MEBIBYTE);
  const planes = [3, 16, 17, 0, 5].map((count) => memory.floats(count));
  expect(planes.map((plane) => plane.length)).toEqual([3, 16, 17, 0, 5]);
  expect(planes.map((plane) => plane.byteOffset)).toEqual([0, 64, 128, 256, 256]);
  expect(memory.usedBytes).toBe(320);
  for (const plane of planes) {
    expect(plane.every((value) => value === 0)).toBe(true);
    plane.fill(7);
  }
  expect(memory.floats(100).every((value) => value === 0)).toBe(true);
});

test("planes handed out before the memory grew stay views of the same bytes", () => {
  const memory = openWaveMemory(64 * MEBIBYTE);
  const early = memory.floats(16);
  const before = memory.memory.buffer;
  early[3] = 5;
  const late = memory.floats(4 * MEBIBYTE);
  expect(memory.memory.buffer).not.toBe(before);
  late[late.length - 1] = 9;
  early[4] = 6;
  expect([...new Float32Array(memory.memory.buffer, early.byteOffset + 12, 2)]).toEqual([5, 6]);
});

test("a worker that holds the memory sees what was handed out later", async () => {
  const memory = openWaveMemory(64 * MEBIBYTE);
  memory.floats(16);
  const worker = new Worker(
    `const { parentPort, workerData } = require("node:worker_threads");
     parentPort.postMessage("ready");
     parentPort.on("message", ({ at, count }) => {
       const plane = new Float32Array(workerData.buffer, at, count);
       plane[count - 1] += 1;
       parentPort.postMessage(plane[count - 1]);
     });`,
    { eval: true, workerData: memory.memory },
  );
  const reply = () => new Promise((resolve) => worker.once("message", resolve));
  await reply();
  const late = memory.floats(4 * MEBIBYTE);
  late[late.length - 1] = 41;
  const answer = reply();
  worker.postMessage({ at: late.byteOffset, count: late.length });
  expect(await answer).toBe(42);
  expect(late[late.length - 1]).toBe(42);
  await worker.terminate();
});

test("the limit is refused as a ResourceError that names both sizes", () => {
  const memory = openWaveMemory(MEBIBYTE);
  memory.floats(MEBIBYTE / 8);
  const tooMuch = () => memory.floats(MEBIBYTE / 4);
  expect(tooMuch).toThrow(/2 MiB needed, the limit is 1 MiB/);
  expect(memory.floats(MEBIBYTE / 8).length).toBe(MEBIBYTE / 8); // a refused plane takes nothing
  for (const bytes of [0, Number.NaN, 2 ** 32 + 1]) {
    let thrown: unknown;
    try {
      openWaveMemory(bytes);
    } catch (error) {
      thrown = error;
    }
    expect(isPtychoError(thrown, "ResourceError")).toBe(true);
  }
  expect(() => memory.floats(1.5)).toThrow(/count of values/);
});
