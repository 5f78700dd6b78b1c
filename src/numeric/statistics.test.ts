import { expect, it } from "vitest";
import { mean, median, percentile } from "./statistics.js";

it("agrees with NumPy on small arrays", () => {
  expect(mean([1, 2, 4])).toBeCloseTo(7 / 3, 15);
  expect(median([3, 1, 2, 10])).toBe(2.5);
  expect(median([3, 1, 2])).toBe(2);
  expect(percentile([1, 2, 3, 4], 25)).toBe(1.75); // np.percentile([1,2,3,4], 25)
  expect(percentile([15, 20, 35, 40, 50], 40)).toBe(29); // np.percentile([...], 40)
  expect(percentile([1, Number.NaN], 50)).toBeNaN();
  expect(() => mean([])).toThrow("at least one value");
});
