// The map as a table: the same numbers for those who don't see it, or want to read and sort it.

import { useMemo, useState } from "preact/hooks";
import { certainty } from "../map/colour";
import { named, number, t, when } from "../messages";
import { choosePlace } from "../state/choose";
import * as state from "../state/store";
import { Sheet } from "./drawer";

const MOST = 200;

export function NumbersTable() {
  const slice = state.slice.value;
  const [byName, setByName] = useState(false);
  const rows = useMemo(() => {
    if (!slice) return [];
    const all = Array.from(slice.value, (_, at) => at);
    if (byName) return all.sort((a, b) => state.placeName(a).localeCompare(state.placeName(b)));
    const key = (at: number) => (Number.isNaN(slice.value[at]!) ? -1 : slice.value[at]!);
    return all.sort((a, b) => key(b) - key(a));
  }, [slice, byName]);
  const name = named("statistic", state.statistic.value ?? "");
  const time = state.keys.value.time && state.time.value ? when(state.time.value) : "";
  return (
    <Sheet title={t("panel.table")} about={[name, time].filter(Boolean).join(", ")}>
      {!slice && <p>{t("table.choose")}</p>}
      {slice && (
        <table>
          <thead>
            <tr>
              <th scope="col" aria-sort={byName ? "ascending" : "none"}>
                <button type="button" onClick={() => setByName(true)}>
                  {t("table.place")}
                </button>
              </th>
              <th scope="col" aria-sort={byName ? "none" : "descending"}>
                <button type="button" onClick={() => setByName(false)}>
                  {named("statistic", state.statistic.value ?? "", ".unit")}
                </button>
              </th>
              <th scope="col">{t("table.interval")}</th>
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, MOST).map((at) => (
              <tr key={at} data-place={state.places.value?.ids[at]}>
                <th scope="row">
                  <button type="button" onClick={() => choosePlace(at)}>
                    {state.placeName(at)}
                  </button>
                </th>
                {slice.suppressed[at] ? (
                  <td colSpan={2}>{t("number.suppressed")}</td>
                ) : (
                  <>
                    <td
                      class={
                        certainty(slice.value[at]!, slice.lower[at]!, slice.upper[at]!) === 2 ? "unsure" : ""
                      }
                    >
                      {number(slice.value[at]!)}
                    </td>
                    <td>{`${number(slice.lower[at]!)} – ${number(slice.upper[at]!)}`}</td>
                  </>
                )}
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {rows.length > MOST && <p>{t("table.more", { shown: MOST, all: number(rows.length) })}</p>}
    </Sheet>
  );
}
