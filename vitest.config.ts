import { configDefaults, defineConfig } from "vitest/config";

/** Whole runs that take many seconds each: `npm run test:slow`, which CI runs too. */
const slow = [
  ...["adapt", "attacks/damage", "compare", "doctor", "execution-config", "faults-training", "guide"],
  ...["library", "max-memory", "original-objects", "reconstruct-killed", "run-record", "simulate-kinds"],
  ...["teacher", "truth-unread"],
].map((name) => `tests/${name}.test.ts`);

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "tests/**/*.test.ts"],
    exclude: [
      ...configDefaults.exclude,
      ...(process.env.PTYCHOPINN_SLOW ? [] : [...slow, "src/data/estimate-probe.test.ts"]),
    ],
    testTimeout: 60_000,
    maxWorkers: 2,
    pool: "forks",
  },
});
