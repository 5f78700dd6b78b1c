// Where results go: a file whose folder is made, with a folder or an input in its place refused; a folder, checked ahead.
import { existsSync, realpathSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
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

/**
 * Refuses, without making anything, a path that cannot become an output folder; to be asked before long work that ends
 * with `prepareOutputFolder`.
 *
 * @throws PtychoError UsageError
 */
export function expectOutputFolder(path: string): void {
  let existing = resolve(path);
  while (!existsSync(existing) && dirname(existing) !== existing) existing = dirname(existing);
  check(
    statSync(existing).isDirectory(),
    "UsageError",
    () => `output folder ${printable(path)}: ${printable(existing)} is a file; name another folder`,
  );
}
