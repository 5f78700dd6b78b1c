// A stack of patterns in an .npy file, its positions in a file beside it.
import { check } from "../../core/errors.js";
import { readRegularFile } from "../../formats/files.js";
import { parseNpy } from "../../formats/npy.js";
import { printable } from "../../formats/printable.js";
import type { FileReader } from "./contract.js";
import { stackSource } from "./stack-source.js";

const NAME = "NPY stack";

export const npyStackReader: FileReader = {
  container: "file",
  name: NAME,
  recognises: (head) => head.subarray(0, 6).equals(Buffer.from("\x93NUMPY", "latin1")),
  open: (path) => {
    const array = parseNpy(readRegularFile(path), printable(path));
    check(
      "data" in array,
      "DataError",
      () => `${printable(path)}: a stack of patterns holds real numbers, got ${array.dtype}`,
    );
    return stackSource(NAME, path, { header: array, read: () => array, close() {} });
  },
};
