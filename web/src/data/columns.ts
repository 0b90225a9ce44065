// Reading an Arrow table column by column.

import { type Data, type Table, tableFromIPC, type Vector } from "apache-arrow";

/** The columns of an IPC stream, by name. Throws where one that is asked for is missing. */
export class Columns {
  readonly rows: number;
  private readonly table: Table;
  private readonly texts = new Map<string, (string | null)[]>();

  constructor(from: Uint8Array | Table) {
    this.table = from instanceof Uint8Array ? tableFromIPC(from) : from;
    this.rows = this.table.numRows;
  }

  /** Rows from one to before another. */
  slice(from: number, to: number): Columns {
    return new Columns(this.table.slice(from, to));
  }

  /** These rows, in this order. */
  take(rows: number[]): Columns {
    const none = this.table.slice(0, 0);
    return new Columns(none.concat(...rows.map((row) => this.table.slice(row, row + 1))));
  }

  has(name: string): boolean {
    return this.table.getChild(name) !== null;
  }

  /** null where the table has none. The same array each time. */
  text(name: string): (string | null)[] {
    const known = this.texts.get(name);
    if (known) return known;
    const column = this.column(name);
    const made = column.data.flatMap((part) => plainText(part as Data) ?? cellText(part as Data) ?? null);
    const all = made.includes(null) ? Array.from({ length: this.rows }, (_, row) => column.get(row)) : made;
    this.texts.set(name, all);
    return all;
  }

  /** NaN where the table has no number. */
  numbers(name: string): Float32Array {
    const column = this.column(name);
    const made = new Float32Array(this.rows);
    let at = 0;
    for (const part of column.data) {
      made.set((part.values as Float32Array).subarray(0, part.length), at);
      at += part.length;
    }
    if (column.nullCount > 0)
      for (let row = 0; row < this.rows; row++) if (column.get(row) === null) made[row] = Number.NaN;
    return made;
  }

  flags(name: string): Uint8Array {
    const column = this.column(name);
    return Uint8Array.from({ length: this.rows }, (_, row) => (column.get(row) ? 1 : 0));
  }

  bytes(name: string): (Uint8Array | null)[] {
    const column = this.column(name);
    return Array.from({ length: this.rows }, (_, row) => column.get(row) as Uint8Array | null);
  }

  private column(name: string): Vector {
    const column = this.table.getChild(name);
    if (!column) throw new Error(`The server's table has no column ${name}.`);
    return column;
  }
}

/** H3 cells that came as integers, as the text that everybody knows them by. */
function cellText(part: Data): string[] | null {
  const { values } = part as { values?: unknown };
  if (part.nullCount > 0 || !(values instanceof BigUint64Array)) return null;
  return Array.from(values.subarray(0, part.length), (cell) => cell.toString(16));
}

/** Text of one byte a letter, none of it missing, decoded at once: a hundred thousand ids in milliseconds. */
function plainText(part: Data): string[] | null {
  const { values, valueOffsets } = part as { values?: unknown; valueOffsets?: unknown };
  if (part.nullCount > 0 || !(values instanceof Uint8Array) || !(valueOffsets instanceof Int32Array))
    return null;
  const start = valueOffsets[0]!;
  const text = new TextDecoder().decode(values.subarray(start, valueOffsets[part.length]!));
  if (text.length !== valueOffsets[part.length]! - start) return null;
  return Array.from({ length: part.length }, (_, row) =>
    text.slice(valueOffsets[row]! - start, valueOffsets[row + 1]! - start),
  );
}
