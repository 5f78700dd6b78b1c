// `npm run parity`: every golden case against this package, one line each and a count at the end.
import { goldenFolder, listCases, runGoldenCase, skipReason } from "./golden-case.js";

const folder = goldenFolder();
console.log(`golden cases in ${folder}`);
const skipped = new Map<string, string[]>();
let passed = 0;
let failed = 0;
for (const golden of listCases(folder)) {
  const reason = skipReason(golden);
  if (reason !== undefined) {
    skipped.set(reason, [...(skipped.get(reason) ?? []), golden.name]);
    continue;
  }
  const begin = performance.now();
  const results = await runGoldenCase(golden);
  const seconds = ((performance.now() - begin) / 1000).toFixed(1);
  const wrong = results.filter((result) => !result.passed);
  if (wrong.length === 0) {
    passed++;
    console.log(`ok   ${golden.name}: ${results.length} compared, ${seconds} s`);
  } else {
    failed++;
    console.log(`FAIL ${golden.name}: ${wrong.map(({ name, detail }) => `${name}: ${detail}`).join(" | ")}`);
  }
}
let skippedCount = 0;
for (const [reason, names] of skipped) {
  skippedCount += names.length;
  console.log(`skip ${names.join(", ")}: ${reason}`);
}
console.log(`${passed} passed, ${failed} failed, ${skippedCount} skipped`);
if (failed > 0 || passed === 0) process.exitCode = 1;
