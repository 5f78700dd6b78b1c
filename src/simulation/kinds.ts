// The names of what can be simulated. Without the code that does it, so that a command line can list them at once.

export const OBJECT_KINDS = [
  "lines",
  "dead_leaves",
  "points",
  "diagonals",
  "grf",
  "letters",
  "white_noise",
  "blurred_noise",
  "perlin",
  "simplex",
  "polyhedra",
  "procedural",
  "siemens_star",
] as const;
export type ObjectKind = (typeof OBJECT_KINDS)[number];

export const PROBE_KINDS = ["disk", "ideal_disk", "defocus", "gaussian", "zernike", "zone_plate"] as const;
export type ProbeKind = (typeof PROBE_KINDS)[number];

export const SCAN_KINDS = ["raster", "fermat", "concentric", "lissajous", "random"] as const;
export type ScanKind = (typeof SCAN_KINDS)[number];
