// What a time or a release can be compared with.

import type { TimeKey } from "../data/keys";
import type { Release } from "../data/types";

/** A time, or how far before the time that is shown: it then moves along with it. */
export type Then = string;
export const STEPS: Record<string, number> = { "day-before": 1, "week-before": 7 };
/** Of another release: the same weekday and hour. */
export const ALIKE = "alike";

/** The time that is meant by `then` when `now` is shown; null where the table has none. */
export function counterpart(then: Then, now: string | null, times: string[]): string | null {
  if (then in STEPS) return now && before(now, STEPS[then]!, times);
  if (then === ALIKE) return now && alike(now, times);
  return times.includes(then) ? then : null;
}

/** The same clock time some days before, as the place's clocks showed it. */
function before(now: string, days: number, times: string[]): string | null {
  const date = new Date(Date.parse(`${now.slice(0, 10)}T00:00:00Z`) - days * 86_400_000)
    .toISOString()
    .slice(0, 10);
  const clock = now.slice(10, 19);
  return times.find((time) => time.startsWith(date + clock)) ?? null;
}

function alike(now: string, times: string[]): string | null {
  if (!/^\d{4}-/.test(now)) return times.includes(now) ? now : null;
  const kind = (time: string) =>
    `${new Date(`${time.slice(0, 10)}T00:00:00Z`).getUTCDay()} ${time.slice(11, 19)}`;
  const wanted = kind(now);
  return times.find((time) => kind(time) === wanted) ?? null;
}

/** Which ways there are to name another time of the same table. */
export function stepsFor(time: TimeKey | null, times: string[]): Then[] {
  if (time !== "hour" && time !== "day") return [];
  const days = new Set(times.map((one) => one.slice(0, 10))).size;
  return Object.keys(STEPS).filter((step) => days > STEPS[step]!);
}

/** Why two releases can't be compared in a table, as `shoal derive change` has it: a key of messages; null: they can. */
export function unlike(own: Release, other: Release, table: string): "places" | "meaning" | "length" | null {
  const [mine, theirs] = [own.tables[table], other.tables[table]];
  if (!mine || !theirs) return "meaning";
  const samePlaces = mine.of_named_places
    ? JSON.stringify(own.manifest.places) === JSON.stringify(other.manifest.places)
    : own.manifest.zones.sha256 === other.manifest.zones.sha256;
  if (!samePlaces || mine.merged !== theirs.merged) return "places";
  const same =
    mine.keys.join() === theirs.keys.join() &&
    mine.value === theirs.value &&
    own.manifest.period.unit === other.manifest.period.unit;
  if (!same) return "meaning";
  return mine.time === null && days(own) !== days(other) ? "length" : null;
}

function days({ manifest }: Release): number {
  return (Date.parse(manifest.period.end) - Date.parse(manifest.period.start)) / 86_400_000;
}
