// One place: its number now, its series with the band, its classes, the other statistics of the same place and time.

import { useEffect, useState } from "preact/hooks";
import { shape } from "../data/keys";
import { surePairs } from "../data/pairs";
import type { Point } from "../data/types";
import { named, number, t, when } from "../messages";
import { sourceOf } from "../state/load";
import * as state from "../state/store";
import { Bars } from "./bars";
import { Chart } from "./chart";
import { Sheet } from "./drawer";
import { PairRows } from "./pairs";
import { Figure } from "./tooltip";

export function PlacePanel() {
  const id = state.place.value!;
  const at = state.places.value?.index.get(id) ?? -1;
  const { slice, series, keys, facts } = state;
  if (at < 0) return null;
  const parent = state.places.value?.parents?.[at];
  const timed = keys.value.time && series.value.length > 1 && !facts.value?.classes.length;
  return (
    <Sheet title={state.placeName(at)} about={parent ? t("place.within", { parent }) : id}>
      {!keys.value.other && slice.value && (
        <section class="figure">
          <h3>{headline()}</h3>
          <Figure
            value={slice.value.value[at]!}
            lower={slice.value.lower[at]!}
            upper={slice.value.upper[at]!}
            suppressed={slice.value.suppressed[at] === 1}
          />
        </section>
      )}
      {timed && (
        <section>
          <h3>{t("place.series")}</h3>
          <Chart rows={series.value} name={t("place.series")} />
        </section>
      )}
      {facts.value && facts.value.classes.length > 0 && !keys.value.other && (
        <section>
          <h3>{named("statistic", state.statistic.value ?? "", ".what")}</h3>
          <Bars rows={ofNow(series.value, state.time.value)} />
        </section>
      )}
      {keys.value.other && <Ends at={at} />}
      <Others place={id} />
    </Sheet>
  );
}

function headline(): string {
  const name = named("statistic", state.statistic.value ?? "");
  return state.keys.value.time && state.time.value ? `${name}, ${when(state.time.value)}` : name;
}

function ofNow(points: Point[], time: string | null): Point[] {
  return points.filter((point) => point.time === null || point.time === time);
}

/** Where the flows of this place go, or come from. */
function Ends({ at }: { at: number }) {
  const { pairs, direction } = state;
  if (!pairs.value) return null;
  const found = surePairs(pairs.value, 12, at, direction.value);
  return (
    <section>
      <div class="switch" role="group" aria-label={t("pairs.direction")}>
        {(["out", "in"] as const).map((one) => (
          <button
            type="button"
            key={one}
            aria-pressed={direction.value === one}
            onClick={() => {
              direction.value = one;
            }}
          >
            {t(state.keys.value.place === "home" ? `homes.${one}` : `pairs.${one}`)}
          </button>
        ))}
      </div>
      {found.length > 0 ? (
        <PairRows pairs={found} end={direction.value === "out" ? "to" : "from"} />
      ) : (
        <p>{t("pairs.none")}</p>
      )}
    </section>
  );
}

interface Other {
  statistic: string;
  point: Point;
}

/** The other statistics of the same place: a click shows them on the map. */
function Others({ place }: { place: string }) {
  const [others, setOthers] = useState<Other[]>([]);
  const release = state.release.value!;
  const now = state.time.value;
  const shown = state.statistic.value;
  const level = state.facts.value?.level ?? null;
  useEffect(() => {
    let stale = false;
    // A region is known to the tables by region alone.
    const wanted = state.statistics.value
      .map((name) => ({ name, table: level ? `${name}.${level}` : name }))
      .filter(({ name, table }) => {
        const facts = release.tables[table];
        return (
          facts &&
          name !== shown &&
          !shape(facts.keys).other &&
          !facts.of_named_places &&
          facts.classes.length === 0
        );
      });
    const asked = wanted.map(({ name, table }) => nowOf(name, table, place, now).catch(() => null));
    void Promise.all(asked).then((found) => {
      if (!stale) setOthers(found.filter((one): one is Other => one !== null));
    });
    return () => {
      stale = true;
    };
  }, [release, place, now, shown, level]);
  if (others.length === 0) return null;
  return (
    <section class="others">
      <h3>{t("place.others")}</h3>
      {others.map(({ statistic, point }) => (
        <button
          type="button"
          key={statistic}
          onClick={() => {
            state.statistic.value = statistic;
          }}
        >
          <b>{named("statistic", statistic)}</b>
          <span>
            {point.suppressed ? t("number.suppressed") : number(point.value)}{" "}
            <small>
              {number(point.lower)} – {number(point.upper)}
              {point.time && ` · ${when(point.time)}`}
            </small>
          </span>
        </button>
      ))}
    </section>
  );
}

async function nowOf(
  statistic: string,
  table: string,
  place: string,
  now: string | null,
): Promise<Other | null> {
  // Without a time on the slider, a number of one hour would be any hour's.
  if (state.release.value!.tables[table]!.time && now === null) return null;
  const points = await sourceOf().series(state.release.value!, table, place);
  const point =
    points.find((one) => one.time === now) ??
    points.find((one) => one.time?.slice(0, 10) === now?.slice(0, 10)) ??
    points[0];
  return point ? { statistic, point } : null;
}
