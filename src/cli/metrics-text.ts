// The metrics of a reconstruction as a small table.
import type { EvaluateResult } from "../workflows/contract.js";
import { figures } from "./progress-line.js";

type Metrics = EvaluateResult["metrics"];

/** Three lines: heading, amplitude, phase. */
export function metricsText({ amplitude, phase }: Metrics): string {
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

/** The original's figures, the resolution by ring correlation and, where it was found, the probe. */
export function furtherText({ metrics, probe }: EvaluateResult): string {
  const { original, rings } = metrics;
  const cells = (image: Metrics["original"]["phase"]) =>
    [image.ssim, image.ms_ssim, image.psnr_peak255, image.mae, image.frc50_shell, image.frc1over7_shell].map(
      figureOrDash,
    );
  const resolution = (
    name: string,
    { verdict, period_px, period_nm }: Metrics["rings"]["half_bit_crossing"],
  ) => {
    if (verdict === "above") return `${name}: 2 px or better`;
    if (period_px === null) return `${name}: none`;
    return `${name}: ${figures(period_px)} px${period_nm === null ? "" : ` = ${figures(period_nm)} nm`}`;
  };
  return (
    row("original", ["SSIM", "MS-SSIM", "PSNR of 255", "MAE", "FRC 1/2 ring", "FRC 1/7 ring"]) +
    row("amplitude", cells(original.amplitude)) +
    row("phase", cells(original.phase)) +
    `period at the ${resolution("half-bit threshold", rings.half_bit_crossing)}, ` +
    `${resolution("at 1/7", rings.one_seventh_crossing)}\n` +
    (probe === undefined
      ? ""
      : `probe: fidelity ${figures(probe.fidelity)}, power ${figures(probe.power_ratio)} of the known one, width ` +
        `${figures(probe.width_px.found)} px against ${figures(probe.width_px.known)} px\n`)
  );
}

function row(name: string, cells: readonly string[]): string {
  return `${name.padEnd(10)}${cells.map((cell) => cell.padStart(13)).join("")}\n`;
}

function figureOrDash(value: number): string {
  return Number.isNaN(value) ? "-" : figures(value);
}
