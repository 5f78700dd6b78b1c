import { expect, it } from "vitest";
import { isPtychoError } from "../core/errors.js";
import { stopSignal } from "./stop-signal.js";

it.each(["SIGINT", "SIGTERM", "SIGUSR1"] as const)("%s aborts first and exits with 130 second", (name) => {
  const listeners = new Map<string, () => void>();
  const exits: number[] = [];
  let text = "";
  const signal = stopSignal(
    {
      platform: "linux",
      on: (which, listener) => listeners.set(which, listener),
      exit: (code) => exits.push(code),
    },
    (line) => {
      text += line;
    },
  );
  expect(signal.aborted).toBe(false);
  listeners.get(name)?.();
  expect(isPtychoError(signal.reason, "Interrupted")).toBe(true);
  expect(text).toContain("finishing the step and saving");
  expect(exits).toEqual([]);
  listeners.get("SIGINT")?.();
  expect(exits).toEqual([130]);
});
