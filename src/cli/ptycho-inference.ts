#!/usr/bin/env node
// The entry of `ptycho_inference`, the original's inference command.
import { startProcess } from "./start.js";

await startProcess(["infer", ...process.argv.slice(2)]);
