// The lines of Python that show again what is seen: from the release's folder, by Shoal's own functions.

import type { TimeKey } from "../data/keys";

export interface Seen {
  release: string;
  table: string;
  timeKey: TimeKey | null;
  time: string | null;
  timezone: string;
  class: string | null;
  place: string | null;
  placeKey: string;
  /** The other end of pairs. */
  otherKey: string | null;
  /** With what it is compared. */
  other: { release: string; time: string | null } | null;
}

export function pythonLines(seen: Seen): string {
  const lines = ["import polars as pl", "import shoal", "", `release = shoal.open(${text(seen.release)})`];
  lines.push(`table = release[${text(seen.table)}].to_polars()`);
  if (seen.timeKey && seen.time) lines.push(`time = ${moment(seen, seen.time)}`);
  const asked = rows(seen, "time");
  lines.push(asked ? `seen = table.filter(${asked})` : "seen = table");
  if (seen.other) lines.push(...comparison(seen, seen.other));
  lines.push(`release.map(${mapArguments(seen)})`);
  return lines.join("\n");
}

/** Which rows: those of the time and class. */
function rows(seen: Seen, time: string): string {
  const asked: string[] = [];
  if (seen.timeKey && seen.time) asked.push(`pl.col(${text(seen.timeKey)}) == ${time}`);
  if (seen.class) asked.push(`pl.col("class") == ${text(seen.class)}`);
  return asked.join(", ");
}

function moment({ timeKey, timezone }: Seen, time: string): string {
  const literal = `pl.lit(${text(time)})`;
  if (timeKey === "day" || timeKey === "week") return `${literal}.str.to_date()`;
  if (timeKey !== "hour") return literal;
  return `${literal}.str.to_datetime(time_zone="UTC").dt.convert_time_zone(${text(timezone)})`;
}

/** Half widths add up as squares: the noise of every number is drawn by itself. */
function comparison(seen: Seen, then: NonNullable<Seen["other"]>): string[] {
  const other = then.release === seen.release ? "table" : "other";
  const lines = [];
  if (other === "other")
    lines.push(`other = shoal.open(${text(then.release)})[${text(seen.table)}].to_polars()`);
  if (then.time) lines.push(`then = ${moment(seen, then.time)}`);
  const asked = rows(seen, "then");
  const same = seen.otherKey ? `[${text(seen.placeKey)}, ${text(seen.otherKey)}]` : text(seen.placeKey);
  lines.push(
    `both = seen.join(${asked ? `${other}.filter(${asked})` : other}, on=${same}, suffix="_then")`,
    `half = (pl.col("upper") - pl.col("lower")).pow(2) + (pl.col("upper_then") - pl.col("lower_then")).pow(2)`,
    `change = both.select(${same}, more=pl.col("estimate") - pl.col("estimate_then"), half=half.sqrt() / 2)`,
  );
  return lines;
}

function mapArguments(seen: Seen): string {
  const asked = [text(seen.table.split(".")[0]!)];
  if (seen.timeKey && seen.time) {
    asked.push(`${seen.timeKey}=${text(seen.timeKey === "hour" ? seen.time.slice(0, 16) : seen.time)}`);
  }
  if (seen.place) asked.push(`place=${text(seen.place)}`);
  return asked.join(", ");
}

/** A text in Python: JSON's escapes are Python's too. */
const text = (value: string) => JSON.stringify(value);
