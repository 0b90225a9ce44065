// Releases from the server's API. Answers are kept: a release never changes.

import type { Basemap } from "../map/basemap";
import { t } from "../messages";
import { Columns } from "./columns";
import { type Shape, shape } from "./keys";
import { orderOf, pairOrderOf, pairsOf, placesOf, seriesOf, sliceOf, totalsOf } from "./read";
import type { FileQuestion, Places, Source, Where } from "./source";
import type { Pairs, Point, Release, ReleaseSummary, Slice, TableFacts, Total, Verdict } from "./types";

/** Answers kept at most: an hour of 100,000 places takes 1.6 MB. */
const KEPT = 200;
const NUMBERS = "estimate,half,consistent,suppressed";
const PAIR_NUMBERS = `${NUMBERS},standing_out`;

/** What the server said instead of an answer. */
export class ServerError extends Error {
  readonly status: number;
  constructor(status: number, words: string) {
    super(words);
    this.status = status;
  }
}

/** The API below `base` ("api" beside the page). `token`, where the server asks for one, goes along as a bearer. */
export class HttpSource implements Source {
  private readonly kept = new Map<string, Promise<unknown>>();
  private readonly base: string;
  private ownMap: string | null = null;
  private readonly token: () => string | null;

  constructor(base: string, token: () => string | null) {
    this.base = base;
    this.token = token;
  }

  async releases(): Promise<ReleaseSummary[]> {
    const listed = await this.json<{ releases: ReleaseSummary[]; basemap?: string | null }>(
      `${this.base}/releases`,
    );
    this.ownMap = listed.basemap ?? null;
    return listed.releases;
  }

  async basemap(): Promise<Basemap | null> {
    if (this.ownMap === null) return null;
    const url = new URL(this.ownMap.replace(/^\/api\//, ""), `${this.base}/`);
    if (!url.pathname.endsWith(".pmtiles")) return { data: await this.json(url.href) };
    // What reads tiles is loaded only where there are some.
    const { openTiles } = await import("../map/tiles");
    return openTiles(url.href, this.headers());
  }

  release(id: string): Promise<Release> {
    return this.keep(`release ${id}`, () => this.json(`${this.base}/releases/${encodeURIComponent(id)}`));
  }

  places(release: Release, statistic: string): Promise<Places> {
    const own = hasOwnPlaces(release.tables[statistic]!);
    const key = `${release.id} ${own ? statistic : "zones"}`;
    return this.keep(key, async () => {
      const { kind, names } = release.manifest.zones;
      if (kind === "h3" && !names && !own) {
        // The cells say themselves where they are: ids are enough, and a table that has them all is read anyway.
        const table = cellTable(release);
        const ids = table
          ? this.order(release, table, (columns) => columns)
          : this.arrow(this.url(release, "zones", { format: "arrow", geometry: "none" }));
        return placesOf(key, await ids);
      }
      return placesOf(
        key,
        await this.json(this.url(release, "zones", { format: "geojson", of: own ? statistic : null })),
      );
    });
  }

  totals(release: Release, statistic: string, class_: string | null): Promise<Total[]> {
    const url = this.url(release, `totals/${encodeURIComponent(statistic)}`, { format: "arrow" });
    return this.keep(`${url} ${class_}`, async () =>
      totalsOf(await this.arrow(url), release.tables[statistic]!, class_),
    );
  }

  slice(release: Release, where: Where, places: Places): Promise<Slice> {
    const url = this.numbers(release, where);
    return this.keep(`${url} ${where.class}`, async () => {
      const order = this.keep(`order ${release.id} ${where.statistic}`, () =>
        this.order(release, where.statistic, (table, keys) => orderOf(table, keys, places)),
      );
      const [rows, table] = await Promise.all([order, this.arrow(url)]);
      return sliceOf(table, rows, where.class, places.ids.length);
    });
  }

  series(release: Release, statistic: string, place: string): Promise<Point[]> {
    const facts = release.tables[statistic]!;
    const url = this.table(release, statistic, {
      [shape(facts.keys).place]: place,
      columns: NUMBERS,
      floats: "32",
    });
    return this.keep(url, async () => seriesOf(await this.arrow(url), facts));
  }

  pairs(release: Release, where: Where, places: Places): Promise<Pairs> {
    const url = this.numbers(release, where);
    return this.keep(`pairs ${url}`, async () => {
      const order = this.keep(`order ${release.id} ${where.statistic}`, () =>
        this.order(release, where.statistic, (table, keys) => pairOrderOf(table, keys, places)),
      );
      const [ends, table] = await Promise.all([order, this.arrow(url)]);
      return pairsOf(table, ends);
    });
  }

  readonly formats = ["csv", "parquet"] as const;

  async file(release: Release, rows: FileQuestion): Promise<Blob> {
    const { statistic, class: class_, times, box, format } = rows;
    const url = new URL(
      this.url(release, `tables/${encodeURIComponent(statistic)}`, {
        format,
        class: class_,
        bbox: box?.join(),
      }),
    );
    for (const time of times ?? []) url.searchParams.append("time", time);
    const parts: string[] = [];
    for (let offset: string | null = "0"; offset !== null; ) {
      url.searchParams.set("offset", offset);
      const answer = await this.fetch(url.href);
      offset = answer.headers.get("Shoal-Next-Offset");
      if (format === "parquet") {
        if (offset !== null) throw new Error(t("save.large"));
        return answer.blob();
      }
      const text = await answer.text();
      parts.push(parts.length > 0 ? text.slice(text.indexOf("\n") + 1) : text);
    }
    return new Blob(parts, { type: "text/csv" });
  }

  async verify(release: Release): Promise<Verdict> {
    return this.json(`${this.base}/releases/${encodeURIComponent(release.id)}/verify`);
  }

  /** Which row is which place or pair: the same at every time, so it is asked once. */
  private async order<T>(
    release: Release,
    statistic: string,
    read: (table: Columns, keys: Shape) => T,
  ): Promise<T> {
    const facts = release.tables[statistic]!;
    const keys = shape(facts.keys);
    const columns = [keys.place, keys.other, keys.class].filter(Boolean).join(",");
    // Cells as numbers pack to a fifth of what they do as text.
    const cells = release.manifest.zones.kind === "h3" && !hasOwnPlaces(facts);
    const url = this.table(release, statistic, { time: facts.times[0], columns, cells: cells ? "64" : null });
    return read(await this.keep(url, () => this.arrow(url)), keys);
  }

  private numbers(release: Release, { statistic, time }: Where): string {
    const columns = shape(release.tables[statistic]!.keys).other ? PAIR_NUMBERS : NUMBERS;
    return this.table(release, statistic, { time, columns, floats: "32" });
  }

  private table(release: Release, statistic: string, query: Query): string {
    return this.url(release, `tables/${encodeURIComponent(statistic)}`, { ...query, format: "arrow" });
  }

  private url(release: Release, path: string, query: Query): string {
    const search = new URLSearchParams();
    for (const [key, value] of Object.entries(query)) if (value) search.set(key, value);
    search.set("v", release.version.slice(0, 16));
    return `${this.base}/releases/${encodeURIComponent(release.id)}/${path}?${search}`;
  }

  private async arrow(url: string): Promise<Columns> {
    return new Columns(new Uint8Array(await (await this.fetch(url)).arrayBuffer()));
  }

  private async json<T>(url: string): Promise<T> {
    return (await this.fetch(url)).json();
  }

  private headers(): Record<string, string> {
    const token = this.token();
    return token ? { authorization: `Bearer ${token}` } : {};
  }

  private async fetch(url: string): Promise<Response> {
    const answer = await fetch(url, { headers: this.headers() });
    if (answer.ok) return answer;
    const problem = await answer.json().catch(() => null);
    throw new ServerError(answer.status, problem?.detail ?? answer.statusText);
  }

  /** The same promise for the same question; a failure is asked again. */
  private keep<T>(key: string, make: () => Promise<T>): Promise<T> {
    const known = this.kept.get(key) as Promise<T> | undefined;
    if (known) return known;
    const made = make();
    this.kept.set(key, made);
    made.catch(() => this.kept.delete(key));
    for (const old of this.kept.keys()) {
      if (this.kept.size <= KEPT) break;
      this.kept.delete(old);
    }
    return made;
  }
}

type Query = Record<string, string | null | undefined>;

/** Is a table counted by other places than the zones: by areas, named places, regions? */
function hasOwnPlaces({ merged, of_named_places, level }: TableFacts): boolean {
  return merged || of_named_places || level !== null;
}

/** A table with one row for each zone at each time. */
function cellTable(release: Release): string | null {
  const found = Object.entries(release.tables).find(
    ([, { keys, level, classes, rows_at_each_time, merged }]) =>
      level === null &&
      !merged &&
      classes.length === 0 &&
      shape(keys).other === null &&
      keys.includes("zone") &&
      rows_at_each_time === release.manifest.zones.count,
  );
  return found?.[0] ?? null;
}
