import { expect, it } from "vitest";
import type { InspectResult, PrepareResult, Work, Workflows } from "../../workflows/contract.js";
import { runCommandLine } from "../run.js";

const clean: InspectResult = {
  file: "a.npz",
  isUsable: true,
  findings: [{ id: "probe.absent", severity: "note", sentence: "no probe" }],
  description: {
    patterns: { count: 9, pixels: [64, 64], axis_order: null },
    scores: [{ name: "as it is", residual: 0.5 }],
  },
};
const prepared: PrepareResult = { outputFiles: ["o.npz"], patterns: [7], N: 64, steps: ["x was mirrored"] };

async function run(args: string, found: Partial<InspectResult> = {}) {
  const requests: object[] = [];
  let [out, err] = ["", ""];
  const answer = <Q extends object, R>(result: R) =>
    async function* (request: Q): Work<R> {
      requests.push(request);
      yield* [];
      return result;
    };
  const workflows = {
    inspect: answer({ ...clean, ...found }),
    prepare: answer(prepared),
  } as unknown as Workflows;
  const terminal = {
    out: (text: string) => (out += text),
    err: (text: string) => (err += text),
    ...{ isTty: false, columns: () => 80, nowMs: () => 0 },
  };
  const session = { terminal, workflows, signal: new AbortController().signal };
  const code = await runCommandLine(args.split(" "), session, { version: "0", debug: false });
  return { code, out, err, request: requests[0] };
}

const zero = {
  id: "probe.zero",
  severity: "error",
  sentence: "the probe is zero",
  repair: "ptychopinn prepare a",
} as const;

it("prints facts and findings, and exits with 0 where nothing is an error", async () => {
  const { code, out } = await run("inspect a.npz --quiet");
  expect(code).toBe(0);
  const lines = out.split("\n").map((line) => line.replace(/ {2,}/g, "  "));
  expect(lines.slice(0, 6)).toEqual([
    ...["patterns", "  count  9", "  pixels  64 x 64", "  axis order  not known"],
    ...["scores", "  as it is  0.5"],
  ]);
  expect(out).toContain("NOTE probe.absent: no probe");
});

it("exits with 3 where a finding is an error, and names it and what mends it", async () => {
  const { code, out, err } = await run("inspect a.npz", { isUsable: false, findings: [zero] });
  expect(code).toBe(3);
  expect(out).toContain("ERROR probe.zero: the probe is zero\n  ptychopinn prepare a\n");
  expect(err).toContain("a.npz: cannot be used as it is: probe.zero");
});

it("prints nothing but JSON with --json, errors or not", async () => {
  const { code, out } = await run("inspect a.npz --json", { findings: [zero] });
  expect(code).toBe(3);
  expect(JSON.parse(out)).toEqual({ ...clean, findings: [zero] });
});

it("hands every option of inspect on", async () => {
  const { request } = await run(
    "inspect a.h5 --report r.html --suggest-map m.yaml --map n.yaml --units intensity --axis-order hwn --no-sweep --threads 2",
  );
  expect(request).toMatchObject({
    ...{ file: "a.h5", reportFile: "r.html", suggestedMapFile: "m.yaml", mapFile: "n.yaml" },
    ...{ units: "counts", axisOrder: "HWN", sweep: false, threads: 2 },
  });
});

it("hands every option of prepare on, and none that was not given", async () => {
  const all =
    "--map m.yaml --axis-order nhw --units counts --background 2 --threshold 1 --mask auto --fftshift --center --transpose " +
    "--crop 64 --bin 2 --pad 128 --swap-xy --flip-x --flip-y --rotate-positions -5 --scale-positions 5e7 --subset 9 " +
    "--shuffle --split 0.5 --seed 3";
  const { request, out } = await run(`prepare a.npz -o o.npz ${all}`);
  expect(request).toEqual({
    ...{ file: "a.npz", outputFile: "o.npz", mapFile: "m.yaml", axisOrder: "NHW", units: "counts" },
    ...{ background: 2, threshold: 1, mask: "auto", fftshift: true, center: true, transpose: true },
    ...{ crop: 64, bin: 2, pad: 128, swapXY: true, flipX: true, flipY: true, rotatePositionsDeg: -5 },
    ...{
      scalePositions: 5e7,
      subset: 9,
      shuffle: true,
      split: 0.5,
      seed: 3,
      signal: expect.any(AbortSignal),
    },
  });
  expect(out).toBe("  x was mirrored\n✓ 7 patterns of 64 x 64 pixels saved to o.npz\n");
  const plain = await run("prepare a.npz -o o.npz --background dark.npy --mask m.npy");
  expect(plain.request).toEqual({
    ...{ file: "a.npz", outputFile: "o.npz", seed: 0, signal: expect.any(AbortSignal) },
    ...{ background: { path: "dark.npy" }, mask: { path: "m.npy" } },
  });
});

it.each([
  ["prepare a.npz", /--output is required/],
  ["prepare a.npz -o o.npz --bin 1.5", /--bin: expected an integer/],
  ["prepare a.npz -o o.npz --background dark.tif", /--background: expected a number/],
  ["inspect a.npz --units volts", /--units: expected one of auto, amplitude/],
])("refuses %s", async (args, message) => {
  const { code, err, request } = await run(args);
  expect([code, request]).toEqual([2, undefined]);
  expect(err).toMatch(message);
});
