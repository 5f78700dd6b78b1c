// What the original's export of a ptychodus product asks (ptycho/io/ptychodus_product_io.py): names, units, defaults.
import type { DataClass } from "./dataclass.js";

export const EXPORT_META = {
  name: "ExportMeta",
  fields: {
    name: ["str", ""],
    comments: ["str", ""],
    detector_distance_m: ["float", 0.0],
    probe_energy_eV: ["float", 0.0],
    exposure_time_s: ["float", 0.0],
    probe_photon_count: ["float", 0.0],
    mass_attenuation_m2_kg: ["float", 0.0],
    tomography_angle_deg: ["float", 0.0],
    object_pixel_width_m: ["float", 5e-8],
    object_pixel_height_m: ["float", 5e-8],
    probe_pixel_width_m: ["float", 1.25e-7],
    probe_pixel_height_m: ["float", 1.25e-7],
    object_center_x_m: ["float", 0.0],
    object_center_y_m: ["float", 0.0],
  },
} as const satisfies DataClass;
