// What is wrong with a ptychodus product file, by its contract (specs/data_contracts.md of PtychoPINN).
import type { Hdf5File } from "../../formats/hdf5.js";

export interface ProductFault {
  /** Stable name: which rule is broken, and by what. */
  readonly id: string;
  /** What was found and what was expected. */
  readonly message: string;
}

const ROOT_ATTRIBUTES = [
  ...["name", "comments", "detector_object_distance_m", "probe_energy_eV", "exposure_time_s"],
];
const POSITIONS = ["probe_position_indexes", "probe_position_x_m", "probe_position_y_m"];
const PIXEL = ["pixel_width_m", "pixel_height_m"];
const RAW_ARRAYS = ["xcoords", "ycoords", "scan_index"];

/** Every rule that a product breaks; none for a good one. `costs` counts for `loss_values`, as the contract says. */
export function productFaults(file: Hdf5File): readonly ProductFault[] {
  const faults: ProductFault[] = [];
  const note = (id: string, message: string) => faults.push({ id, message });
  const has = (path: string) => file.kindOf(path) === "dataset";
  const shapeOf = (path: string) => file.dataset(path).shape;
  const root = file.attributes("/");
  for (const name of ROOT_ATTRIBUTES)
    if (!(name in root)) note(`attribute:${name}`, `the attribute ${name} of the file is missing`);
  for (const name of ["probe", "object", ...POSITIONS, "object_layer_spacing_m"])
    if (!has(name)) note(`dataset:${name}`, `the dataset ${name} is missing`);
  if (!has("loss_values") && !has("costs"))
    note("dataset:loss_values", "the dataset loss_values is missing; it may be empty");
  for (const name of ["probe", "object"]) {
    if (!has(name)) continue;
    const { dtype } = file.dataset(name);
    if (!dtype.startsWith("complex")) note(`complex:${name}`, `${name} must be complex, it is ${dtype}`);
    const attributes = file.attributes(name);
    for (const each of PIXEL) {
      const value = attributes[each];
      if (!(typeof value === "number" && value > 0))
        note(
          `pixel:${name}.${each}`,
          `the attribute ${each} of ${name} is ${value ?? "missing"}; expected metres above 0`,
        );
    }
    for (const each of name === "object" ? ["center_x_m", "center_y_m"] : [])
      if (!(each in attributes)) note(`pixel:object.${each}`, `the attribute ${each} of object is missing`);
  }
  if (has("object") && has("object_layer_spacing_m")) {
    const object = shapeOf("object");
    const layers = object.length === 3 ? object[0] : 1;
    const found = shapeOf("object_layer_spacing_m")[0] ?? 0;
    if (found !== layers - 1)
      note(
        "spacing",
        `object_layer_spacing_m has ${found} values for ${layers} layers; expected ${layers - 1}`,
      );
  }
  const there = POSITIONS.filter(has);
  for (const name of there)
    if (shapeOf(name).length !== 1)
      note(`shape:${name}`, `${name} must be [n], it is [${shapeOf(name).join(", ")}]`);
  const lengths = there.map((name) => shapeOf(name)[0]);
  if (there.length === POSITIONS.length && new Set(lengths).size > 1)
    note("lengths", `the positions have ${lengths.join(", ")} entries; expected as many of each`);
  if (file.kindOf("raw_data") === "group") noteRawData(file, note);
  return faults;
}

function noteRawData(file: Hdf5File, note: (id: string, message: string) => void): void {
  const has = (name: string) => file.kindOf(`raw_data/${name}`) === "dataset";
  if (has("diffraction")) {
    const { shape } = file.dataset("raw_data/diffraction");
    const n = has("xcoords") ? file.dataset("raw_data/xcoords").shape[0] : undefined;
    if (shape.length !== 3)
      note("raw:shape", `raw_data/diffraction must be [n, H, W], it is [${shape.join(", ")}]`);
    else if (n !== undefined && shape[0] !== n)
      note("raw:length", `raw_data has ${shape[0]} patterns and ${n} positions; expected as many`);
  }
  for (const name of RAW_ARRAYS)
    if (!has(name)) note(`raw:${name}`, `the dataset raw_data/${name} is missing`);
}
