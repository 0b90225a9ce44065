// What is loaded when a choice changes. An answer that comes after the next choice is dropped.

import { batch, effect } from "@preact/signals";
import { ServerError } from "../data/http";
import { endsOf } from "../data/pairs";
import type { Places, Source } from "../data/source";
import { scaleTop } from "../map/colour";
import { records } from "../messages";
import { firstView } from "./hook";
import * as state from "./store";
import { quietly } from "./url";

let source: Source;
export const sourceOf = () => source;

/** Loads the list of releases, then follows the choices. */
export async function begin(from: Source): Promise<void> {
  source = from;
  await tell(async () => {
    state.releases.value = await source.releases();
    if (state.releases.value.length === 0) throw new ServerError(404, "empty");
    const known = state.releases.value.some((one) => one.id === state.releaseId.value);
    const first = state.releases.value.find((one) => !one.problem) ?? state.releases.value[0]!;
    if (!known) {
      quietly(() => {
        state.releaseId.value = first.id;
      });
    }
  });
  void tell(async () => {
    state.basemap.value = await source.basemap();
  });
  follow(() => state.releaseId.value, openRelease);
  follow(statisticKey, openStatistic);
  follow(sliceKey, openSlice);
  follow(
    () => (ready() && state.place.value ? `${state.loaded.value} ${state.place.value}` : null),
    openPlace,
  );
  colourEnds();
}

async function openRelease(id: string, stale: () => boolean): Promise<void> {
  const opened = await source.release(id);
  if (stale()) return;
  quietly(() => {
    records.value = opened.manifest.source.kind;
    state.release.value = opened;
    state.verdict.value = null;
    const known = state.statistics.value.includes(state.statistic.value ?? "");
    if (!known) state.statistic.value = state.statistics.value[0] ?? null;
  });
}

/** What has to be loaded for the choice of release, statistic and class; null where that choice is not made yet. */
function statisticKey(): string | null {
  const facts = state.facts.value;
  if (!facts || state.release.value?.id !== state.releaseId.value) return null;
  return [state.releaseId.value, state.table.value, state.chosenClass.value].join("|");
}

const ready = () => state.loaded.value !== null && state.loaded.value === statisticKey();

async function openStatistic(key: string, stale: () => boolean): Promise<void> {
  const release = state.release.value!;
  const name = state.table.value!;
  const { classes, times } = release.tables[name]!;
  const known = classes.some((one) => one.label === state.chosenClass.value);
  if (!known && state.chosenClass.value !== (classes[0]?.label ?? null)) {
    quietly(() => {
      state.chosenClass.value = classes[0]?.label ?? null;
    });
    return;
  }
  const [places, totals] = await Promise.all([
    source.places(release, name),
    source.totals(release, name, state.chosenClass.value),
  ]);
  if (stale()) return;
  const fullest = totals.reduce((best, total) => (total.value > best.value ? total : best), totals[0]!);
  await measureScale(places, fullest.time);
  if (stale()) return;
  quietly(() => {
    if (state.places.value?.key !== places.key) state.places.value = places;
    state.totals.value = totals;
    if (times.length > 0 && !times.includes(state.time.value ?? "")) {
      state.time.value =
        times.find((time) => time.startsWith(state.time.value?.slice(0, 10) ?? "-")) ?? fullest.time;
    }
    if (state.place.value && !places.index.has(state.place.value)) state.place.value = null;
    state.loaded.value = key;
  });
}

/** The scale is that of the fullest time, so that colours can be compared over all of them. */
async function measureScale(places: Places, time: string | null): Promise<void> {
  if (state.keys.value.other) return;
  const where = { statistic: state.table.value!, time, class: state.chosenClass.value };
  state.domain.value = scaleTop((await source.slice(state.release.value!, where, places)).value);
}

function sliceKey(): string | null {
  return ready()
    ? `${state.loaded.value}|${state.keys.value.time ? state.time.value : ""}|${state.locked.value}`
    : null;
}

async function openSlice(_: string, stale: () => boolean): Promise<void> {
  const release = state.release.value!;
  const where = {
    statistic: state.table.value!,
    time: state.keys.value.time ? state.time.value : null,
    class: state.chosenClass.value,
  };
  if (state.keys.value.other) {
    const pairs = await source.pairs(release, where, state.places.value!);
    if (stale()) return;
    state.pairs.value = pairs;
  } else {
    const slice = await source.slice(release, where, state.places.value!);
    if (stale()) return;
    batch(() => {
      state.pairs.value = null;
      state.slice.value = slice;
      if (!state.locked.value) state.domain.value = scaleTop(slice.value);
    });
    void prefetch(where, stale);
  }
  state.busy.value = false;
}

/** The next times, while these are looked at. */
async function prefetch(where: Parameters<Source["slice"]>[1], stale: () => boolean): Promise<void> {
  await firstView;
  if (!state.keys.value.time || stale()) return;
  for (let step = 1; step <= (state.playing.value ? 4 : 1); step++) {
    const next = state.times.value[state.timeAt.value + step];
    if (next)
      void source.slice(state.release.value!, { ...where, time: next }, state.places.value!).catch(() => {});
  }
}

async function openPlace(_: string, stale: () => boolean): Promise<void> {
  if (state.keys.value.other) return;
  const series = await source.series(state.release.value!, state.table.value!, state.place.value!);
  if (!stale()) state.series.value = series;
}

/** Pairs become colours around a chosen place: where its flows go, or come from. */
function colourEnds(): void {
  effect(() => {
    const [pairs, places, place, direction] = [
      state.pairs.value,
      state.places.value,
      state.place.value,
      state.direction.value,
    ];
    if (!pairs || !places) return;
    const at = place === null ? -1 : (places.index.get(place) ?? -1);
    batch(() => {
      const slice = at < 0 ? null : endsOf(pairs, at, direction, places.ids.length);
      state.slice.value = slice;
      if (slice) state.domain.value = scaleTop(slice.value);
    });
  });
}

/** Calls `open` whenever `read` gives another value; `stale` tells whether a newer call has begun. */
function follow(
  read: () => string | null,
  open: (value: string, stale: () => boolean) => Promise<void>,
): void {
  let turn = 0;
  let last: string | null = null;
  effect(() => {
    const value = read();
    if (value === last) return;
    last = value;
    const mine = ++turn;
    if (value !== null) void tell(() => open(value, () => mine !== turn));
  });
}

async function tell(work: () => Promise<void>): Promise<void> {
  try {
    await work();
    state.trouble.value = null;
  } catch (error) {
    state.busy.value = false;
    if (error instanceof ServerError && error.status === 401) state.barred.value = true;
    else state.trouble.value = error instanceof Error ? error.message : String(error);
  }
}
