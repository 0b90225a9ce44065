// The rows of a legend: colours by how well a value is known, with how many places have each.

import type { ComponentChildren } from "preact";
import type { Certainty } from "../map/colour";
import { number, t } from "../messages";

interface Known {
  colours: readonly string[];
  words: string;
  count: number;
  /** What stands under the colours, such as the values at their ends. */
  below?: ComponentChildren;
}

/** One row for each certainty, the best known first; after them what belongs to no certainty. */
export function Certainties(props: { known: readonly Known[]; children?: ComponentChildren }) {
  return (
    <dl class="certainties">
      {props.known.map(({ colours, words, count, below }, level) => (
        <div key={words}>
          <dt>
            {colours.map((colour) => (
              <i
                key={colour}
                class={(level as Certainty) === 2 ? "hatched" : ""}
                style={{ background: colour }}
              />
            ))}
          </dt>
          {below}
          <dd>
            {words}
            <small>{number(count)}</small>
          </dd>
        </div>
      ))}
      {props.children}
    </dl>
  );
}

/** Opens the explanation on phones, where a legend is folded. */
export function HowToRead(props: { open: boolean; toggle: () => void }) {
  return (
    <button type="button" class="more" aria-expanded={props.open} onClick={props.toggle}>
      {t("legend.read")}
    </button>
  );
}
