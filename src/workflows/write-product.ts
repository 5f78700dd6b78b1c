// product.h5 beside reconstruction.npz: what ptychodus opens, and viewers of NeXus and HDF5.
import { join } from "node:path";
import { isPtychoError } from "../core/errors.js";
import { type NewProduct, writeProduct } from "../data/writers/ptychodus-product.js";
import type { Work } from "./contract.js";

export const PRODUCT_FILE = "product.h5";

/** Writes the product; where the HDF5 library is missing a warning says so, for the result stands in reconstruction.npz. */
export async function* saveProduct(
  outputDir: string,
  product: Omit<NewProduct, "name" | "comments">,
): Work<void> {
  const path = join(outputDir, PRODUCT_FILE);
  try {
    await writeProduct(path, { ...product, name: "ptychopinn", comments: "written by ptychopinn" });
  } catch (error) {
    if (!isPtychoError(error, "EngineError")) throw error;
    yield { kind: "warning", text: `${path} is not written: ${error.message}` };
    return;
  }
  yield { kind: "wrote", path, what: "ptychodus product" };
}
