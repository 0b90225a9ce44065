// Weekdays by hours: the mean of what is shown, for the chosen place or for the whole. A cell goes to such an hour.

import { useMemo, useRef, useState } from "preact/hooks";
import { type WeekHour, week } from "../data/week";
import { certainty, css, palette, step } from "../map/colour";
import { named, number, t, when } from "../messages";
import * as state from "../state/store";
import { Sheet } from "./drawer";

type Cells = (WeekHour | null)[][];

export function Week() {
  const place = state.place.value;
  const rows = place ? state.series.value : state.totals.value;
  const chosen = state.chosenClass.value;
  const cells = useMemo(
    () => week(rows.filter((row) => !("class" in row) || row.class === null || row.class === chosen)),
    [rows, chosen],
  );
  const [numbers, setNumbers] = useState(false);
  const title = t("panel.week");
  if (state.keys.value.time !== "hour") {
    return (
      <Sheet title={title}>
        <p>{t("week.hours")}</p>
      </Sheet>
    );
  }
  const at = place ? state.placeName(state.places.value!.index.get(place) ?? 0) : t("time.total");
  const unit = named("statistic", state.statistic.value ?? "", ".unit", "");
  return (
    <Sheet title={title} about={`${at}, ${unit}`}>
      {numbers ? <Numbers cells={cells} /> : <Grid cells={cells} />}
      <p class="note">
        {t(place ? "week.note" : "week.noteAll")}{" "}
        <button type="button" class="link" aria-pressed={numbers} onClick={() => setNumbers(!numbers)}>
          {t(numbers ? "week.asColours" : "week.asNumbers")}
        </button>
      </p>
    </Sheet>
  );
}

function Grid({ cells }: { cells: Cells }) {
  const table = useRef<HTMLTableElement>(null);
  const now = state.time.value ?? "";
  const [focus, setFocus] = useState<[number, number]>(placed(now));
  const [pointed, setPointed] = useState<[number, number] | null>(null);
  const top = Math.max(1, ...cells.flat().map((cell) => cell?.mean ?? 0));
  const colours = palette(state.dark.value);
  const [chosenDay, chosenHour] = placed(now);
  const [day, hour] = pointed ?? focus;
  const move = (event: KeyboardEvent) => {
    const step = STEPS[event.key];
    if (!step) return;
    event.preventDefault();
    const next: [number, number] = [(focus[0] + step[0] + 7) % 7, (focus[1] + step[1] + 24) % 24];
    setFocus(next);
    setPointed(null);
    table.current?.querySelector<HTMLElement>(`[data-cell="${next.join()}"]`)?.focus();
  };
  const shade = (cell: WeekHour) => {
    const known = certainty(cell.mean, cell.mean - cell.half, cell.mean + cell.half);
    return {
      class: known === 2 ? "hatched" : "",
      style: { background: css(colours[known]![step(cell.mean, top, known)]!) },
    };
  };
  return (
    <div>
      <table class="week" ref={table} onKeyDown={move} onMouseLeave={() => setPointed(null)}>
        <caption class="unseen">{t("week.keys")}</caption>
        <thead>
          <tr>
            <td />
            {HOURS.map((one) => (
              <th scope="col" key={one}>
                {one % 6 === 0 ? one : <span class="unseen">{one}</span>}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {cells.map((row, one) => (
            <tr key={weekday(one)}>
              <th scope="row">{weekday(one)}</th>
              {row.map((cell, at) => (
                <td
                  key={`${weekday(one)} ${HOURS[at]}`}
                  class={one === chosenDay && at === chosenHour ? "now" : ""}
                >
                  <button
                    type="button"
                    data-cell={`${one},${at}`}
                    tabIndex={one === focus[0] && at === focus[1] ? 0 : -1}
                    aria-label={words(cell, one, at)}
                    aria-disabled={cell === null}
                    {...(cell ? shade(cell) : {})}
                    onMouseEnter={() => setPointed([one, at])}
                    onFocus={() => setFocus([one, at])}
                    onClick={() => {
                      if (cell) state.time.value = cell.first;
                    }}
                  />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      <p class="reading" aria-hidden="true">
        {words(cells[day]![hour]!, day, hour)}
      </p>
    </div>
  );
}

/** The same as numbers: hours down, weekdays across. */
function Numbers({ cells }: { cells: Cells }) {
  return (
    <table class="changes weekly">
      <thead>
        <tr>
          <th scope="col">{t("week.hour")}</th>
          {cells.map((_, day) => (
            <th scope="col" key={weekday(day)}>
              {weekday(day)}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {HOURS.map((hour) => (
          <tr key={hour}>
            <th scope="row">{hour}:00</th>
            {cells.map((row, day) => {
              const cell = row[hour];
              return (
                <td key={weekday(day)} class={cell && cell.mean <= cell.half ? "unsure" : ""}>
                  {cell ? number(cell.mean) : "–"} {cell && <small>±{number(cell.half)}</small>}
                </td>
              );
            })}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

const HOURS = Array.from({ length: 24 }, (_, hour) => hour);
const STEPS: Record<string, [number, number]> = {
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
};

function words(cell: WeekHour | null, day: number, hour: number): string {
  const moment = `${weekday(day)} ${hour}:00`;
  if (!cell) return `${moment}: ${t("number.missing")}`;
  const interval = t("number.interval", {
    lower: number(cell.mean - cell.half),
    upper: number(cell.mean + cell.half),
  });
  return `${moment}: ${number(cell.mean)}, ${interval}${cell.mean <= cell.half ? `, ${t("legend.noise")}` : ""}`;
}

/** Weekday and hour of a time, from Monday. */
function placed(time: string): [number, number] {
  const day = new Date(`${time.slice(0, 10)}T00:00:00Z`).getUTCDay();
  return [Number.isNaN(day) ? 0 : (day + 6) % 7, Number(time.slice(11, 13)) || 0];
}

/** 0 is Monday: 2 March 2026 was one. */
const weekday = (day: number) => when(`2026-03-0${2 + day}`, "weekday");
