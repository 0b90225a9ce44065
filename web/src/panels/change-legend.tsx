// The colours of a comparison: less to the left, more to the right, paler and hatched the less is known.

import { useState } from "preact/hooks";
import type { Certainty } from "../map/colour";
import { changeCertainty, changeRamp } from "../map/diverging";
import { number, signed, t } from "../messages";
import * as compare from "../state/compare";
import * as state from "../state/store";
import { Certainties, HowToRead } from "./certainties";
import { unitOf } from "./change";

const WORDS = ["legend.well", "legend.roughly", "compare.noise"] as const;

export function ChangeLegend() {
  const change = compare.change.value;
  const [open, setOpen] = useState(false);
  if (!change) return null;
  const top = compare.top.value;
  const by = [0, 0, 0];
  let lost = 0;
  for (let at = 0; at < change.value.length; at++) {
    if (change.suppressed[at]) continue;
    if (Number.isNaN(change.value[at]!)) lost++;
    else by[changeCertainty(change.value[at]!, change.lower[at]!, change.upper[at]!)]!++;
  }
  return (
    <section class={open ? "legend open" : "legend"} aria-label={t("legend.name")}>
      <h2>
        {t("compare.legend")} <span>{unitOf(compare.measure.value)}</span>
      </h2>
      <HowToRead open={open} toggle={() => setOpen(!open)} />
      <Certainties
        known={([0, 1, 2] as Certainty[]).map((level) => ({
          colours: changeRamp(state.dark.value, level),
          words: t(WORDS[level]!),
          count: by[level]!,
          below: level === 0 && (
            <dd class="ends" aria-hidden="true">
              <small>{signed(-top)}</small>
              <small>0</small>
              <small>{signed(top)}</small>
            </dd>
          ),
        }))}
      >
        {lost > 0 && (
          <div>
            <dd>
              {t("compare.lost")}
              <small>{number(lost)}</small>
            </dd>
          </div>
        )}
      </Certainties>
    </section>
  );
}
