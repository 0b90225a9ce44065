// The margin of the map: what this is, which statistic, how to read the colours. As in the margin of a printed sheet.

import { carried } from "../data/carried";
import { days, named, t } from "../messages";
import * as compare from "../state/compare";
import { credits } from "../state/credits";
import * as state from "../state/store";
import { ChangeLegend } from "./change-legend";
import { FlowLegend } from "./flow-legend";
import { Legend } from "./legend";
import { PairChangeLegend } from "./pair-change";

export function Margin() {
  const release = state.release.value;
  return (
    <header class="margin">
      <div class="brand">
        <img src="./shoal.svg" alt="" width="26" height="26" />
        <span>{t("app.name")}</span>
      </div>
      <Title />
      {release?.manifest.synthetic && <p class="synthetic">{t("synthetic")}</p>}
      <Statistics />
      <Choices />
      {compare.change.value ? <ChangeLegend /> : !compare.pairChange.value && <Legend />}
      {compare.pairChange.value ? <PairChangeLegend /> : <FlowLegend />}
      {carried()?.note && <p class="note left-out">{carried()!.note}</p>}
      <p class="credits">{credits()}</p>
    </header>
  );
}

function Title() {
  const all = state.releases.value;
  const release = state.release.value;
  if (!release) return <h1 class="title skeleton">&nbsp;</h1>;
  const { source, period } = release.manifest;
  return (
    <div class="title">
      <h1>{source.name}</h1>
      <p>{days(period)}</p>
      {all.length > 1 && (
        <label class="choose">
          <span class="unseen">{t("release.choose")}</span>
          <select
            value={release.id}
            onChange={(event) => {
              state.releaseId.value = event.currentTarget.value;
            }}
          >
            {all.map((one) => (
              <option key={one.id} value={one.id}>
                {one.id}
              </option>
            ))}
          </select>
        </label>
      )}
    </div>
  );
}

function Statistics() {
  const chosen = state.statistic.value;
  const all = state.statistics.value;
  return (
    <>
      <nav class={all.length > 5 ? "statistics many" : "statistics"} aria-label={t("statistic.choose")}>
        {all.map((statistic) => (
          <button
            type="button"
            key={statistic}
            aria-pressed={statistic === chosen}
            onClick={() => {
              state.playing.value = false;
              state.statistic.value = statistic;
            }}
          >
            {named("statistic", statistic)}
          </button>
        ))}
      </nav>
      {state.facts.value && (
        <p class="meaning">{named("statistic", chosen ?? "", ".what", state.facts.value.unit)}</p>
      )}
    </>
  );
}

/** Level and class, where the statistic has several. */
function Choices() {
  const { level, hasRegions, chosenClass, facts } = state;
  const classes = facts.value?.classes ?? [];
  if (!hasRegions.value && classes.length === 0) return null;
  return (
    <div class="choices">
      {hasRegions.value && (
        <div class="switch" role="group" aria-label={t("level.choose")}>
          {([null, "region"] as const).map((one) => (
            <button
              type="button"
              key={one}
              aria-pressed={level.value === one}
              onClick={() => {
                level.value = one;
              }}
            >
              {t(one ? "level.region" : "level.zone")}
            </button>
          ))}
        </div>
      )}
      {classes.length > 0 && (
        <label class="choose">
          <span class="unseen">{t("class.choose")}</span>
          <select
            value={chosenClass.value ?? ""}
            onChange={(event) => {
              chosenClass.value = event.currentTarget.value;
            }}
          >
            {classes.map(({ label }) => (
              <option key={label} value={label}>
                {named("class", label)}
              </option>
            ))}
          </select>
        </label>
      )}
    </div>
  );
}
