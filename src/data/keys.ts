// The names of arrays in a scan file, and the names they had before.

/** Patterns: the canonical key, then its alias. Where a file has both and they differ, the canonical one counts. */
export const DIFFRACTION_KEYS = ["diffraction", "diff3d"] as const;

export const SCAN_KEYS = {
  x: "xcoords",
  y: "ycoords",
  xStart: "xcoords_start",
  yStart: "ycoords_start",
  probe: "probeGuess",
  scanIndex: "scan_index",
  metadata: "_metadata",
  truthObject: "objectGuess",
  truthPatches: "Y",
} as const;

/** Every key that the reader knows, for hints on misspelt ones. */
export const KNOWN_KEYS: readonly string[] = [...DIFFRACTION_KEYS, ...Object.values(SCAN_KEYS)];
