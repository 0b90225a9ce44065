// The largest flows with their intervals. A click chooses the place at the other end.

import type { Pair } from "../data/pairs";
import { surePairs } from "../data/pairs";
import { number, t } from "../messages";
import { choosePlace } from "../state/choose";
import * as state from "../state/store";
import { Sheet } from "./drawer";

export function PairList() {
  const pairs = state.pairs.value;
  const found = pairs ? surePairs(pairs, 20) : [];
  return (
    <Sheet title={t("panel.pairs")} about={t("pairs.sure")}>
      {found.length > 0 ? <PairRows pairs={found} end="both" /> : <p>{t("pairs.none")}</p>}
    </Sheet>
  );
}

export function PairRows({ pairs, end }: { pairs: Pair[]; end: "from" | "to" | "both" }) {
  const top = pairs[0]?.value ?? 1;
  return (
    <ol class="pairs">
      {pairs.map((pair) => (
        <li key={`${pair.from} ${pair.to}`}>
          <button type="button" onClick={() => choosePlace(end === "to" ? pair.to : pair.from)}>
            <span class="ends">
              {end !== "to" && state.placeName(pair.from)}
              {end === "both" && " → "}
              {end !== "from" && state.placeName(pair.to)}
            </span>
            <span class="numbers">
              {number(pair.value)} <small>{`${number(pair.lower)} – ${number(pair.upper)}`}</small>
            </span>
            <i aria-hidden="true" style={{ width: `${(pair.value / top) * 100}%` }} />
          </button>
        </li>
      ))}
    </ol>
  );
}
