// The readers of scan files. The first that knows a file reads it: the more particular ones come first.
import type { ScanReader } from "./contract.js";
import { cxiReader } from "./cxi.js";
import { matlabReader } from "./matlab.js";
import { nexusReader } from "./nexus.js";
import { npyStackReader } from "./npy-stack.js";
import { ptychodusBundleReader, ptychodusPairReader } from "./ptychodus.js";
import { ptypyReader } from "./ptypy.js";
import { tiffStackReader } from "./tiff-stack.js";

export const scanReaders: readonly ScanReader[] = [
  ptychodusBundleReader,
  cxiReader,
  ptypyReader,
  nexusReader,
  matlabReader,
  ptychodusPairReader,
  npyStackReader,
  tiffStackReader,
];
