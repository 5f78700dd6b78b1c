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
  const sorted = Float64Array.from(values)
    .filter((_, i) => isDrawn(i))
    .sort();
  if (sorted.length === 0) return [0, 1];
  const at = (fraction: number) => sorted[Math.round(fraction * (sorted.length - 1))];
  const low = at(0.005);
  const high = at(0.995);
  const size = Math.max(Math.abs(low), Math.abs(high));
  if (high - low > 1e-6 * size) return [low, high];
  const half = size === 0 ? 0.5 : size / 2;
  return [low - half, low + half];
}

/** Four to seven round values inside [low, high]. */
export function linearTicks(low: number, high: number): readonly Tick[] {
  const step = niceBelow((high - low) / 3, 0);
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
