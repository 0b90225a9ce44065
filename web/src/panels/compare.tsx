// Two times of one release, or two releases of the same places: what is compared, and what differs by more than noise.

import { ALIKE, stepsFor } from "../compare/counterpart";
import { MEASURES } from "../compare/difference";
import { named, t, when } from "../messages";
import * as compare from "../state/compare";
import * as state from "../state/store";
import { Change, ChangeTable, counted } from "./change";
import { Sheet } from "./drawer";
import { PairChanges } from "./pair-change";

/** Of more times than these only those of the same hour are offered. */
const MOST_TIMES = 400;

export function Compare() {
  const time = state.keys.value.time ? state.time.value : null;
  const about = [named("statistic", state.statistic.value ?? ""), time && when(time)]
    .filter(Boolean)
    .join(", ");
  const found = compare.change.value;
  const all = compare.changeOfAll.value;
  const counts = found && counted(found);
  return (
    <Sheet title={t("panel.compare")} about={about}>
      <Sides />
      {compare.hindrance.value && <p class="within">{t(`compare.not.${compare.hindrance.value}`)}</p>}
      {all && (
        <section class="figure">
          <h3>{t("time.total")}</h3>
          <Change {...all} measure={compare.measure.value === "percent" ? "percent" : "absolute"} />
        </section>
      )}
      {counts && (
        <p class="note">
          {t("compare.sure", { sure: counts.sure, all: counts.all, chance: Math.round(counts.all * 0.05) })}
        </p>
      )}
      {found && <ChangeTable change={found} />}
      <PairChanges />
      {(found || compare.pairChange.value) && <p class="note">{t("compare.how")}</p>}
    </Sheet>
  );
}

/** The other side, and the measure. */
function Sides() {
  const others = state.releases.value.filter((one) => one.id !== state.releaseId.value && !one.problem);
  const { thenRelease, thenTime, measure } = compare;
  const hasAreas = compare.hasAreas.value && state.keys.value.other === null;
  return (
    <section class="sides">
      {others.length > 0 && (
        <label>
          <span>{t("compare.release")}</span>
          <select
            value={thenRelease.value ?? ""}
            onChange={(event) => {
              thenRelease.value = event.currentTarget.value || null;
              thenTime.value = null;
            }}
          >
            <option value="">{t("compare.sameRelease")}</option>
            {others.map((one) => (
              <option key={one.id} value={one.id}>
                {one.id}
              </option>
            ))}
          </select>
        </label>
      )}
      {state.keys.value.time && <TimeChoice />}
      <div class="switch" role="group" aria-label={t("compare.measure")}>
        {MEASURES.filter((one) => one !== "density" || hasAreas).map((one) => (
          <button
            type="button"
            key={one}
            aria-pressed={measure.value === one}
            onClick={() => {
              measure.value = one;
            }}
          >
            {t(`compare.${one}`)}
          </button>
        ))}
      </div>
    </section>
  );
}

function TimeChoice() {
  const { thenRelease, thenTime } = compare;
  const elsewhere = thenRelease.value !== null;
  const ways = elsewhere ? [ALIKE] : stepsFor(state.keys.value.time, state.times.value);
  const times = elsewhere
    ? (compare.other.value?.release.tables[state.table.value!]?.times ?? [])
    : state.times.value;
  const clock = state.time.value?.slice(10, 19) ?? "";
  const offered = times.length > MOST_TIMES ? times.filter((one) => one.slice(10, 19) === clock) : times;
  return (
    <label>
      <span>{t("compare.time")}</span>
      <select
        value={compare.way.value ?? ""}
        onChange={(event) => {
          thenTime.value = event.currentTarget.value;
        }}
      >
        {ways.map((way) => (
          <option key={way} value={way}>
            {t(`compare.${way}` as "compare.alike")}
          </option>
        ))}
        {offered.map((one) => (
          <option key={one} value={one}>
            {when(one)}
          </option>
        ))}
      </select>
    </label>
  );
}
