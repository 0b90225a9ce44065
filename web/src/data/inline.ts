// Releases from the page itself, as a notebook or a saved file holds them: no question leaves it.

import { t } from "../messages";
import { unpack } from "../notebook/bytes";
import type { Carried } from "./carried";
import { Columns } from "./columns";
import { shape } from "./keys";
import { orderOf, pairsOf, placesOf, seriesOf, sliceOf, totalsOf } from "./read";
import type { Places, Source, Where } from "./source";
import type { Pair, Point, Release, ReleaseSummary, Slice, Total, Verdict } from "./types";

export class InlineSource implements Source {
  private readonly tables = new Map<string, Promise<Columns>>();

  constructor(private readonly data: Carried) {}

  async releases(): Promise<ReleaseSummary[]> {
    const { id, version } = this.data.release;
    return [{ id, version, verified: true, problem: null }];
  }

  async release(): Promise<Release> {
    return this.data.release;
  }

  async places(release: Release, statistic: string): Promise<Places> {
    const key = statistic in this.data.places ? statistic : "zones";
    const found = this.data.places[key]!;
    return placesOf(`${release.id} ${key}`, typeof found === "string" ? await this.table(found) : found);
  }

  async totals(release: Release, statistic: string, class_: string | null): Promise<Total[]> {
    return totalsOf(await this.table(this.carried(statistic).totals), release.tables[statistic]!, class_);
  }

  async slice(release: Release, where: Where, places: Places): Promise<Slice> {
    const facts = release.tables[where.statistic]!;
    const { order, numbers } = this.carried(where.statistic);
    const [rows, whole] = await Promise.all([this.table(order!), this.table(numbers[0]!)]);
    const from = timeAt(release, where) * rows.rows;
    const found = orderOf(rows, shape(facts.keys), places);
    return sliceOf(whole.slice(from, from + rows.rows), found, where.class, places.ids.length);
  }

  async series(release: Release, statistic: string, place: string): Promise<Point[]> {
    const facts = release.tables[statistic]!;
    const { order, numbers } = this.carried(statistic);
    const [rows, whole] = await Promise.all([this.table(order!), this.table(numbers[0]!)]);
    const mine = rows.text(shape(facts.keys).place).flatMap((id, row) => (id === place ? [row] : []));
    const every = Array.from({ length: Math.max(1, facts.times.length) }, (_, time) =>
      mine.map((row) => time * rows.rows + row),
    );
    return seriesOf(whole.take(every.flat()), facts);
  }

  async pairs(release: Release, where: Where): Promise<Pair[]> {
    const { numbers } = this.carried(where.statistic);
    const table = await this.table(numbers[timeAt(release, where)]!);
    return pairsOf(table, shape(release.tables[where.statistic]!.keys));
  }

  /** The release was verified before the page was made; the page itself proves nothing. */
  async verify(): Promise<Verdict> {
    throw new Error(t("notebook.verify"));
  }

  private carried(statistic: string) {
    const found = this.data.tables[statistic];
    if (!found) throw new Error(t("notebook.lacks", { table: statistic }));
    return found;
  }

  private table(text: string): Promise<Columns> {
    const known = this.tables.get(text);
    if (known) return known;
    const made = unpack(text).then((bytes) => new Columns(bytes));
    this.tables.set(text, made);
    return made;
  }
}

function timeAt(release: Release, where: Where): number {
  return Math.max(0, release.tables[where.statistic]!.times.indexOf(where.time ?? ""));
}
