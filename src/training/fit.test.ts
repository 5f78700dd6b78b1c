import { describe, expect, it } from "vitest";
import type { Executable } from "../compute/runtime.js";
import { isPtychoError, PtychoError } from "../core/errors.js";
import { float32, type NdArray } from "../core/ndarray.js";
import type { ProgressEvent } from "../core/progress.js";
import { type FitRequest, type FitResult, type Snapshot, startSnapshot, trainEpochs } from "./fit.js";
import type { OptimiserSettings } from "./optimiser.js";
import { makeSchedule, type ScheduleSettings } from "./schedule.js";
import { initialState } from "./step.js";

const SGD: OptimiserSettings = { optimizer: "sgd", momentum: 0, weightDecay: 0, beta1: 0.9, beta2: 0.999 };
const RATES: ScheduleSettings = {
  scheduler: "Exponential",
  learningRate: 1,
  epochs: 9,
  lrWarmupEpochs: 0,
  lrMinRatio: 0,
  plateauFactor: 0.5,
  plateauPatience: 0,
  plateauMinLr: 0,
  plateauThreshold: 0,
};

/**
 * A run whose "network" is one number w: update subtracts rate x (accumulated + value), accumulate adds the value of
 * the batch, the loss is what `lossOf` says of the call's number (from 0). `calls` records what was asked.
 */
function fakeRun(options: {
  readonly values: readonly (readonly number[])[];
  readonly epochs: number;
  readonly accumulate?: number;
  readonly lossOf?: (call: number, epoch: number) => number;
  readonly validation?: readonly number[];
  readonly patience?: number;
  readonly scheduler?: ScheduleSettings["scheduler"];
}) {
  const { values, accumulate = 1, lossOf = () => 1, validation } = options;
  const calls: string[] = [];
  const saved: [string, Snapshot][] = [];
  const inspected: number[] = [];
  const stop = new AbortController();
  const schedule = makeSchedule({ ...RATES, scheduler: options.scheduler ?? "Exponential" });
  let epochNow = 0;
  const executable = (kind: "update" | "accumulate", size: number): Executable => ({
    run: async (feeds) => {
      const at = (name: string): number => Number((feeds[name] as NdArray | undefined)?.data[0] ?? 0);
      const loss = float32([], [lossOf(calls.length, epochNow)]);
      calls.push(`${kind} ${size}: ${at("value")}`);
      const gathered = at("accumulated") + at("value");
      if (kind === "accumulate") return { loss, accumulated_next: float32([1], [gathered]) };
      return { loss, parameters_next: float32([1], [at("parameters") - at("scalars") * gathered]) };
    },
    release: async () => {},
  });
  const request: FitRequest = {
    start: startSnapshot(
      initialState(Float32Array.of(0), SGD, {}),
      schedule,
      accumulate > 1,
      validation !== undefined,
    ),
    epochs: options.epochs,
    schedule,
    optimiser: SGD,
    accumulate,
    batches: {
      batchesOf: (epoch) => {
        epochNow = epoch;
        return values[epoch % values.length].map((value) => ({
          patterns: 10 * value,
          size: value,
          feeds: () => ({ value: float32([1], [value]) }),
        }));
      },
    },
    steps: {
      update: async (size) => executable("update", size),
      accumulate: async (size) => executable("accumulate", size),
    },
    ...(validation === undefined ? {} : { validate: async () => validation[epochNow] }),
    earlyStopPatience: options.patience ?? 100,
    save: (snapshot, reason) => saved.push([reason, snapshot]),
    inspect: async (_, history) => void inspected.push(history.trainLoss.length),
    signal: stop.signal,
  };
  return { request, calls, saved, inspected, stop };
}

async function run(
  request: FitRequest,
  seen: (event: ProgressEvent) => void = () => {},
): Promise<{ events: ProgressEvent[]; result: FitResult }> {
  const events: ProgressEvent[] = [];
  const work = trainEpochs(request);
  for (;;) {
    const next = await work.next();
    if (next.done) return { events, result: next.value };
    events.push(next.value);
    seen(next.value);
  }
}

describe("trainEpochs", () => {
  it("weights losses by patterns, steps the schedule every epoch, saves, inspects and tells of each", async () => {
    const { request, saved, inspected } = fakeRun({
      values: [[1, 3]],
      epochs: 2,
      lossOf: (call) => [8, 4, 2, 6][call],
      validation: [0.5, 0.25],
    });
    const { events, result } = await run(request);
    expect(result.ended).toBe("completed");
    expect(result.snapshot.history).toEqual({
      trainLoss: [(8 * 10 + 4 * 30) / 40, (2 * 10 + 6 * 30) / 40],
      validationLoss: [0.5, 0.25],
      learningRate: [1, 0.95],
    });
    expect(result.snapshot.schedule.learningRate).toBeCloseTo(0.95 ** 2, 12);
    expect(result.snapshot.state.count).toBe(4);
    expect(result.snapshot.state.parameters.data[0]).toBeCloseTo(-(4 + 0.95 * 4), 5);
    expect(saved.map(([reason, { epoch, batch }]) => [reason, epoch, batch])).toEqual([
      ["epoch", 1, 0],
      ["epoch", 2, 0],
    ]);
    expect(inspected).toEqual([1, 2]);
    const told = events.map((event) =>
      event.kind === "step"
        ? `step ${event.epoch}/${event.epochs} ${event.batch}/${event.batches} ${event.loss}`
        : event.kind === "epoch"
          ? `epoch ${event.epoch} ${event.trainLoss} ${event.validationLoss} ${event.learningRate}`
          : event.kind,
    );
    expect(told).toEqual([
      "step 0/2 1/2 8",
      "step 0/2 2/2 4",
      "epoch 0 5 0.5 1",
      "step 1/2 1/2 2",
      "step 1/2 2/2 6",
      "epoch 1 5 0.25 0.95",
    ]);
  });

  it("gives the time left from the patterns left", async () => {
    const { request } = fakeRun({ values: [[1, 3]], epochs: 2 });
    const { events } = await run(request);
    const steps = events.filter((event) => event.kind === "step");
    const left = steps.map((step) => Math.round(step.secondsLeft * step.patternsPerSecond));
    expect(left).toEqual([70, 40, 30, 0]);
  });

  it("accumulates, and steps after every round, also the last incomplete one", async () => {
    const { request, calls } = fakeRun({ values: [[1, 2, 3, 4, 5]], epochs: 1, accumulate: 2 });
    const { result } = await run(request);
    expect(calls).toEqual([
      "accumulate 1: 1",
      "update 2: 2",
      "accumulate 3: 3",
      "update 4: 4",
      "update 5: 5",
    ]);
    expect(result.snapshot.state.count).toBe(3);
    expect(result.snapshot.state.parameters.data[0]).toBe(-15);
    expect(result.snapshot.accumulated?.data[0]).toBe(0);
  });

  it("feeds the scheduler the validation loss, or else the training loss", async () => {
    const plateau = "ReduceLROnPlateau";
    const falling = { lossOf: (_: number, epoch: number) => 4 - epoch, values: [[1]], epochs: 3 };
    const alone = await run(fakeRun({ ...falling, scheduler: plateau }).request);
    expect(alone.result.snapshot.history.learningRate).toEqual([1, 1, 1]);
    const held = await run(fakeRun({ ...falling, scheduler: plateau, validation: [1, 2, 3] }).request);
    expect(held.result.snapshot.history.learningRate).toEqual([1, 1, 0.5]);
  });

  it("ends early after `patience` epochs without a better metric, the validation loss if there is one", async () => {
    const metric = [5, 3, 4, 3, 3.5, 1];
    const trained = fakeRun({ values: [[1]], epochs: 6, patience: 2, lossOf: (_, epoch) => metric[epoch] });
    const { result } = await run(trained.request);
    expect([result.ended, result.snapshot.epoch]).toEqual(["early stop", 4]);
    const held = fakeRun({ values: [[1]], epochs: 6, patience: 3, validation: metric });
    expect((await run(held.request)).result.ended).toBe("early stop");
    const patient = fakeRun({ values: [[1]], epochs: 6, patience: 4, validation: metric });
    expect((await run(patient.request)).result.ended).toBe("completed");
  });

  it("a run resumed where it would have ended early ends there, without another step", async () => {
    const metric = [5, 6, 7];
    const { request, saved } = fakeRun({
      values: [[1]],
      epochs: 9,
      patience: 2,
      lossOf: (_, epoch) => metric[epoch],
    });
    await run(request);
    const resumed = fakeRun({ values: [[1]], epochs: 9, patience: 2 });
    const { result } = await run({ ...resumed.request, start: saved[2][1] });
    expect([result.ended, result.snapshot.epoch, resumed.calls]).toEqual(["early stop", 3, []]);
  });

  it("resumed at any step gives the same end", async () => {
    const options = {
      values: [
        [1, 2, 3],
        [4, 5, 6],
      ],
      epochs: 3,
      accumulate: 2,
      lossOf: (_: number, epoch: number) => epoch + 1,
      validation: [3, 2, 1],
    };
    const straight = (await run(fakeRun(options).request)).result;
    for (let at = 1; at < 9; at++) {
      const first = fakeRun(options);
      let steps = 0;
      const abortAt = (event: ProgressEvent): void => {
        if (event.kind === "step" && ++steps === at) first.stop.abort();
      };
      await expect(run(first.request, abortAt)).rejects.toThrow(/interrupted in epoch .* --resume/);
      const [reason, start] = first.saved.at(-1) as [string, Snapshot];
      expect(reason).toBe("interrupted");
      expect(start.epoch * 3 + start.batch).toBe(at);
      const { result } = await run({ ...fakeRun(options).request, start });
      expect(result).toEqual(straight);
    }
  });

  it("an abort during the validation or the saving of an epoch is honoured before the next step", async () => {
    const { request, calls, saved, stop } = fakeRun({ values: [[1, 2]], epochs: 2, validation: [1, 1] });
    const save: FitRequest["save"] = (snapshot, reason) => {
      stop.abort();
      request.save(snapshot, reason);
    };
    const failure = await run({ ...request, save }).catch((error: unknown) => error);
    expect(isPtychoError(failure, "Interrupted")).toBe(true);
    expect([calls.length, saved.map(([reason]) => reason)]).toEqual([2, ["epoch", "interrupted"]]);
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY])(
    "stops at a loss of %d, naming epoch and batch",
    async (bad) => {
      const { request, saved } = fakeRun({
        values: [[1, 2]],
        epochs: 3,
        lossOf: (call) => (call === 3 ? bad : 1),
      });
      const failure = await run(request).catch((error: unknown) => error);
      expect(isPtychoError(failure, "DivergenceError") && failure.message).toMatch(
        /the loss is (NaN|Infinity) at epoch 2, batch 2 \(learning rate 0\.95\)/,
      );
      expect(saved.map(([, { epoch }]) => epoch)).toEqual([1]);
    },
  );

  it("stops at a validation loss that is not finite, without a checkpoint of that epoch", async () => {
    const { request, saved } = fakeRun({ values: [[1]], epochs: 3, validation: [1, Number.NaN, 1] });
    const failure = await run(request).catch((error: unknown) => error);
    expect(isPtychoError(failure, "DivergenceError") && failure.message).toMatch(
      /validation loss is NaN after epoch 2/,
    );
    expect(saved).toHaveLength(1);
  });

  it("what the inspection refuses ends the run after that epoch's checkpoint", async () => {
    const { request, saved } = fakeRun({ values: [[1]], epochs: 3 });
    const inspect = async (): Promise<void> => {
      throw new PtychoError("DivergenceError", "flat");
    };
    await expect(run({ ...request, inspect })).rejects.toThrow("flat");
    expect(saved).toHaveLength(1);
  });
});
