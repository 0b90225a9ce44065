// With what is compared: another time or another release, and what differs on the map. While the panel is open, the map
// shows the difference.

import { batch, computed, effect, signal } from "@preact/signals";
import { areasOf, haveAreas } from "../compare/area";
import { ALIKE, counterpart, stepsFor, type Then, unlike } from "../compare/counterpart";
import { between, difference, type Known, type Measure } from "../compare/difference";
import { pairDifference } from "../compare/pair-difference";
import type { Places } from "../data/source";
import type { Pairs, Release, Slice, Total } from "../data/types";
import { changeTop } from "../map/diverging";
import { sourceOf } from "./load";
import * as state from "./store";

// Chosen.
/** Another release; null: the one that is shown. */
export const thenRelease = signal<string | null>(null);
/** Another time; null: what suggests itself. */
export const thenTime = signal<Then | null>(null);
export const measure = signal<Measure>("absolute");

interface Loaded {
  release: Release;
  time: string | null;
  numbers: Slice | Pairs;
  total: Total | null;
  /** Of what on the map it is the other side. */
  beside: Slice | Pairs;
}

// Loaded.
const loaded = signal<Loaded | null>(null);
const scale = signal<{ key: string; top: number } | null>(null);
/** Why nothing can be compared: a key of messages. */
export const hindrance = signal<"places" | "meaning" | "length" | "time" | "same" | null>(null);

/** A comparison lasts while its panel is open, and while what it shows is saved. */
export const comparing = signal(false);
export const on = computed(() => comparing.value);

/** The numbers on the map; around a chosen place the pairs, not the colours that are made of them. */
const shown = computed(() => (state.keys.value.other ? state.pairs.value : state.slice.value));

/** The way that is meant, and where none was chosen the one that suggests itself. */
export const way = computed<Then | null>(() => {
  if (thenTime.value) return thenTime.value;
  if (thenRelease.value) return state.keys.value.time ? ALIKE : null;
  const times = state.times.value;
  const step = stepsFor(state.keys.value.time, times).find((one) =>
    counterpart(one, state.time.value, times),
  );
  return step ?? times.find((time) => time !== state.time.value) ?? null;
});

const areas = computed(() => (state.places.value ? areasOf(state.places.value) : null));
/** Have the places an extent? */
export const hasAreas = computed(() => state.places.value !== null && haveAreas(state.places.value));

/** The other side, once it belongs to what the map shows. */
export const other = computed(() => {
  const found = loaded.value;
  return on.value && found && found.beside === shown.value && !hindrance.value ? found : null;
});

/** What differs; null while nothing is compared. */
export const change = computed<Slice | null>(() => {
  const [now, then] = [shown.value, other.value?.numbers];
  if (!now || !then || "from" in now || "from" in then) return null;
  if (then.value.length !== now.value.length) return null;
  return difference(now, then, measure.value, measure.value === "density" ? areas.value : null);
});

/** The same of pairs. */
export const pairChange = computed<Pairs | null>(() => {
  const [now, then] = [shown.value, other.value?.numbers];
  if (!now || !then || !("from" in now && "from" in then)) return null;
  return pairDifference(now, then, measure.value, state.facts.value?.mechanism === "laplace");
});

/** What differs in the whole. */
export const changeOfAll = computed<Known | null>(() => {
  const now = state.totals.value[state.timeAt.value];
  const total = other.value?.total;
  return now && total ? between(now, total, measure.value === "percent" ? "percent" : "absolute") : null;
});

/** The end of the scale: it stays while the time goes on. */
export const top = computed(() => scale.value?.top ?? 1);

/** Loads the other side whenever the choices change. */
export function followComparison(): void {
  let turn = 0;
  effect(() => {
    const panel = state.panel.value;
    if (panel === "compare") comparing.value = true;
    else if (panel !== "save") comparing.value = false;
  });
  effect(() => {
    const [numbers, places, release] = [shown.value, state.places.value, state.release.value];
    const wanted = [thenRelease.value, way.value] as const;
    if (!on.value || !numbers || !places || !release) return;
    const mine = ++turn;
    void otherSide(release, places, ...wanted).then((found) => {
      if (mine !== turn) return;
      batch(() => {
        hindrance.value = typeof found === "string" ? found : null;
        if (typeof found !== "string") loaded.value = { ...found, beside: numbers };
      });
    });
  });
  effect(() => {
    const found = change.value;
    const key = [state.table.value, thenRelease.value, thenTime.value, measure.value].join("|");
    if (found && (scale.peek()?.key !== key || !state.locked.value))
      scale.value = { key, top: changeTop(found) };
  });
}

async function otherSide(
  release: Release,
  places: Places,
  id: string | null,
  way: Then | null,
): Promise<Omit<Loaded, "beside"> | NonNullable<typeof hindrance.value>> {
  const table = state.table.peek()!;
  const another = id && id !== release.id ? await sourceOf().release(id) : release;
  if (another !== release) {
    const reason = unlike(release, another, table);
    if (reason) return reason;
  }
  const facts = another.tables[table]!;
  const time = facts.time ? counterpart(way ?? "", state.time.peek(), facts.times) : null;
  if (facts.time && time === null) return "time";
  if (another === release && time === (facts.time ? state.time.peek() : null)) return "same";
  const where = { statistic: table, time, class: state.chosenClass.peek() };
  const [numbers, totals] = await Promise.all([
    state.keys.peek().other
      ? sourceOf().pairs(another, where, places)
      : sourceOf().slice(another, where, places),
    sourceOf().totals(another, table, where.class),
  ]);
  const total = totals.find((one) => one.time === time) ?? (facts.time ? null : totals[0]) ?? null;
  return { release: another, time, numbers, total };
}
