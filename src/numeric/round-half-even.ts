/** The nearest whole number, of two equally near ones the even one, as NumPy's `round`. */
export function roundHalfEven(value: number): number {
  const nearest = Math.round(value);
  return nearest - value === 0.5 && nearest % 2 !== 0 ? nearest - 1 : nearest;
}
