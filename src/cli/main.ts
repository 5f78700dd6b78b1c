#!/usr/bin/env node
// The entry of `ptychopinn`.
import { startProcess } from "./start.js";

await startProcess(process.argv.slice(2));
