// The metrics of a reconstruction as a small table.
import type { EvaluateResult } from "../workflows/contract.js";
import { figures } from "./progress-line.js";

type Metrics = EvaluateResult["metrics"];

/** Three lines: heading, amplitude, phase. */
export function metricsText({ amplitude, phase }: Metrics): string {
  const row = (name: string, cells: readonly string[]) =>
    `${name.padEnd(10)}${cells.map((cell) => cell.padStart(13)).join("")}\n`;
  const cells = (image: Metrics["phase"]) =>
    [image.ssim, image.psnr, image.psnr_peak, image.mae, image.correlation].map((value) =>
      value === null ? "-" : figures(value),
    );
  return (
    row("", ["SSIM", "PSNR (dB)", "its peak", "MAE", "correlation"]) +
    row("amplitude", cells(amplitude)) +
    row("phase", cells(phase))
  );
}
