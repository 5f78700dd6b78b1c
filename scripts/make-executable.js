// npm links a bin only when the file is executable; tsc does not set that bit.
import { chmodSync } from "node:fs";

for (const name of ["main", "ptycho-train", "ptycho-inference"])
  chmodSync(new URL(`../dist/src/cli/${name}.js`, import.meta.url), 0o755);
