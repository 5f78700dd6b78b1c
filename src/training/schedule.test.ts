import { describe, expect, it } from "vitest";
import { expectScheduler, makeSchedule, type ScheduleSettings } from "./schedule.js";

const SETTINGS: ScheduleSettings = {
  scheduler: "Default",
  learningRate: 1e-3,
  epochs: 10,
  lrWarmupEpochs: 3,
  lrMinRatio: 0.1,
  plateauFactor: 0.5,
  plateauPatience: 2,
  plateauMinLr: 5e-5,
  plateauThreshold: 0,
};

function ratesOf(settings: ScheduleSettings, metrics: readonly (number | undefined)[]): number[] {
  const schedule = makeSchedule(settings);
  let state = schedule.init();
  return metrics.map((metric) => {
    const rate = state.learningRate;
    state = schedule.step(JSON.parse(JSON.stringify(state)), metric);
    return rate;
  });
}

describe("schedules", () => {
  const none = new Array<undefined>(10).fill(undefined);

  it("keeps, decays by 0.95, or warms up and anneals", () => {
    expect(new Set(ratesOf(SETTINGS, none))).toEqual(new Set([1e-3]));
    ratesOf({ ...SETTINGS, scheduler: "Exponential" }, none).forEach((rate, epoch) => {
      expect(rate).toBeCloseTo(1e-3 * 0.95 ** epoch, 15);
    });
    const cosine = ratesOf({ ...SETTINGS, scheduler: "WarmupCosine" }, none);
    expect(cosine[0]).toBeCloseTo(1e-4, 15);
    expect(cosine[3]).toBeCloseTo(1e-3, 15);
    for (let epoch = 1; epoch < 10; epoch++)
      expect(Math.sign(cosine[epoch] - cosine[epoch - 1])).toBe(epoch <= 3 ? 1 : -1);
  });

  it("halves after patience + 1 epochs without gain, down to the floor, and treats NaN as no gain", () => {
    const rates = ratesOf({ ...SETTINGS, scheduler: "ReduceLROnPlateau" }, [
      5,
      4,
      4,
      Number.NaN,
      4,
      3,
      3,
      3,
      3,
      3,
    ]);
    expect(rates).toEqual([1e-3, 1e-3, 1e-3, 1e-3, 1e-3, 5e-4, 5e-4, 5e-4, 5e-4, 2.5e-4]);
    const floored = ratesOf(
      { ...SETTINGS, scheduler: "ReduceLROnPlateau", plateauPatience: 0 },
      new Array(30).fill(1),
    );
    expect(floored.at(-1)).toBe(5e-5);
  });

  it("refuses what it cannot do", () => {
    expect(() => ratesOf({ ...SETTINGS, scheduler: "ReduceLROnPlateau" }, [undefined])).toThrow(
      /needs the loss/,
    );
    expect(() => expectScheduler("MultiStage")).toThrow(/'MultiStage' is not offered/);
    expect(() => expectScheduler("Adaptive")).toThrow(/'Adaptive' is not offered/);
    expect(() => expectScheduler("Exponental")).toThrow(/is 'Exponential' meant/);
    expect(() => makeSchedule({ ...SETTINGS, learningRate: 0 })).toThrow(/learningRate: got 0/);
    expect(() => makeSchedule({ ...SETTINGS, scheduler: "ReduceLROnPlateau", plateauFactor: 1 })).toThrow(
      /plateauFactor/,
    );
  });
});
