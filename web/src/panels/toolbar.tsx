// Above the map: search a place, open a panel, colours and language.

import { LANGUAGES, language, t } from "../messages";
import { toggleColours } from "../state/machine";
import * as state from "../state/store";
import { view } from "./map";
import { Search } from "./search";

export function Toolbar() {
  if (!state.release.value) return null;
  const pairs = state.keys.value.other !== null;
  const hours = state.keys.value.time === "hour";
  const comparable = state.keys.value.time !== null || state.releases.value.length > 1;
  const useful = {
    pairs,
    table: !pairs,
    week: !pairs && hours,
    compare: comparable,
    save: true,
    trust: true,
  };
  const panels = (["pairs", "table", "week", "compare", "save", "trust"] as const).filter(
    (one) => useful[one],
  );
  return (
    <div class="toolbar">
      <Search />
      <div class="panels" role="group" aria-label={t("toolbar.panels")}>
        {panels.map((one) => (
          <button
            type="button"
            key={one}
            aria-pressed={state.panel.value === one}
            onClick={() => {
              state.panel.value = state.panel.value === one ? null : one;
            }}
          >
            {t(`panel.${one}`)}
          </button>
        ))}
      </div>
      <div class="tools">
        <button
          type="button"
          aria-label={t("map.fit")}
          title={t("map.fit")}
          onClick={() => view?.fit(!state.calm.value)}
        >
          <Icon path="M2.500 6V2.500H6M10 2.500h3.500V6M13.500 10v3.500H10M6 13.500H2.500V10" />
        </button>
        <button
          type="button"
          aria-label={t(state.dark.value ? "toolbar.day" : "toolbar.night")}
          title={t(state.dark.value ? "toolbar.day" : "toolbar.night")}
          onClick={toggleColours}
        >
          <Icon path="M13 9.500A5.500 5.500 0 0 1 6.500 3a5.500 5.500 0 1 0 6.500 6.500z" />
        </button>
        <label>
          <span class="unseen">{t("toolbar.language")}</span>
          <select
            value={language.value}
            onChange={(event) => {
              language.value = event.currentTarget.value;
            }}
          >
            {Object.keys(LANGUAGES).map((one) => (
              <option key={one} value={one}>
                {one.toUpperCase()}
              </option>
            ))}
          </select>
        </label>
      </div>
    </div>
  );
}

function Icon({ path }: { path: string }) {
  return (
    <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      <path
        d={path}
        fill="none"
        stroke="currentColor"
        stroke-width="1.500"
        stroke-linecap="round"
        stroke-linejoin="round"
      />
    </svg>
  );
}
