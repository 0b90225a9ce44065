// The state of the page as signals: what is chosen (it stands in the address), what was loaded, what is being looked at.

import { computed, signal } from "@preact/signals";
import { type Shape, shape } from "../data/keys";
import type { Pair } from "../data/pairs";
import type { Places } from "../data/source";
import type { Pairs, Point, Release, ReleaseSummary, Slice, TableFacts, Total, Verdict } from "../data/types";
import type { Basemap } from "../map/basemap";

export const PANELS = ["zone", "pairs", "table", "week", "compare", "save", "trust"] as const;
export type Panel = (typeof PANELS)[number] | null;

// Chosen.
export const releaseId = signal<string | null>(null);
export const statistic = signal<string | null>(null);
export const time = signal<string | null>(null);
export const chosenClass = signal<string | null>(null);
/** A coarser level of the statistic ("region"), where it was measured at one. */
export const level = signal<string | null>(null);
export const place = signal<string | null>(null);
/** Of pairs: those that begin in the chosen place, or those that end there. */
export const direction = signal<"out" | "in">("out");
export const panel = signal<Panel>(null);
export const camera = signal<{ lon: number; lat: number; zoom: number } | null>(null);

// How it is looked at.
export const playing = signal(false);
export const speed = signal(1);
export const locked = signal(true);
export const hovered = signal<{ place: number; x: number; y: number } | null>(null);
export const hoveredFlow = signal<(Pair & { x: number; y: number }) | null>(null);
export const dark = signal(false);
export const calm = signal(false);

// Loaded.
export const releases = signal<ReleaseSummary[]>([]);
/** The operator's own map, drawn below the data. */
export const basemap = signal<Basemap | null>(null);
export const release = signal<Release | null>(null);
export const places = signal<Places | null>(null);
export const totals = signal<Total[]>([]);
export const slice = signal<Slice | null>(null);
export const pairs = signal<Pairs | null>(null);
export const series = signal<Point[]>([]);
export const verdict = signal<Verdict | "running" | null>(null);
/** Release, statistic and class whose places and totals are loaded; nothing else is drawn before. */
export const loaded = signal<string | null>(null);
/** Top of the colour scale. */
export const domain = signal<number>(1);
export const trouble = signal<string | null>(null);
/** The server asks for a token, or does not take the one it was given. */
export const barred = signal(false);
export const busy = signal(true);

/** Names of the tables that are statistics of their own, without their coarser levels. */
export const statistics = computed<string[]>(() =>
  Object.entries(release.value?.tables ?? {}).flatMap(([name, table]) =>
    table.level === null ? [name] : [],
  ),
);
/** Name of the table that is shown: the statistic, at the level that is chosen. */
export const table = computed<string | null>(() => {
  const coarse = `${statistic.value}.${level.value}`;
  return level.value && release.value?.tables[coarse] ? coarse : statistic.value;
});
/** Has the statistic a table by regions? */
export const hasRegions = computed(() => `${statistic.value}.region` in (release.value?.tables ?? {}));
export const facts = computed<TableFacts | null>(() => release.value?.tables[table.value ?? ""] ?? null);
export const keys = computed<Shape>(() => shape(facts.value?.keys ?? ["zone"]));
/** Times of the statistic, in order; empty where it has none. */
export const times = computed<string[]>(() => facts.value?.times ?? []);
export const timeAt = computed(() => Math.max(0, times.value.indexOf(time.value ?? "")));

/** What people call a place: its name, else its id, of which an H3 index ends in f's that say nothing. */
export function placeName(at: number): string {
  const all = places.value;
  if (!all) return "";
  return all.names?.[at] || all.ids[at]?.replace(/(?<=^8[0-9a-f]{6,})f+$/, "") || "";
}
