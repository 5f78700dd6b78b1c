// The reconstruction beside the object that the scan file holds, for --comparison_plot: the truth is asked for by name.
import { join } from "node:path";
import { isPtychoError } from "../core/errors.js";
import { evaluateReconstruction } from "../evaluation/evaluate-reconstruction.js";
import { writeFileAtomic } from "../formats/files.js";
import { encodePng } from "../formats/png.js";
import { comparisonPicture } from "./comparison-picture.js";
import type { Work } from "./contract.js";
import { SEARCH_PX } from "./evaluate.js";
import { readAnyKnownObject } from "./read-object.js";
import { readReconstruction } from "./read-reconstruction.js";

/**
 * Draws comparison_plot.png of the reconstruction in `outputDir` and `objectGuess` of `scanFile`, aligned as evaluate does.
 * Where the file holds no such object, or too little of it, there is a warning and no picture.
 */
export async function* plotComparison(outputDir: string, scanFile: string): Work<void> {
  try {
    const truth = await readAnyKnownObject(scanFile);
    const found = readReconstruction(outputDir);
    const { object, xPx, yPx, originPx } = truth;
    const metrics = evaluateReconstruction(
      { ...found, truth: object, xPx, yPx, ...(originPx === undefined ? {} : { truthOriginPx: originPx }) },
      { searchPx: SEARCH_PX },
    );
    const path = join(outputDir, "comparison_plot.png");
    writeFileAtomic(path, encodePng(comparisonPicture(object, found, metrics)));
    yield { kind: "wrote", path, what: "comparison" };
  } catch (error) {
    if (!isPtychoError(error, "DataError") && !isPtychoError(error, "UsageError")) throw error;
    yield { kind: "warning", text: `--comparison_plot: no picture is drawn: ${error.message}` };
  }
}
