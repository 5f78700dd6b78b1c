// A stack of patterns in a TIFF file, one page to a pattern, its positions in a file beside it. Pages are read as they are
// asked for.
import { check } from "../../core/errors.js";
import { float32 } from "../../core/ndarray.js";
import { openRegularFile } from "../../formats/open-file.js";
import { printable } from "../../formats/printable.js";
import { readTiffPage } from "../../formats/tiff.js";
import { isTiff, readTiffPages } from "../../formats/tiff-directory.js";
import type { FileReader } from "./contract.js";
import { stackSource } from "./stack-source.js";

const NAME = "TIFF stack";
/** Bytes of a stack that is taken into memory whole. */
const MOST_BYTES = 4 * 2 ** 30;

export const tiffStackReader: FileReader = {
  container: "file",
  name: NAME,
  recognises: isTiff,
  open: (path) => {
    const where = printable(path);
    const file = openRegularFile(path);
    try {
      const pages = readTiffPages(file, where);
      const [{ width, height }] = pages;
      for (const [i, page] of pages.entries())
        check(
          page.width === width && page.height === height,
          "DataError",
          () =>
            `${where}: page ${i} is ${page.width} x ${page.height} pixels; expected ${width} x ${height}, as page 0`,
        );
      const size = width * height;
      const readFrames = (from: number, to: number): Float32Array => {
        const frames = new Float32Array((to - from) * size);
        for (let i = from; i < to; i++) frames.set(readTiffPage(file, pages[i], where), (i - from) * size);
        file.expectUnchanged();
        return frames;
      };
      const shape = [pages.length, height, width];
      return stackSource(NAME, path, {
        header: { dtype: "float32", shape },
        readFrames,
        read: () => {
          check(
            4 * pages.length * size <= MOST_BYTES,
            "ResourceError",
            () =>
              `${where}: ${pages.length} pages of ${width} x ${height} pixels do not fit into memory; save them as HDF5`,
          );
          return float32(shape, readFrames(0, pages.length));
        },
        close: file.close,
      });
    } catch (error) {
      file.close();
      throw error;
    }
  },
};
