import { configDefaults, defineConfig } from "vitest/config";

/** Whole runs that take many seconds each: `npm run test:slow`, which CI runs too. */
const slow = [
  ...["attacks/damage", "compare", "doctor", "execution-config", "guide", "library", "max-memory"],
  ...["adapt", "original-objects", "run-record", "simulate-kinds", "teacher"],
].map((name) => `tests/${name}.test.ts`);

export default defineConfig({
  test: {
    include: ["src/**/*.test.ts", "tests/**/*.test.ts"],
    exclude: [...configDefaults.exclude, ...(process.env.PTYCHOPINN_SLOW ? [] : slow)],
    testTimeout: 60_000,
    maxWorkers: 2,
    pool: "forks",
  },
});
