// What is under the pointer: the place, its number, and always its interval.

import { certainty } from "../map/colour";
import { named, number, t } from "../messages";
import * as compare from "../state/compare";
import * as state from "../state/store";
import { Change } from "./change";
import { view } from "./map";

/** Pixels, as in parts.css: as wide as it gets, and as high as it usually is. */
const WIDTH = 250;
const HEIGHT = 130;
const GAP = 14;

export function Tooltip() {
  const at = state.hovered.value;
  const slice = state.slice.value;
  const flow = state.hoveredFlow.value;
  const change = compare.change.value;
  if (flow) {
    return (
      <div class="tooltip" style={{ transform: beside(flow) }}>
        <p class="name">{`${state.placeName(flow.from)} → ${state.placeName(flow.to)}`}</p>
        {compare.pairChange.value ? (
          <Change {...flow} measure={compare.measure.value} />
        ) : (
          <Figure {...flow} suppressed={false} />
        )}
      </div>
    );
  }
  if (!at || !slice || at.place >= slice.value.length) return null;
  return (
    <div class="tooltip" style={{ transform: beside(at) }}>
      <p class="name">{state.placeName(at.place)}</p>
      {change && !change.suppressed[at.place] ? (
        <Change
          value={change.value[at.place]!}
          lower={change.lower[at.place]!}
          upper={change.upper[at.place]!}
          measure={compare.measure.value}
        />
      ) : (
        <Figure
          value={slice.value[at.place]!}
          lower={slice.lower[at.place]!}
          upper={slice.upper[at.place]!}
          suppressed={slice.suppressed[at.place] === 1}
        />
      )}
    </div>
  );
}

/** Below and to the right of the pointer; where the map ends there, on the other side. */
function beside({ x, y }: { x: number; y: number }): string {
  const { clientWidth: width, clientHeight: height } = view?.map.getContainer() ?? document.body;
  return `translate(${along(x, WIDTH, width)}, ${along(y, HEIGHT, height)})`;
}

function along(at: number, size: number, whole: number): string {
  if (at + GAP + size <= whole) return `${at + GAP}px`;
  return at >= GAP + size ? `calc(${at - GAP}px - 100%)` : `${Math.max(0, whole - size)}px`;
}

interface Shown {
  value: number;
  lower: number;
  upper: number;
  suppressed: boolean;
}

/** A number with its unit and interval, and a word where it could be none. */
export function Figure({ value, lower, upper, suppressed }: Shown) {
  if (suppressed) return <p class="suppressed">{t("number.suppressed")}</p>;
  if (Number.isNaN(value)) return <p class="suppressed">{t("number.missing")}</p>;
  return (
    <>
      <p class="value">
        <b>{number(value)}</b> {named("statistic", state.statistic.value ?? "", ".unit", "")}
      </p>
      <p class="range">{t("number.interval", { lower: number(lower), upper: number(upper) })}</p>
      {certainty(value, lower, upper) === 2 && <p class="within">{t("number.within")}</p>}
    </>
  );
}
