// npm links a bin only when the file is executable; tsc does not set that bit.
import { chmodSync } from "node:fs";

chmodSync(new URL("../dist/src/cli/main.js", import.meta.url), 0o755);
