// Weekdays by hours: the mean of what is shown, for the chosen place or for the whole. A click goes to such an hour.

import type { Total } from "../data/types";
import { css, palette } from "../map/colour";
import { number, t, when } from "../messages";
import * as state from "../state/store";
import { Sheet } from "./drawer";

interface Cell {
  mean: number;
  half: number;
  count: number;
  first: string;
}

export function Week() {
  const place = state.place.value;
  const rows: Total[] = place ? state.series.value : state.totals.value;
  const title = t("panel.week");
  if (state.keys.value.time !== "hour") {
    return (
      <Sheet title={title}>
        <p>{t("week.hours")}</p>
      </Sheet>
    );
  }
  const cells = grid(rows);
  const top = Math.max(1, ...cells.flat().map((cell) => cell?.mean ?? 0));
  const colours = palette(state.dark.value)[0]!;
  const at = place ? state.placeName(state.places.value!.index.get(place) ?? 0) : t("time.total");
  return (
    <Sheet title={title} about={at}>
      <table class="week">
        <thead>
          <tr>
            <td />
            {Array.from({ length: 24 }, (_, hour) => (
              <th scope="col" key={hour}>
                {hour % 6 === 0 ? hour : <span class="unseen">{hour}</span>}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {cells.map((row, day) => (
            <tr key={day}>
              <th scope="row">{weekday(day)}</th>
              {row.map((cell, hour) => (
                <td key={hour}>
                  {cell && (
                    <button
                      type="button"
                      class={cell.mean - cell.half <= 0 ? "hatched" : ""}
                      style={{
                        background: css(
                          colours[Math.min(7, Math.floor((Math.max(0, cell.mean) / top) * 8))]!,
                        ),
                      }}
                      title={`${weekday(day)} ${hour}:00 – ${number(cell.mean)} ± ${number(cell.half)}`}
                      aria-label={`${weekday(day)} ${hour}:00, ${number(cell.mean)} ± ${number(cell.half)}`}
                      onClick={() => {
                        state.time.value = cell.first;
                      }}
                    />
                  )}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      <p class="note">{t("week.note")}</p>
    </Sheet>
  );
}

/** Means over weeks. Noise of different hours is independent, so the half widths of a mean add up as squares. */
function grid(rows: Total[]): (Cell | null)[][] {
  const cells: (Cell | null)[][] = Array.from({ length: 7 }, () => Array(24).fill(null));
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
    cell.half = Math.sqrt(cell.half) / cell.count;
  }
  return cells;
}

/** 0 is Monday: 2 March 2026 was one. */
const weekday = (day: number) => when(`2026-03-0${2 + day}`, "weekday");
