// One file as the result of a command: its folder is made, a folder or an input in its place is refused.
import { existsSync, realpathSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { check } from "../core/errors.js";
import { prepareOutputFolder } from "../formats/files.js";
import { printable } from "../formats/printable.js";

/**
 * Prepares the folder of `path`. A file that is there will be replaced, unless it is one of `inputs`.
 *
 * @throws PtychoError UsageError when `path` is a folder, an input, or lies where no file can be; ResourceError.
 */
export function prepareOutputFile(where: string, path: string, inputs: readonly string[]): void {
  const isFolder = existsSync(path) && statSync(path).isDirectory();
  check(
    path !== "" && !path.endsWith("/") && !isFolder,
    "UsageError",
    () => `${where} ${printable(path)}: this is a folder; name a file`,
  );
  for (const input of inputs) {
    check(
      !existsSync(path) || !existsSync(input) || realpathSync(path) !== realpathSync(input),
      "UsageError",
      () => `${where} ${printable(path)}: this is also an input and would be overwritten; name another file`,
    );
  }
  prepareOutputFolder(dirname(path));
}
