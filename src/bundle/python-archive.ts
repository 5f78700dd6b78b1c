// Archives that the Python original wrote: known by their members' names, never opened further.
import { PtychoError } from "../core/errors.js";

/**
 * Refuses an archive of the Python original, whose members are pickles: reading one could run any code.
 *
 * @throws PtychoError ArtefactError when `names` are the members of such an archive.
 */
export function refusePythonArchive(names: readonly string[], where: string): void {
  const writer = pythonWriter(names);
  if (writer === undefined) return;
  throw new PtychoError(
    "ArtefactError",
    `${where}: written by the Python PtychoPINN (${writer}); its members are pickles, which can run any code and are ` +
      "never loaded here; train a model with this package, whose archives hold plain numbers",
  );
}

/** Which of the original's programs wrote an archive of these members; undefined for none. */
export function pythonWriter(
  names: readonly string[],
): "PyTorch" | "TensorFlow" | "unknown backend" | undefined {
  const has = (pattern: RegExp): boolean => names.some((name) => pattern.test(name));
  const pickled = has(/\.(dill|pkl|pickle|joblib|pth|pt|ckpt)$/);
  if (has(/(^|\/)model\.pth$|\.pt$|(^|\/)data\.pkl$/)) return "PyTorch";
  if (has(/\.keras$|\.h5$|(^|\/)saved_model\.pb$/)) return "TensorFlow";
  return pickled ? "unknown backend" : undefined;
}
