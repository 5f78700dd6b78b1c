// All engines by name. A new engine is one file and one line here.
import { nearestName, PtychoError } from "../core/errors.js";
import type { Engine } from "./contract.js";
import { dm, raar } from "./difference-map.js";
import { gradient } from "./gradient.js";
import { lsqml } from "./lsqml.js";
import { epie, rpie } from "./pie.js";

export const engines = { rpie, lsqml, epie, dm, raar, gradient } as const satisfies Readonly<
  Record<string, Engine>
>;

export type EngineName = keyof typeof engines;

/** @throws PtychoError UsageError for a name that no engine has. */
export function engineNamed(name: string): Engine {
  const found = Object.entries<Engine>(engines).find(([known]) => known === name);
  if (found !== undefined) return found[1];
  const near = nearestName(name, Object.keys(engines));
  const hint = near === undefined ? `known: ${Object.keys(engines).join(", ")}` : `did you mean '${near}'?`;
  throw new PtychoError("UsageError", `unknown engine '${name}'; ${hint}`);
}
