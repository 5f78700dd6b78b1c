// What is asked of the grouping, and the conditions any such request must meet.

import { check } from "../core/errors.js";

export interface GroupRequest {
  /** Patterns per group is gridsize squared; channel c stands for row floor(c / gridsize), column c mod gridsize. */
  readonly gridsize: number;
  /** Number of groups. With gridsize 1 it is capped at the number of points. */
  readonly nGroups: number;
  /** K, the nearest neighbours a group is drawn from. */
  readonly neighbourCount: number;
  /** Take the first points as seeds instead of random ones; the neighbours are then drawn from a stream seeded 0. */
  readonly sequential?: boolean;
  /** Permit more groups than points, by different combinations of the neighbours of a point. */
  readonly oversampling?: boolean;
  /** K for oversampling, if it differs. */
  readonly neighbourPoolSize?: number;
}

/** The conditions on n points, C members and K neighbours. */
export function expectEnough(n: number, members: number, neighbourCount: number): void {
  check(
    n >= members,
    "DataError",
    () =>
      `Dataset has only ${n} points but ${members} coordinates per group requested; ` +
      `the largest gridsize it allows is ${Math.floor(Math.sqrt(n))}.`,
  );
  check(
    neighbourCount >= members,
    "UsageError",
    () =>
      `K=${neighbourCount} must be >= C=${members} (need at least C neighbors to form a group); ` +
      `set neighbor_count to ${members} or more`,
  );
}
