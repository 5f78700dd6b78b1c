import { expect, it } from "vitest";
import { legacyRandom } from "./random-legacy.js";

it("gives the published first words of MT19937 for seed 5489", () => {
  // Matsumoto & Nishimura's default seed; std::mt19937's 10000th word is 4123659995 by the C++ standard.
  const random = legacyRandom(5489);
  expect(random.nextUint32()).toBe(3499211612);
  for (let i = 2; i < 10000; i++) random.nextUint32();
  expect(random.nextUint32()).toBe(4123659995);
});

it("resumes from a saved state, cached normal included, through JSON", () => {
  const random = legacyRandom(3);
  random.standardNormal(3);
  const saved = JSON.parse(JSON.stringify(random.save()));
  const expected = [random.standardNormal(4), random.permutation(9)];
  const other = legacyRandom(0);
  other.restore(saved);
  expect([other.standardNormal(4), other.permutation(9)]).toEqual(expected);
});

it("consumes a whole permutation whatever the size of a choice", () => {
  const [a, b] = [legacyRandom(1), legacyRandom(1)];
  a.choice(50, 3, false);
  b.permutation(50);
  expect(a.nextUint32()).toBe(b.nextUint32());
});

it("refuses what NumPy refuses", () => {
  expect(() => legacyRandom(-1)).toThrow("random seed");
  expect(() => legacyRandom(2 ** 32)).toThrow("random seed");
  expect(() => legacyRandom(0).choice(3, 4, false)).toThrow("at most 3");
  expect(() => legacyRandom(0).randint(4, 4, 1)).toThrow("randint");
  expect(() => legacyRandom(0).poisson(-1)).toThrow("poisson");
});
