// Releases from the page itself, as a notebook or a saved file holds them: no question leaves it.

import { t } from "../messages";
import { unpack } from "../notebook/bytes";
import type { Carried, CarriedTable } from "./carried";
import { Columns } from "./columns";
import { csvOf } from "./inline-csv";
import { shape } from "./keys";
import { orderOf, pairOrderOf, pairsOf, placesOf, seriesOf, sliceOf, totalsOf } from "./read";
import type { FileQuestion, Places, Source, Where } from "./source";
import type { Pairs, Point, Release, ReleaseSummary, Slice, Total, Verdict } from "./types";

export class InlineSource implements Source {
  private readonly kept = new Map<string, Promise<unknown>>();
  private readonly data: Carried;

  constructor(data: Carried) {
    this.data = data;
  }

  async releases(): Promise<ReleaseSummary[]> {
    const { id, version } = this.data.release;
    return [{ id, version, verified: true, problem: null }];
  }

  async basemap(): Promise<null> {
    return null;
  }

  async release(): Promise<Release> {
    return this.data.release;
  }

  places(release: Release, statistic: string): Promise<Places> {
    const key = statistic in this.data.places ? statistic : "zones";
    const found = this.data.places[key]!;
    return this.keep(`places ${key}`, async () =>
      placesOf(`${release.id} ${key}`, typeof found === "string" ? await this.table(found) : found),
    );
  }

  async totals(release: Release, statistic: string, class_: string | null): Promise<Total[]> {
    return totalsOf(await this.table(this.carried(statistic).totals), release.tables[statistic]!, class_);
  }

  async slice(release: Release, where: Where, places: Places): Promise<Slice> {
    const keys = shape(release.tables[where.statistic]!.keys);
    const order = this.keep(`order ${where.statistic} ${places.key}`, async () =>
      orderOf(await this.table(this.carried(where.statistic).order), keys, places),
    );
    return sliceOf(await this.numbers(release, where), await order, where.class, places.ids.length);
  }

  async series(release: Release, statistic: string, place: string): Promise<Point[]> {
    const facts = release.tables[statistic]!;
    const { order, numbers } = this.carried(statistic);
    const [rows, whole] = await Promise.all([this.table(order), this.table(numbers)]);
    const mine = rows.text(shape(facts.keys).place).flatMap((id, row) => (id === place ? [row] : []));
    const times = Array.from({ length: Math.max(1, facts.times.length) }, (_, time) => time * rows.rows);
    return seriesOf(whole.take(times.flatMap((from) => mine.map((row) => from + row))), facts);
  }

  async pairs(release: Release, where: Where, places: Places): Promise<Pairs> {
    const keys = shape(release.tables[where.statistic]!.keys);
    const order = this.keep(`pairs ${where.statistic} ${places.key}`, async () =>
      pairOrderOf(await this.table(this.carried(where.statistic).order), keys, places),
    );
    return pairsOf(await this.numbers(release, where), await order);
  }

  readonly formats = ["csv"] as const;

  async file(release: Release, asked: FileQuestion): Promise<Blob> {
    const facts = release.tables[asked.statistic]!;
    const { order, numbers } = this.carried(asked.statistic);
    const [rows, whole] = await Promise.all([this.table(order), this.table(numbers)]);
    const places = await this.places(release, asked.statistic);
    return new Blob([csvOf(facts, rows, whole, asked, places)], { type: "text/csv" });
  }

  /** The release was verified before the page was made; a page proves nothing by itself. */
  async verify(): Promise<Verdict> {
    throw new Error(t("notebook.verify"));
  }

  /** The rows of one time. */
  private async numbers(release: Release, { statistic, time }: Where): Promise<Columns> {
    const { order, numbers } = this.carried(statistic);
    const [{ rows }, whole] = await Promise.all([this.table(order), this.table(numbers)]);
    const from = Math.max(0, release.tables[statistic]!.times.indexOf(time ?? "")) * rows;
    return whole.slice(from, from + rows);
  }

  private carried(statistic: string): CarriedTable {
    const found = this.data.tables[statistic];
    if (!found) throw new Error(t("notebook.lacks", { table: statistic }));
    return found;
  }

  private table(text: string): Promise<Columns> {
    return this.keep(text, async () => new Columns(await unpack(text)));
  }

  private keep<T>(key: string, make: () => Promise<T>): Promise<T> {
    const made = (this.kept.get(key) as Promise<T> | undefined) ?? make();
    this.kept.set(key, made);
    return made;
  }
}
