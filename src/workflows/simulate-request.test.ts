import { expect, it } from "vitest";
import { isPtychoError } from "../core/errors.js";
import type { SimulateRequest } from "./contract.js";
import { checkSimulateRequest } from "./simulate-request.js";

const REQUEST: SimulateRequest = {
  ...{ outputFile: "scan.npz", object: "lines", phase: true, probe: "disk", scan: "raster" },
  ...{ N: 64, patterns: 16, objectSizePx: 96, photons: 1e6, seed: 1 },
  signal: new AbortController().signal,
};

it("takes a request with and without what may be left out", () => {
  checkSimulateRequest(REQUEST);
  checkSimulateRequest({ ...REQUEST, scanJitter: 0, doseLadder: [1e3, 1e4], noise: "none" });
});

it.each<[object, RegExp]>([
  [{ object: "toString" }, /object: expected one of lines, .*, got "toString"/],
  [{ object: undefined }, /object is missing; expected one of lines/],
  [{ pattern: 3 }, /unknown member 'pattern'; did you mean 'patterns'\?/],
  [{ N: 64.5 }, /N: expected an integer in \[2, 2048\], got 64.5/],
  [{ patterns: "16" }, /patterns: expected an integer .*, got "16"/],
  [{ photons: Number.NaN }, /photons: expected a number/],
  [{ objectSizePx: 1e9 }, /objectSizePx: expected an integer in \[1, 16384\]/],
  [{ doseLadder: [1e3, 0] }, /doseLadder: expected a list of photons/],
  [{ probeFile: "" }, /probeFile: expected a path/],
  [{ phase: "no" }, /phase: expected true or false/],
  [{ scan: "fermat", scanJitter: 0.1 }, /scanJitter belongs to the scan 'raster', not to 'fermat'/],
])("refuses %o", (change, message) => {
  try {
    checkSimulateRequest({ ...REQUEST, ...change } as SimulateRequest); // what plain JavaScript may hand over
    expect.unreachable();
  } catch (error) {
    expect(isPtychoError(error, "UsageError") && error.message).toMatch(message);
  }
});
