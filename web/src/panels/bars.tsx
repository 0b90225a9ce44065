// Classes as bars with their intervals as whiskers: how long stays last, how far people go.

import type { Point } from "../data/types";
import { named, number } from "../messages";
import * as state from "../state/store";

export function Bars({ rows }: { rows: Point[] }) {
  const top = Math.max(1, ...rows.map((row) => row.upper).filter((value) => !Number.isNaN(value)));
  const share = (value: number) => `${(Math.max(0, Math.min(top, value)) / top) * 100}%`;
  return (
    <ul class="bars">
      {rows.map((row) => (
        <li key={row.class} class={row.class === state.chosenClass.value ? "chosen" : ""}>
          <span>{named("class", row.class ?? "")}</span>
          <div class="bar" aria-hidden="true">
            <i style={{ width: share(row.value) }} />
            <em style={{ left: share(row.lower), right: `calc(100% - ${share(row.upper)})` }} />
          </div>
          <span class="numbers">
            {number(row.value)} <small>{`${number(row.lower)} – ${number(row.upper)}`}</small>
          </span>
        </li>
      ))}
    </ul>
  );
}
