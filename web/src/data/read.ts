// From the server's columns to what the views draw. Pure functions; no view reads a table itself.

import type { Columns } from "./columns";
import type { Shape } from "./keys";
import type { Places } from "./source";
import type { Pairs, Point, Slice, TableFacts, Total } from "./types";

/** Places by columns zone and, where there are any, name and parent (H3), or from features with these properties. */
export function placesOf(key: string, from: Columns | GeoJSON.FeatureCollection): Places {
  const features = "features" in from ? from.features : null;
  const read = (name: string): (string | null)[] => {
    if ("features" in from) return from.features.map((feature) => feature.properties?.[name] ?? null);
    return from.has(name) ? from.text(name) : [];
  };
  const words = (values: (string | null)[]) =>
    values.some(Boolean) ? values.map((value) => value ?? "") : null;
  const ids = read("zone").map(String);
  return {
    key,
    ids,
    index: new Map(ids.map((id, at) => [id, at])),
    names: words(read("name")),
    parents: words(read("parent")),
    shapes: features ? (from as GeoJSON.FeatureCollection) : null,
  };
}

/** Place of each row at one time, and its class: the same at all times. */
export interface Order {
  place: Int32Array;
  classes: (string | null)[] | null;
}

export function orderOf(table: Columns, keys: Shape, places: Places): Order {
  const place = Int32Array.from(table.text(keys.place), (id) => places.index.get(id!) ?? -1);
  return { place, classes: keys.class ? table.text(keys.class) : null };
}

/** Rows of one time into the order of the places; of several classes only the one that is asked for. */
export function sliceOf(table: Columns, order: Order, wanted: string | null, count: number): Slice {
  const slice: Slice = {
    value: new Float32Array(count).fill(Number.NaN),
    lower: new Float32Array(count).fill(Number.NaN),
    upper: new Float32Array(count).fill(Number.NaN),
    suppressed: new Uint8Array(count),
  };
  if (table.rows !== order.place.length) throw new Error("The server's table has other rows than its keys.");
  const numbers = numbersOf(table);
  for (let row = 0; row < table.rows; row++) {
    const at = order.place[row]!;
    if (at < 0 || (order.classes && order.classes[row] !== wanted)) continue;
    slice.suppressed[at] = numbers.suppressed[row]!;
    if (numbers.suppressed[row]) continue;
    slice.value[at] = numbers.value[row]!;
    slice.lower[at] = numbers.lower[row]!;
    slice.upper[at] = numbers.upper[row]!;
  }
  return slice;
}

/** One place: its rows ascend by time, then by class. */
export function seriesOf(table: Columns, facts: TableFacts): Point[] {
  const numbers = numbersOf(table);
  const classes = Math.max(1, facts.classes.length);
  return Array.from({ length: table.rows }, (_, row) => ({
    time: facts.times[Math.floor(row / classes)] ?? null,
    class: facts.classes[row % classes]?.label ?? null,
    value: numbers.value[row]!,
    lower: numbers.lower[row]!,
    upper: numbers.upper[row]!,
    suppressed: numbers.suppressed[row] === 1,
  }));
}

export function pairsOf(table: Columns, order: PairOrder): Pairs {
  const { value, lower, upper, suppressed } = numbersOf(table);
  if (table.rows !== order.from.length) throw new Error("The server's table has other rows than its keys.");
  for (let row = 0; row < table.rows; row++) if (suppressed[row]) value[row] = Number.NaN;
  return { ...order, value, lower, upper, sure: table.flags("standing_out") };
}

/** Both ends of each row at one time: the same at all times. */
export interface PairOrder {
  from: Int32Array;
  to: Int32Array;
}

export function pairOrderOf(table: Columns, keys: Shape, places: Places): PairOrder {
  const ends = (key: string) => Int32Array.from(table.text(key), (id) => places.index.get(id!) ?? -1);
  return { from: ends(keys.place), to: ends(keys.other!) };
}

export function totalsOf(table: Columns, facts: TableFacts, wanted: string | null): Total[] {
  const classes = Math.max(1, facts.classes.length);
  const offset = Math.max(
    0,
    facts.classes.findIndex((one) => one.label === wanted),
  );
  const estimate = table.numbers("estimate");
  const consistent = table.numbers("consistent");
  const lower = table.numbers("lower");
  const upper = table.numbers("upper");
  // Where no total was measured, the consistent numbers, none of them negative, add up to too much; the estimates don't.
  const value = consistent.map((one, row) =>
    one >= lower[row]! && one <= upper[row]! ? one : estimate[row]!,
  );
  return Array.from({ length: table.rows / classes }, (_, at) => {
    const row = at * classes + offset;
    return { time: facts.times[at] ?? null, value: value[row]!, lower: lower[row]!, upper: upper[row]! };
  });
}

/** Intervals lie around the estimate: the server sends it with their half width, a page of its own both ends. */
function numbersOf(table: Columns) {
  const value = table.numbers("consistent");
  const suppressed = table.flags("suppressed");
  if (!table.has("half"))
    return { value, lower: table.numbers("lower"), upper: table.numbers("upper"), suppressed };
  const [estimate, half] = [table.numbers("estimate"), table.numbers("half")];
  const lower = estimate.map((one, row) => one - half[row]!);
  const upper = estimate.map((one, row) => one + half[row]!);
  return { value, lower, upper, suppressed };
}
