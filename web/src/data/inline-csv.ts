// Rows of a table that a page carries, as CSV.

import { boundsOf, meets } from "./boxes";
import type { Columns } from "./columns";
import { type Cell, csv } from "./csv";
import { shape } from "./keys";
import type { FileQuestion, Places } from "./source";
import type { TableFacts } from "./types";

const NUMBERS = ["lower", "upper", "consistent"];

/** The keys, then the numbers that the page holds, then whether they are suppressed. */
export function csvOf(
  facts: TableFacts,
  order: Columns,
  whole: Columns,
  asked: FileQuestion,
  places: Places,
): string {
  const keys = shape(facts.keys);
  const names = [keys.place, keys.other, keys.class].filter((name) => name !== null);
  const texts = names.map((name) => order.text(name));
  const numbers = NUMBERS.map((name) => whole.numbers(name));
  const suppressed = whole.flags("suppressed");
  const ends = keys.other === null ? 1 : 2;
  const inBox = asked.box && places.ids.map((id, at) => meets(boundsOf(places, id, at), asked.box!));
  const wanted = (row: number) =>
    (asked.class === null || keys.class === null || texts.at(-1)![row] === asked.class) &&
    (inBox === null || texts.slice(0, ends).some((ids) => inBox[places.index.get(ids[row]!) ?? -1]));
  function* rows(): Generator<Cell[]> {
    const times = facts.times.length > 0 ? facts.times : [null];
    for (const [nth, time] of times.entries()) {
      if (asked.times && time !== null && !asked.times.includes(time)) continue;
      for (let row = 0; row < order.rows; row++) {
        if (!wanted(row)) continue;
        const at = nth * order.rows + row;
        yield [
          ...texts.map((column) => column[row]!),
          ...(keys.time ? [time] : []),
          ...numbers.map((column) => column[at]!),
          suppressed[at] === 1,
        ];
      }
    }
  }
  return csv([...names, ...(keys.time ? [keys.time] : []), ...NUMBERS, "suppressed"], rows());
}
