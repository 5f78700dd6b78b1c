// Where the model archive is: `--model_path` names the archive itself or the folder that holds it.
import { statSync } from "node:fs";
import { join } from "node:path";
import { PtychoError } from "../core/errors.js";

export const ARCHIVE_NAME = "wts.h5.zip";

/**
 * Path of the archive file meant by `modelPath`: `wts.h5.zip` in it when it is a folder, else the path itself.
 *
 * @throws PtychoError UsageError "Model archive not found: …" when nothing is there.
 */
export function resolveArchivePath(modelPath: string): string {
  const kind = kindAt(modelPath);
  if (kind === "folder") {
    const path = join(modelPath, ARCHIVE_NAME);
    if (kindAt(path) !== "nothing") return path;
    return notFound(
      path,
      `Expected ${ARCHIVE_NAME} in model_path directory; give the output_dir of a finished training.`,
    );
  }
  if (kind === "other") return modelPath;
  const named = modelPath.endsWith(".zip");
  return notFound(
    named ? modelPath : join(modelPath, ARCHIVE_NAME),
    named
      ? "Check the path."
      : `model_path does not exist: ${modelPath}; give the output_dir of a finished training.`,
  );
}

function notFound(path: string, reason: string): never {
  throw new PtychoError("UsageError", `Model archive not found: ${path}. ${reason}`);
}

/** What stands at the path; something that cannot be looked at counts as "other", and reading it says why. */
function kindAt(path: string): "folder" | "other" | "nothing" {
  try {
    const entry = statSync(path, { throwIfNoEntry: false });
    if (entry === undefined) return "nothing";
    return entry.isDirectory() ? "folder" : "other";
  } catch {
    return "other";
  }
}
