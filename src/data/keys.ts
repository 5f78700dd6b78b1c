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

/** Where a simulated scan keeps the positions that its recorded ones err about. Truth: for scoring alone. */
export const TRUE_POSITION_KEYS = { x: "xcoords_true", y: "ycoords_true" } as const;

/** Pixel masks where non-zero means bad: ptychodus `bad_pixels`, NeXus `pixel_mask`, CXI `mask` (both bit fields). */
export const BAD_PIXEL_KEYS = ["bad_pixels", "pixel_mask", "mask"] as const;

/** Pixel masks where non-zero means good: pty-chi `valid_pixel_mask`, tike `measured_pixels`. */
export const GOOD_PIXEL_KEYS = ["valid_pixel_mask", "measured_pixels"] as const;

/** The probe in a file that is given for its probe alone; the first one that is there counts. */
export const PROBE_FILE_KEYS = ["probe", SCAN_KEYS.probe] as const;

/** Every key that the reader knows, for hints on misspelt ones. */
export const KNOWN_KEYS: readonly string[] = [
  ...DIFFRACTION_KEYS,
  ...Object.values(SCAN_KEYS),
  ...Object.values(TRUE_POSITION_KEYS),
  ...BAD_PIXEL_KEYS,
  ...GOOD_PIXEL_KEYS,
];
