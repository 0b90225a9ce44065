// Differences in words and numbers: one of them, all of them as a table, how many of them say something.

import { useMemo } from "preact/hooks";
import type { Known, Measure } from "../compare/difference";
import type { Slice } from "../data/types";
import { changeCertainty } from "../map/diverging";
import { named, number, signed, t } from "../messages";
import * as compare from "../state/compare";
import * as state from "../state/store";

const MOST = 100;

/** How many places have a difference, and of how many it is none that noise explains. */
export function counted({ value, lower, upper }: Slice): { all: number; sure: number } {
  let [all, sure] = [0, 0];
  for (let at = 0; at < value.length; at++) {
    if (Number.isNaN(value[at]!)) continue;
    all++;
    if (changeCertainty(value[at]!, lower[at]!, upper[at]!) < 2) sure++;
  }
  return { all, sure };
}

/** The unit of a difference: devices, %, devices per km². */
export function unitOf(measure: Measure): string {
  const unit = named("statistic", state.statistic.value ?? "", ".unit", "");
  return measure === "percent" ? "%" : measure === "density" ? t("compare.per", { unit }) : unit;
}

export function Change({ value, lower, upper, measure }: Known & { measure: Measure }) {
  if (Number.isNaN(value)) return <p class="suppressed">{t("compare.lost")}</p>;
  const unsure = changeCertainty(value, lower, upper) === 2;
  return (
    <>
      <p class="value">
        <b>{signed(value)}</b> {unitOf(measure)}
      </p>
      <p class="range">{range(lower, upper)}</p>
      {unsure && <p class="within">{t("compare.within")}</p>}
    </>
  );
}

/** "-3 to +9", or that there are no bounds. */
export function ends(lower: number, upper: number): string {
  if (!Number.isFinite(lower)) return t("compare.open");
  return t("compare.range", { lower: signed(lower), upper: signed(upper) });
}

function range(lower: number, upper: number): string {
  if (!Number.isFinite(lower) || !Number.isFinite(upper)) return t("compare.open");
  return t("number.interval", { lower: signed(lower), upper: signed(upper) });
}

/** The same as on the map, the surest and largest first. */
export function ChangeTable({ change }: { change: Slice }) {
  const rows = useMemo(() => ranked(change), [change]);
  return (
    <>
      <table class="changes">
        <thead>
          <tr>
            <th scope="col">{t("table.place")}</th>
            <th scope="col">{unitOf(compare.measure.value)}</th>
            <th scope="col">{t("table.interval")}</th>
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, MOST).map(({ at, unsure }) => (
            <tr key={at} data-place={state.places.value?.ids[at]} class={unsure ? "unsure" : ""}>
              <th scope="row">
                <button
                  type="button"
                  aria-pressed={state.place.value === state.places.value?.ids[at]}
                  onClick={() => {
                    state.place.value = state.places.value!.ids[at]!;
                  }}
                >
                  {state.placeName(at)}
                </button>
              </th>
              <td>{signed(change.value[at]!)}</td>
              <td>{ends(change.lower[at]!, change.upper[at]!)}</td>
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > MOST && (
        <p class="note">{t("compare.more", { shown: MOST, all: number(rows.length) })}</p>
      )}
    </>
  );
}

function ranked({ value, lower, upper }: Slice): { at: number; unsure: boolean }[] {
  const rows = Array.from(value, (one, at) => ({
    at,
    size: Math.abs(one),
    unsure: changeCertainty(one, lower[at]!, upper[at]!) === 2,
  }));
  return rows
    .filter((row) => !Number.isNaN(row.size))
    .sort((a, b) => Number(a.unsure) - Number(b.unsure) || b.size - a.size);
}
