// What a line stands for, where flows are drawn.

import { surePairs } from "../data/pairs";
import { named, number, t } from "../messages";
import * as state from "../state/store";
import { MOST_FLOWS } from "./map";

export function FlowLegend() {
  const pairs = state.pairs.value;
  if (!pairs) return null;
  const unit = named("statistic", state.statistic.value ?? "", ".unit");
  const place = state.places.value?.index.get(state.place.value ?? "") ?? -1;
  const all = surePairs(pairs, 1);
  const drawn = surePairs(pairs, MOST_FLOWS, place, place < 0 ? null : state.direction.value).length;
  return (
    <section class="legend flows" aria-label={t("legend.name")}>
      {all[0] && (
        <>
          <h2>{t("flows.widest", { count: number(all[0].value), unit })}</h2>
          <svg viewBox="0 0 256 28" aria-hidden="true">
            <path d="M4 20Q128 -6 236 12l-4 -9 20 13 -22 9 3 -7Q128 4 6 26z" />
          </svg>
        </>
      )}
      <p>{all[0] ? t("flows.drawn", { count: number(drawn) }) : t("pairs.none")}</p>
    </section>
  );
}
