// Where releases come from: the server, or the page itself in a notebook. The views know only this.

import type { Basemap } from "../map/basemap";
import type { Pairs, Point, Release, ReleaseSummary, Slice, Total, Verdict } from "./types";

/** One statistic at one time, of one class where it has classes. */
export interface Where {
  statistic: string;
  time: string | null;
  class: string | null;
}

export type FileFormat = "csv" | "parquet";

/** Rows of a table: of one class, of these times (null: all), of the places that meet a box. */
export interface FileQuestion {
  statistic: string;
  class: string | null;
  times: string[] | null;
  /** west, south, east, north, degrees. */
  box: [number, number, number, number] | null;
  format: FileFormat;
}

/** The places of a statistic: their order is the order of every slice. */
export interface Places {
  /** The same for statistics that share their places. */
  key: string;
  ids: string[];
  index: Map<string, number>;
  names: string[] | null;
  parents: string[] | null;
  /** null where the ids are H3 cells, which say themselves where they are. */
  shapes: GeoJSON.FeatureCollection | null;
}

export interface Source {
  releases(): Promise<ReleaseSummary[]>;
  /** The operator's own map, to be drawn below the data; asked after `releases`. */
  basemap(): Promise<Basemap | null>;
  release(id: string): Promise<Release>;
  places(release: Release, statistic: string): Promise<Places>;
  /** The whole over time; of one class where the statistic has classes. */
  totals(release: Release, statistic: string, class_: string | null): Promise<Total[]>;
  slice(release: Release, where: Where, places: Places): Promise<Slice>;
  /** The numbers of one place over all times and classes. */
  series(release: Release, statistic: string, place: string): Promise<Point[]>;
  pairs(release: Release, where: Where, places: Places): Promise<Pairs>;
  /** Rows as a file in one of `formats`, as the server writes them. */
  file(release: Release, rows: FileQuestion): Promise<Blob>;
  readonly formats: readonly FileFormat[];
  verify(release: Release): Promise<Verdict>;
}
