// Checks of the file itself: what could not be read, and the order of the axes.

import type { ScanFacts } from "./facts.js";
import type { Check } from "./finding.js";

const troubleAt = (facts: ScanFacts, places: readonly string[]) =>
  facts.troubles.find(({ place }) => places.includes(place));

const isThere = (facts: ScanFacts, places: readonly string[]) =>
  facts.contents?.arrays.some(({ name }) => places.includes(name)) === true;

const PATTERNS = ["diffraction", "diff3d"];
const POSITIONS = ["xcoords", "ycoords"];
const PROBE = ["probeGuess"];
const NAMED = [...PATTERNS, ...POSITIONS, ...PROBE, "file", "mask", "_metadata"];

/** A pair of checks: the array is not there; it is there and cannot be read. */
function arrayChecks(
  subject: string,
  places: readonly string[],
  what: string,
  missing: Omit<Check, "id" | "look">,
): Check[] {
  const seen = (facts: ScanFacts, wantsArray: boolean) => {
    const trouble = facts.contents === undefined ? undefined : troubleAt(facts, places);
    return trouble !== undefined && isThere(facts, [trouble.place]) === wantsArray
      ? { sentence: trouble.message }
      : undefined;
  };
  return [
    { ...missing, id: `${subject}.missing`, look: (facts) => seen(facts, false) },
    {
      ...{ id: `${subject}.unreadable`, severity: "error", about: `${what} in the file that cannot be read` },
      look: (facts) => seen(facts, true),
    },
  ];
}

export const FILE_CHECKS: readonly Check[] = [
  {
    id: "file.unreadable",
    severity: "error",
    about: "a file that is no scan file, is cut off, or is damaged",
    look: (facts) => {
      const trouble = troubleAt(facts, ["file"]);
      return trouble === undefined ? undefined : { sentence: trouble.message };
    },
  },
  ...arrayChecks("patterns", PATTERNS, "patterns", {
    severity: "error",
    about: "no patterns under a known name",
  }),
  ...arrayChecks("positions", POSITIONS, "positions", {
    severity: "error",
    about: "no scan positions under their names",
  }),
  {
    id: "probe.unreadable",
    severity: "error",
    about: "a probe in the file that cannot be read",
    look: (facts) => {
      const trouble = troubleAt(facts, PROBE);
      return trouble === undefined ? undefined : { sentence: trouble.message };
    },
  },
  {
    id: "probe.absent",
    severity: "note",
    about: "no probe: reconstruct estimates one, train needs one",
    look: ({ contents, troubles }) =>
      contents !== undefined &&
      contents.probe === undefined &&
      !troubles.some(({ place }) => PROBE.includes(place))
        ? { sentence: "the file holds no probe: 'reconstruct' estimates one, 'train' needs one in the file" }
        : undefined,
  },
  {
    id: "mask.unusable",
    severity: "error",
    about: "a pixel mask of another shape, or one that calls most pixels bad",
    look: (facts) => {
      const trouble = troubleAt(facts, ["mask"]);
      return trouble === undefined ? undefined : { sentence: trouble.message };
    },
  },
  {
    id: "metadata.ignored",
    severity: "note",
    about: "metadata that are not one JSON text",
    look: (facts) => {
      const trouble = troubleAt(facts, ["_metadata"]);
      return trouble === undefined ? undefined : { sentence: trouble.message };
    },
  },
  {
    id: "array.unreadable",
    severity: "warning",
    about: "another array of the file that cannot be read",
    look: ({ troubles }) => {
      const others = troubles.filter(({ place }) => !NAMED.includes(place));
      return others.length === 0 ? undefined : { sentence: others.map(({ message }) => message).join("; ") };
    },
  },
  {
    id: "patterns.axis-order-unclear",
    severity: "error",
    about: "as many patterns as pixels along both edges: nothing tells the axes apart",
    look: ({ contents, prepare }) => {
      const patterns = contents?.patterns;
      if (patterns === undefined || patterns.order !== undefined) return undefined;
      return {
        sentence: `the patterns have shape [${patterns.shape.join(", ")}], which fits both (n, H, W) and (H, W, n)`,
        repair: prepare("--axis-order nhw"),
      };
    },
  },
  {
    id: "patterns.axis-order",
    severity: "warning",
    about: "patterns stored along the last axis, (H, W, n)",
    look: ({ contents, prepare }) => {
      const patterns = contents?.patterns;
      if (patterns?.order !== "HWN") return undefined;
      return {
        ...(contents?.format === "NPZ" ? {} : { severity: "note" as const }),
        sentence: `the patterns are stored as (H, W, n), shape [${patterns.shape.join(", ")}]: other programs expect (n, H, W)`,
        repair: prepare("--axis-order hwn"),
      };
    },
  },
];
