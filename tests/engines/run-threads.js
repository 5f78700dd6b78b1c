// Run by threads.test.ts in a process of its own, on built files: worker threads load JavaScript only.
// node run-threads.js DIST: one line "engine threads sha256" for every engine and number of threads.
import { createHash } from "node:crypto";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const load = (path) => import(pathToFileURL(join(process.argv[2], path)).href);
const [{ engineNamed, engines }, { openReconstruction }, objects, probes, modes, scans, { simulateScan }] =
  await Promise.all(
    [
      ...["src/engines/registry.js", "src/engines/reconstruction.js", "src/simulation/objects.js"],
      ...["src/simulation/probes.js", "src/simulation/probe-modes.js", "src/simulation/scans.js"],
      "src/simulation/acquire.js",
    ].map(load),
  );

const N = 32;
const object = objects.makeDeadLeavesObject({ sidePx: 92, seed: 1 });
const probe = modes.makeProbeModes(probes.makeDiskProbe({ sidePx: N, radiusPx: 8 }), 2);
const positions = scans.makeFermatScan({ positions: 40, stepPx: 4, centrePx: [46.3, 45.8] });
const scan = simulateScan({ object, probe, ...positions, photons: 1e5, noise: { kind: "poisson", seed: 1 } });
const frames = {
  ...{ n: 40, N },
  read: (pattern, into) => into.set(scan.diffraction.data.subarray(pattern * N * N, (pattern + 1) * N * N)),
};

for (const engine of Object.keys(engines))
  for (const threads of [1, 2, 3]) {
    const { epochs: _, ...defaults } = engineNamed(engine).defaults;
    const never = Number.POSITIVE_INFINITY;
    const settings = {
      ...{ seed: 1, noise: "amplitude", decay: [never, never], positionLimitPx: 1 },
      ...{ probeStart: 0, positionStart: 1, brightnessStart: 1 },
      ...{ ...defaults, batchSize: 13 },
    };
    const reconstruction = openReconstruction(
      { frames, probe: scan.probe, ...positions },
      { engine, settings, threads },
    );
    if (reconstruction.plan.threads !== threads) throw new Error(`${reconstruction.plan.threads} threads`);
    for (let epoch = 0; epoch < 3; epoch++) for await (const _ of reconstruction.epoch());
    const hash = createHash("sha256");
    for (const plane of Object.values(reconstruction.save().planes)) hash.update(plane);
    await reconstruction.release();
    console.log(engine, threads, hash.digest("hex"));
  }
