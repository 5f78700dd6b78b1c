// Numbers on pictures: robust value ranges, round tick values and lengths with a unit.

export interface Tick {
  readonly value: number;
  readonly label: string;
}

/** Ticks of the phase bar from -pi to pi. */
export const PHASE_TICKS: readonly Tick[] = [
  { value: -Math.PI, label: "-π" },
  { value: -Math.PI / 2, label: "-π/2" },
  { value: 0, label: "0" },
  { value: Math.PI / 2, label: "π/2" },
  { value: Math.PI, label: "π" },
];

/**
 * The 0.5 and 99.5 percentiles of the values that `isDrawn`; [0, 1] when there are none. An (almost) constant image
 * gets a range of its own size about it, so that it is drawn as one middle colour.
 */
export function percentileRange(
  values: Float32Array | Float64Array,
  isDrawn: (index: number) => boolean,
): readonly [number, number] {
  const [low, high] = percentiles(values, isDrawn, [0.005, 0.995]);
  return low === undefined ? [0, 1] : widened(low, high);
}

/** The values below which the given fractions of those that `isDrawn` lie; empty when there are none. */
export function percentiles(
  values: Float32Array | Float64Array,
  isDrawn: (index: number) => boolean,
  fractions: readonly number[],
): readonly number[] {
  const sorted = Float64Array.from(values)
    .filter((_, i) => isDrawn(i))
    .sort();
  if (sorted.length === 0) return [];
  return fractions.map((fraction) => sorted[Math.round(fraction * (sorted.length - 1))]);
}

/** [low, high], or where these are (almost) one value a range of its size about it. */
export function widened(low: number, high: number): readonly [number, number] {
  const size = Math.max(Math.abs(low), Math.abs(high));
  if (high - low > 1e-6 * size) return [low, high];
  const half = size === 0 ? 0.5 : size / 2;
  return [low - half, low + half];
}

/** Four to seven round values inside [low, high], fewer where they would be closer than `leastStep`. */
export function linearTicks(low: number, high: number, leastStep = 0): readonly Tick[] {
  const step = niceBelow((high - low) / 3, leastStep);
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const largest = Math.max(Math.abs(low), Math.abs(high));
  const digits = Math.floor(Math.log10(largest) + 1e-9) - Math.floor(Math.log10(step) + 1e-9);
  const exponential = largest >= 1e5 || decimals > 4;
  const ticks: Tick[] = [];
  for (let k = Math.ceil(low / step - 1e-9); k * step <= high + step * 1e-9; k++) {
    const value = k * step;
    const label = exponential ? value.toExponential(Math.max(0, digits)) : value.toFixed(decimals);
    ticks.push({ value, label: Number(label) === 0 ? "0" : label });
  }
  return ticks;
}

/**
 * Ticks of a logarithmic axis inside [low, high], both above 0: powers of ten with labels and the steps between them
 * without; 1, 2, 5 times the powers with labels when the axis holds fewer than three powers; round steps as on a linear
 * axis when even these are fewer than two.
 */
export function logTicks(low: number, high: number): readonly Tick[] {
  const first = Math.floor(Math.log10(low));
  const last = Math.floor(Math.log10(high) + 1e-9);
  const powers = last - Math.ceil(Math.log10(low) - 1e-9) + 1;
  const everyPower = Math.ceil(powers / 8);
  const labelled = powers < 3 ? [1, 2, 5] : [1];
  const exponential = low < 1e-4 || high >= 1e5;
  const ticks: Tick[] = [];
  for (let power = first; power <= last; power++)
    for (let factor = 1; factor < 10; factor++) {
      const value = factor * 10 ** power;
      if (value < low * (1 - 1e-9) || value > high * (1 + 1e-9)) continue;
      const isLabelled = labelled.includes(factor) && power % everyPower === 0;
      const label = exponential ? value.toExponential(0).replace("+", "") : `${Number(value.toPrecision(1))}`;
      if (factor === 1 || everyPower === 1) ticks.push({ value, label: isLabelled ? label : "" });
    }
  return ticks.filter(({ label }) => label !== "").length < 2 ? linearTicks(low, high) : ticks;
}

/** The largest of 1, 2, 5 times a power of ten that is at most `value`, but at least `least`. */
export function niceBelow(value: number, least: number): number {
  const power = 10 ** Math.floor(Math.log10(value) + 1e-9);
  const factor = [5, 2, 1].find((candidate) => candidate * power <= value * (1 + 1e-9)) ?? 1;
  return Math.max(least, factor * power);
}

/** A length in metres with the unit that keeps it between 1 and 1000. */
export function formatLength(lengthM: number): string {
  const units = [
    { unit: "pm", metres: 1e-12 },
    { unit: "nm", metres: 1e-9 },
    { unit: "µm", metres: 1e-6 },
    { unit: "mm", metres: 1e-3 },
  ];
  const fitting = units.filter(({ metres }) => lengthM >= metres * (1 - 1e-9));
  const { unit, metres } = fitting.at(-1) ?? units[0];
  return `${Number((lengthM / metres).toPrecision(3))} ${unit}`;
}
