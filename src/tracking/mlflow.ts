// MLflow: the run goes to a tracking server, or into a folder that MLflow reads.
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { PtychoError } from "../core/errors.js";
import type { OpenTracker } from "./contract.js";
import { openMlflowFolder } from "./mlflow-folder.js";
import { openMlflowServer } from "./mlflow-server.js";

/**
 * Server or folder by `mlflow_tracking_uri`, else by the variable MLFLOW_TRACKING_URI, else `<outputDir>/mlruns` as the
 * original has it.
 */
export const openMlflow: OpenTracker = (run, fail) => {
  const { trackingUri, environment, outputDir } = run;
  const variable = environment.MLFLOW_TRACKING_URI;
  const uri =
    trackingUri ?? (variable === undefined || variable === "" ? join(outputDir, "mlruns") : variable);
  const where = trackingUri === null ? "MLFLOW_TRACKING_URI" : "mlflow_tracking_uri";
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(uri)?.[1].toLowerCase();
  switch (scheme) {
    case undefined:
      return openMlflowFolder(uri, run);
    case "file":
      return openMlflowFolder(fileURLToPath(addressOf(uri, where)), run);
    case "http":
    case "https":
      return openMlflowServer(addressOf(uri, where), run, fail);
    default:
      throw new PtychoError(
        "UsageError",
        `${where}: a tracking store of kind '${scheme}' is not reachable from here; give an http(s) address or a folder`,
      );
  }
};

function addressOf(uri: string, where: string): URL {
  if (!URL.canParse(uri))
    throw new PtychoError("UsageError", `${where}: '${uri}' is not an address; check it`);
  const address = new URL(uri);
  // The setting is recorded in the model archive and in run.json.
  if (address.username !== "" || address.password !== "")
    throw new PtychoError(
      "UsageError",
      `${where}: the address holds a user name or password; give them as MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD`,
    );
  return address;
}
