// The ptychodus product file: probe, object, positions and losses, lengths in metres. Layout: specs/data_contracts.md of
// PtychoPINN; what ptychodus itself writes has object [L, H, W] and probe [C, P, H, W].
import { type ComplexArray, complex64, float64, int32 } from "../../core/ndarray.js";
import { type Hdf5Group, writeHdf5 } from "../../formats/write-hdf5.js";
import type { Geometry } from "../raw-data.js";
import { LENGTHS_IN_PIXELS } from "../readers/ptychodus-product.js";

export interface NewProduct {
  readonly name: string;
  readonly comments: string;
  /** [H, W] */
  readonly object: ComplexArray;
  /** (x, y) of the corner of the object's first pixel in the frame of the positions, pixels. */
  readonly originPx: readonly [number, number];
  /** [P, N, N] incoherent modes. */
  readonly probe: ComplexArray;
  /** [n] centre of the probe, object pixels. */
  readonly xPx: Float64Array;
  readonly yPx: Float64Array;
  /** Loss or residual of each epoch; none for a network's prediction. */
  readonly losses: readonly number[];
  readonly geometry: Geometry;
  /** Mean photons per pattern, where they are known. */
  readonly nphotons?: number | undefined;
}

/**
 * Writes a product, whole or not at all. Where the size of an object pixel is not known it stands as 1 m, which keeps the
 * geometry right, and the comments and an attribute say so; an unknown energy, distance or exposure stands as 0.
 *
 * @throws PtychoError ResourceError, EngineError as `writeHdf5`.
 */
export async function writeProduct(path: string, product: NewProduct): Promise<void> {
  await writeHdf5(path, productTree(product));
}

function productTree(product: NewProduct): Hdf5Group {
  const { object, probe, originPx, xPx, yPx, losses, geometry, nphotons = 0 } = product;
  const { pixelSizeM, energyEv = 0, distanceM = 0 } = geometry;
  const pixelM = pixelSizeM ?? 1;
  const [height, width] = object.shape;
  const float = (value: number) => ({ float64: value });
  const pixel = { pixel_width_m: float(pixelM), pixel_height_m: float(pixelM) };
  const inMetres = (values: Float64Array) =>
    float64(
      [values.length],
      values.map((value) => value * pixelM),
    );
  const unknown =
    "the size of an object pixel is not known: it stands as 1 m, and all lengths are in object pixels";
  return {
    kind: "group",
    attributes: {
      format_id: "ptychodus.product.hdf5",
      format_version: "1.0",
      name: product.name,
      comments:
        pixelSizeM === undefined ? [product.comments, unknown].filter(Boolean).join("; ") : product.comments,
      ...(pixelSizeM === undefined ? { [LENGTHS_IN_PIXELS]: 1 } : {}),
      detector_object_distance_m: float(distanceM),
      probe_energy_eV: float(energyEv),
      probe_photon_count: float(nphotons),
      exposure_time_s: float(0),
      mass_attenuation_m2_kg: float(0),
      tomography_angle_deg: float(0),
      NX_class: "NXroot",
      default: "entry",
    },
    members: {
      probe_position_indexes: { kind: "array", array: int32([xPx.length]) },
      probe_position_x_m: { kind: "array", array: inMetres(xPx), attributes: { units: "m" } },
      probe_position_y_m: { kind: "array", array: inMetres(yPx), attributes: { units: "m" } },
      probe: {
        kind: "array",
        array: complex64([1, ...probe.shape], probe.re, probe.im),
        attributes: pixel,
      },
      object: {
        kind: "array",
        array: complex64([1, height, width], object.re, object.im),
        attributes: {
          ...pixel,
          center_x_m: float((originPx[0] + width / 2) * pixelM),
          center_y_m: float((originPx[1] + height / 2) * pixelM),
        },
      },
      object_layer_spacing_m: { kind: "array", array: float64([0]) },
      loss_values: { kind: "array", array: float64([losses.length], Float64Array.from(losses)) },
      loss_epochs: { kind: "array", array: int32([losses.length], Int32Array.from(losses.keys())) },
      // NeXus viewers (H5Web, silx, NeXpy) open on the object.
      entry: {
        kind: "group",
        attributes: { NX_class: "NXentry", default: "object" },
        members: {
          object: {
            kind: "group",
            attributes: { NX_class: "NXdata", signal: "object" },
            members: { object: { kind: "link", to: "/object" } },
          },
        },
      },
    },
  };
}
