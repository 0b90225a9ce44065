// Which key of a table is its place, its time, its class. Every table of a release has one of four shapes.

export const TIME_KEYS = ["hour", "day", "week", "weekday", "daypart"] as const;
export type TimeKey = (typeof TIME_KEYS)[number];

export interface Shape {
  /** zone, place or home; of pairs the first end (origin, home). */
  place: string;
  /** The other end of a pair: destination of a flow, zone of a catchment. */
  other: string | null;
  time: TimeKey | null;
  class: string | null;
}

/** Shape of a table by its keys, as the manifest lists them. */
export function shape(keys: string[]): Shape {
  const time = TIME_KEYS.find((key) => keys.includes(key)) ?? null;
  const places = keys.filter((key) => key !== time && key !== "class");
  return {
    place: places[0] ?? "zone",
    other: places[1] ?? null,
    time,
    class: keys.includes("class") ? "class" : null,
  };
}
