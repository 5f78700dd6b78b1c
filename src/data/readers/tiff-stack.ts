// A stack of patterns in a TIFF file, one page to a pattern, its positions in a file beside it.
import { check, isPtychoError, PtychoError } from "../../core/errors.js";
import { float32, type NdArray } from "../../core/ndarray.js";
import { readRegularFile } from "../../formats/files.js";
import { printable } from "../../formats/printable.js";
import type { FileReader } from "./contract.js";
import { stackSource } from "./stack-source.js";

const NAME = "TIFF stack";
const HEADS = ["II*\0", "MM\0*", "II+\0", "MM\0+"];
/** Bytes of a stack that is taken into memory. */
const MOST_BYTES = 4 * 2 ** 30;

export const tiffStackReader: FileReader = {
  container: "file",
  name: NAME,
  recognises: (head) => HEADS.includes(head.subarray(0, 4).toString("latin1")),
  open: async (path) => stackSource(NAME, path, await readPages(path)),
};

async function readPages(path: string): Promise<NdArray<"float32">> {
  const where = printable(path);
  const bytes = readRegularFile(path, { maxBytes: MOST_BYTES });
  const { fromArrayBuffer } = await import("geotiff");
  try {
    // A copy: Node's small buffers share one memory.
    const tiff = await fromArrayBuffer(new Uint8Array(bytes).buffer);
    const pages = await tiff.getImageCount();
    const first = await tiff.getImage(0);
    const [height, width] = [first.getHeight(), first.getWidth()];
    const size = height * width;
    check(
      4 * pages * size <= MOST_BYTES,
      "ResourceError",
      () =>
        `${where}: ${pages} pages of ${width} x ${height} pixels do not fit into memory; save them as HDF5`,
    );
    const stack = float32([pages, height, width]);
    for (let page = 0; page < pages; page++) {
      const image = await tiff.getImage(page);
      check(
        image.getWidth() === width && image.getHeight() === height && image.getSamplesPerPixel() === 1,
        "DataError",
        () =>
          `${where}: page ${page} is ${image.getWidth()} x ${image.getHeight()} with ${image.getSamplesPerPixel()} values to a ` +
          `pixel; expected ${width} x ${height} with one, as page 0`,
      );
      const raster = await image.readRasters({ interleave: true });
      stack.data.set(raster as ArrayLike<number>, page * size);
    }
    return stack;
  } catch (error) {
    if (isPtychoError(error)) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new PtychoError(
      "DataError",
      `${where}: the TIFF file cannot be read (${reason}); write it again`,
      error,
    );
  }
}
