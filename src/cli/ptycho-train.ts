#!/usr/bin/env node
// The entry of `ptycho_train`, the original's training command: train, from the defaults of that command.
import { startProcess } from "./start.js";

await startProcess(["train", ...process.argv.slice(2)], "canonical");
