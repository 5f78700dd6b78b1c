// Colour maps as 256-entry tables, interpolated between a few fixed colours.
import type { Colour } from "./page.js";

export type ColourMap = "gray" | "viridis" | "phase";

/** Evenly spaced colours from the lowest to the highest value. */
const STOPS: { readonly [M in ColourMap]: readonly string[] } = {
  gray: ["000000", "ffffff"],
  // Perceptually even, dark violet to yellow (the ten-colour scale published with viridis).
  viridis: [
    "440154",
    "482878",
    "3e4989",
    "31688e",
    "26828e",
    "1f9e89",
    "35b779",
    "6ece58",
    "b5de2b",
    "fde725",
  ],
  // Cyclic: -pi and pi share one dark violet, 0 is light; blue is negative, red positive, even in lightness.
  phase: [
    "2f1436",
    "45237a",
    "5548a4",
    "6276ba",
    "7ea1c2",
    "b0c6d0",
    "e4dce3",
    "d7b9a6",
    "c78c6c",
    "b15652",
    "8e2d50",
    "5e1a46",
    "2f1436",
  ],
};

/** The table [256 * 3] of red, green, blue bytes, lowest value first. */
export function colourTable(map: ColourMap): Uint8Array {
  const stops = STOPS[map];
  const table = new Uint8Array(256 * 3);
  for (let i = 0; i < 256; i++) {
    const place = (i / 255) * (stops.length - 1);
    const k = Math.min(Math.floor(place), stops.length - 2);
    for (let channel = 0; channel < 3; channel++) {
      const low = channelOf(stops[k], channel);
      const high = channelOf(stops[k + 1], channel);
      table[i * 3 + channel] = Math.round(low + (high - low) * (place - k));
    }
  }
  return table;
}

/** The colour of a value on a map from `low` to `high`; values outside take the colour of the end. */
export function mapColours(map: ColourMap, low: number, high: number): (value: number) => Colour {
  const table = colourTable(map);
  return (value) => {
    const place = Math.max(0, Math.min(1, (value - low) / (high - low)));
    const entry = Math.round(place * 255) * 3;
    return [table[entry], table[entry + 1], table[entry + 2]];
  };
}

function channelOf(hex: string, channel: number): number {
  return Number.parseInt(hex.slice(channel * 2, channel * 2 + 2), 16);
}
