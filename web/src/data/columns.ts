// Reading an Arrow table column by column.

import { type Batch, type Column, type Table, tableFromIPC } from "@uwdata/flechette";

/** Rows from one to before another. */
type Span = readonly [from: number, to: number];

/** The columns of an IPC stream, by name. Throws where one that is asked for is missing. */
export class Columns {
  readonly rows: number;
  private readonly table: Table;
  /** The rows of the table that are meant, in this order. */
  private readonly spans: readonly Span[];
  private readonly texts = new Map<string, (string | null)[]>();

  constructor(from: Uint8Array | Table, spans?: readonly Span[]) {
    this.table = from instanceof Uint8Array ? tableFromIPC(from, { useBigInt: true }) : from;
    this.spans = spans ?? [[0, this.table.numRows]];
    this.rows = this.spans.reduce((rows, [start, end]) => rows + end - start, 0);
  }

  /** Rows from one to before another. */
  slice(from: number, to: number): Columns {
    return new Columns(this.table, this.within(from, to));
  }

  /** These rows, in this order. */
  take(rows: number[]): Columns {
    return new Columns(
      this.table,
      rows.flatMap((row) => this.within(row, row + 1)),
    );
  }

  has(name: string): boolean {
    return this.find(name) !== undefined;
  }

  /** null where the table has none. The same array each time. */
  text(name: string): (string | null)[] {
    const known = this.texts.get(name);
    if (known) return known;
    const made = [...this.pieces(name)].flatMap(([part, from, to]): (string | null)[] => {
      const read = plainText(part, from, to) ?? cellText(part, from, to);
      return read ?? Array.from({ length: to - from }, (_, row) => part.at(from + row) as string | null);
    });
    this.texts.set(name, made);
    return made;
  }

  /** NaN where the table has no number. */
  numbers(name: string): Float32Array {
    const made = new Float32Array(this.rows);
    let at = 0;
    for (const [part, from, to] of this.pieces(name)) {
      made.set((part.values as Float32Array).subarray(from, to), at);
      if (part.nullCount > 0)
        for (let row = from; row < to; row++) if (!part.isValid(row)) made[at + row - from] = Number.NaN;
      at += to - from;
    }
    return made;
  }

  flags(name: string): Uint8Array {
    const made = new Uint8Array(this.rows);
    let at = 0;
    for (const [part, from, to] of this.pieces(name))
      for (let row = from; row < to; row++) made[at++] = part.at(row) ? 1 : 0;
    return made;
  }

  private find(name: string): Column<unknown> | undefined {
    return this.table.getChild(name) ?? undefined;
  }

  /** Rows of these, as rows of the table. */
  private within(from: number, to: number): Span[] {
    const made: Span[] = [];
    let before = 0;
    for (const [start, end] of this.spans) {
      const [first, last] = [start + Math.max(0, from - before), Math.min(end, start + to - before)];
      if (first < last) made.push([first, last]);
      before += end - start;
    }
    return made;
  }

  /** A column came in parts: which of them hold the rows that are meant, from where to where. */
  private *pieces(name: string): Generator<[part: Batch<unknown>, from: number, to: number]> {
    const column = this.find(name);
    if (!column) throw new Error(`The server's table has no column ${name}.`);
    for (const [start, end] of this.spans)
      for (const [nth, part] of column.data.entries()) {
        const before = column.offsets[nth]!;
        const [from, to] = [Math.max(0, start - before), Math.min(part.length, end - before)];
        if (from < to) yield [part, from, to];
      }
  }
}

/** H3 cells that came as integers, as the text that everybody knows them by. */
function cellText({ values, nullCount }: Batch<unknown>, from: number, to: number): string[] | null {
  if (nullCount > 0 || !(values instanceof BigUint64Array)) return null;
  return Array.from(values.subarray(from, to), (cell) => cell.toString(16));
}

/** Text of one byte a letter, none of it missing, decoded at once: a hundred thousand ids in milliseconds. */
function plainText(part: Batch<unknown>, from: number, to: number): string[] | null {
  const { values, offsets, nullCount } = part;
  if (nullCount > 0 || !(values instanceof Uint8Array) || !(offsets instanceof Int32Array)) return null;
  const [start, end] = [offsets[from]!, offsets[to]!];
  const text = new TextDecoder().decode(values.subarray(start, end));
  if (text.length !== end - start) return null;
  return Array.from({ length: to - from }, (_, row) =>
    text.slice(offsets[from + row]! - start, offsets[from + row + 1]! - start),
  );
}
