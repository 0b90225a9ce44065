// Hours of a series folded into a week: what is usual on a Monday at eight.

export interface WeekHour {
  mean: number;
  /** Half of the 95 % interval of the mean. */
  half: number;
  /** How many such hours there are. */
  count: number;
  /** The first of them. */
  first: string;
}

interface Row {
  time: string | null;
  value: number;
  lower: number;
  upper: number;
}

/** Seven days from Monday, 24 hours each by the local clock; null where the series has none with a number. */
export function week(rows: readonly Row[]): (WeekHour | null)[][] {
  const cells: (WeekHour | null)[][] = Array.from({ length: 7 }, () => Array(24).fill(null));
  for (const { time, value, lower, upper } of rows) {
    if (!time || Number.isNaN(value)) continue;
    const day = (new Date(`${time.slice(0, 10)}T00:00:00Z`).getUTCDay() + 6) % 7;
    const hour = Number(time.slice(11, 13));
    const cell = cells[day]![hour] ?? { mean: 0, half: 0, count: 0, first: time };
    cells[day]![hour] = cell;
    cell.mean += value;
    cell.half += ((upper - lower) / 2) ** 2;
    cell.count++;
  }
  for (const cell of cells.flat()) {
    if (!cell) continue;
    cell.mean /= cell.count;
    // The noise of different hours is independent: half widths of a mean add up as squares.
    cell.half = Math.sqrt(cell.half) / cell.count;
  }
  return cells;
}
