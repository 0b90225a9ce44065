// Differences of flows: those that noise does not explain as a table, and what their lines on the map mean.

import { sureChanges } from "../compare/pair-difference";
import { css, parse } from "../map/colour";
import { CHANGED } from "../map/flows-layer";
import { number, signed, t } from "../messages";
import { choosePlace } from "../state/choose";
import * as compare from "../state/compare";
import * as state from "../state/store";
import { ends, unitOf } from "./change";

const MOST = 100;

export function PairChanges() {
  const change = compare.pairChange.value;
  if (!change) return null;
  const sure = sureChanges(change, Number.POSITIVE_INFINITY);
  const place = state.places.value?.index.get(state.place.value ?? "") ?? -1;
  const listed = place < 0 ? sure : sureChanges(change, MOST, place, state.direction.value);
  const counts = { sure: number(sure.length), all: number(change.value.length) };
  return (
    <>
      <p class="note">{t("compare.pairs", counts)}</p>
      {listed.length > 0 && (
        <table class="changes">
          <thead>
            <tr>
              <th scope="col">{t("panel.pairs")}</th>
              <th scope="col">{unitOf(compare.measure.value)}</th>
              <th scope="col">{t("table.interval")}</th>
            </tr>
          </thead>
          <tbody>
            {listed.slice(0, MOST).map(({ from, to, value, lower, upper }) => (
              <tr key={`${from} ${to}`}>
                <th scope="row">
                  <button type="button" onClick={() => choosePlace(from)}>
                    {state.placeName(from)} → {state.placeName(to)}
                  </button>
                </th>
                <td>{signed(value)}</td>
                <td>{ends(lower, upper)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </>
  );
}

/** More and less, and what the widest line stands for. */
export function PairChangeLegend() {
  const change = compare.pairChange.value;
  if (!change) return null;
  const widest = sureChanges(change, 1)[0];
  const colours = CHANGED[state.dark.value ? "night" : "day"];
  return (
    <section class="legend flows" aria-label={t("legend.name")}>
      <h2>
        {t("compare.legend")} <span>{unitOf(compare.measure.value)}</span>
      </h2>
      {widest &&
        (["more", "less"] as const).map((way) => (
          <p key={way}>
            <svg viewBox="0 0 256 28" aria-hidden="true">
              <path
                style={{ fill: css(parse(colours[way].at(-1)!)) }}
                d="M4 20Q128 -6 236 12l-4 -9 20 13 -22 9 3 -7Q128 4 6 26z"
              />
            </svg>
            {t(`compare.${way}.way`)}
          </p>
        ))}
      <p>
        {widest
          ? t("compare.widest", { value: signed(widest.value), unit: unitOf(compare.measure.value) })
          : t("compare.pairsNone")}
      </p>
    </section>
  );
}
