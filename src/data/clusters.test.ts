import { describe, expect, it } from "vitest";
import { pcg64Random } from "../numeric/random-pcg64.js";
import { clusterOf, epochCentres, makeClusters, middleOf } from "./clusters.js";

const COUNT = 120;
const SIZE = 9;
const random = pcg64Random(5);
const draw = () => Int32Array.from({ length: COUNT }, () => Math.floor(60 * random.random()) - 30);
const xPx = draw();
const yPx = draw();
const clusters = makeClusters(xPx, yPx, SIZE);
const everyone = Array.from({ length: COUNT }, (_, i) => i);

describe("makeClusters", () => {
  it("holds the nearest patterns of every centre, nearest first, by brute force", () => {
    for (const centre of everyone) {
      const squared = everyone.map((i) => (xPx[i] - xPx[centre]) ** 2 + (yPx[i] - yPx[centre]) ** 2);
      const nearest = [...everyone].sort((a, b) => squared[a] - squared[b] || a - b).slice(0, SIZE);
      expect(Array.from(clusterOf(clusters, centre))).toEqual(nearest);
    }
  });

  it("knows the widest cluster, so that one canvas holds them all", () => {
    const extents = everyone.flatMap((centre) => {
      const members = Array.from(clusterOf(clusters, centre));
      return [xPx, yPx].map((values) => {
        const own = members.map((member) => values[member]);
        return Math.max(...own) - Math.min(...own);
      });
    });
    expect(clusters.extentPx).toBe(Math.max(...extents));
    for (const centre of everyone) {
      const members = clusterOf(clusters, centre);
      const middle = middleOf(xPx, members);
      for (const member of members)
        expect(Math.abs(xPx[member] - middle)).toBeLessThanOrEqual(Math.ceil(clusters.extentPx / 2));
    }
  });

  it("refuses a scan smaller than a cluster", () => {
    expect(() => makeClusters(xPx.slice(0, 4), yPx.slice(0, 4), SIZE)).toThrow(
      /scan has 4 patterns, a batch needs 9; lower --batch_size/,
    );
  });
});

describe("middleOf", () => {
  it("is whole, also between odd distances and below zero", () => {
    expect(middleOf(Int32Array.of(7, -4, 3), Int32Array.of(1, 2))).toBe(-1);
    expect(middleOf(Int32Array.of(5, 9), Int32Array.of(0, 1))).toBe(7);
  });
});

describe("epochCentres", () => {
  const candidates = Int32Array.from(everyone, (i) => 3 * i);
  const centres = (seed: number, epoch: number, count = COUNT) =>
    Array.from(epochCentres(candidates, count, seed, epoch));

  it("draws without repetition and leaves the candidates alone", () => {
    expect([...centres(1, 0)].sort((a, b) => a - b)).toEqual(Array.from(candidates));
    expect(candidates[1]).toBe(3);
    expect(centres(1, 0, 20)).toEqual(centres(1, 0).slice(0, 20));
  });

  it("is a function of seed and epoch, which are not interchangeable", () => {
    expect(centres(1, 2)).toEqual(centres(1, 2));
    expect(centres(1, 2)).not.toEqual(centres(1, 3));
    expect(centres(1, 2)).not.toEqual(centres(2, 1));
    expect(centres(0, 3)).not.toEqual(centres(3, 0));
  });

  it("refuses more centres than there are candidates", () => {
    expect(() => centres(1, 0, COUNT + 1)).toThrow(/121 centres cannot be drawn from 120 patterns/);
  });
});
