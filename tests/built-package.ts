// The package as npm would install it, made of the present source: for tests that run programs against it.
import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import ts from "typescript";

const root = join(import.meta.dirname, "..");

/** A folder in which `import "ptychopinn"` and `require("ptychopinn")` find the package; types are not checked. */
export function installPackage(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "ptychopinn-package-")));
  const pack = join(folder, "node_modules", "ptychopinn");
  mkdirSync(pack, { recursive: true });
  copyFileSync(join(root, "package.json"), join(pack, "package.json"));
  symlinkSync(join(root, "node_modules"), join(pack, "node_modules"));
  const compilerOptions: ts.CompilerOptions = {
    module: ts.ModuleKind.ESNext,
    target: ts.ScriptTarget.ES2023,
    verbatimModuleSyntax: true,
  };
  for (const path of readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })) {
    if (!/(?<!\.test|\.d)\.ts$/.test(path)) continue;
    const built = join(pack, "dist", "src", path.replace(/\.ts$/, ".js"));
    mkdirSync(dirname(built), { recursive: true });
    const source = readFileSync(join(root, "src", path), "utf8");
    writeFileSync(built, ts.transpileModule(source, { fileName: path, compilerOptions }).outputText);
  }
  return folder;
}

/** Runs a program with Node in `folder`. */
export function runProgram(folder: string, path: string, ...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [path, ...args], {
    cwd: folder,
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}
