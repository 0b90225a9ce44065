// What a page of its own carries instead of a server: src/shoal/serve/carried.py writes it. Tables are Arrow streams,
// gzip, base64.

import type { Release } from "./types";

/** The text of places that are no bare H3 cells is GeoJSON; of cells it is a table like the others. */
export interface Carried {
  release: Release;
  /** What is shown first. */
  open: { statistic: string; time: string | null; class: string | null; place: string | null };
  /** Why some of the release is not in the page; null where all is. */
  note: string | null;
  places: Record<string, GeoJSON.FeatureCollection | string>;
  tables: Record<string, CarriedTable>;
  surroundings: Surroundings;
}

export interface CarriedTable {
  totals: string;
  /** Places and class of each row: the same at every time. */
  order: string;
  /** The numbers, time after time. */
  numbers: string;
}

/** The basemap around the places. */
export interface Surroundings {
  bounds: [number, number, number, number];
  land: GeoJSON.GeoJSON;
  borders: GeoJSON.GeoJSON;
  towns: GeoJSON.Feature[];
}

let read: Carried | null | undefined;

/** null on a page that has a server. */
export function carried(): Carried | null {
  if (read === undefined) {
    const text = document.getElementById("shoal-data")?.textContent;
    read = text ? (JSON.parse(text) as Carried) : null;
  }
  return read;
}
