// The legend is a histogram of what is on the map, under it the colours by value and by how well a value is known.

import { useMemo, useState } from "preact/hooks";
import type { Slice } from "../data/types";
import { type Certainty, certainty, css, palette, position, step, valueAt } from "../map/colour";
import { named, number, t } from "../messages";
import * as state from "../state/store";
import { Certainties, HowToRead } from "./certainties";

const BINS = 32;
const WIDTH = 256;
const HEIGHT = 64;
const WORDS = ["legend.well", "legend.roughly", "legend.noise"] as const;

export function Legend() {
  const slice = state.slice.value;
  const top = state.domain.value;
  const bars = useMemo(() => (slice ? histogram(slice, top) : null), [slice, top]);
  const [open, setOpen] = useState(false);
  if (!slice || !bars) return null;
  const colours = palette(state.dark.value);
  const tallest = Math.max(1, ...bars.counts.map((one) => one[0] + one[1] + one[2]));
  const height = (count: number) => Math.sqrt(count / tallest) * HEIGHT;
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((at) => ({ at, value: valueAt(at, top) }));
  return (
    <section class={open ? "legend open" : "legend"} aria-label={t("legend.name")}>
      <h2>
        {named("statistic", state.statistic.value ?? "", ".unit")}
        <span>{t("legend.places", { count: number(slice.value.length) })}</span>
      </h2>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT + 2}`} role="img" aria-label={summary(bars)}>
        {bars.counts.map((counts, bin) => {
          let from = HEIGHT;
          const width = WIDTH / BINS;
          const whole = height(counts[0] + counts[1] + counts[2]);
          const sum = counts[0] + counts[1] + counts[2];
          return ([2, 1, 0] as Certainty[]).map((level) => {
            if (!counts[level]) return null;
            const tall = (whole * counts[level]) / sum;
            from -= tall;
            const colour = css(colours[level]![step(valueAt((bin + 0.5) / BINS, top), top, level)]!);
            return (
              <rect
                key={level}
                x={bin * width}
                y={from}
                width={width - 0.8}
                height={tall}
                fill={colour}
                class={`level-${level}`}
              />
            );
          });
        })}
        <line x1="0" x2={WIDTH} y1={HEIGHT + 0.5} y2={HEIGHT + 0.5} class="axis" />
      </svg>
      <div class="ticks" aria-hidden="true">
        {ticks.map(({ at, value }) => (
          <span key={at} style={{ left: `${at * 100}%` }}>
            {number(value)}
            {at === 1 && bars.above > 0 ? "+" : ""}
          </span>
        ))}
      </div>
      <HowToRead open={open} toggle={() => setOpen(!open)} />
      <Certainties
        known={([0, 1, 2] as Certainty[]).map((level) => ({
          colours: colours[level]!.map(css),
          words: t(WORDS[level]!),
          count: bars.by[level],
        }))}
      >
        {bars.suppressed > 0 && (
          <div>
            <dt>
              <i class="crossed" />
            </dt>
            <dd>
              {t("legend.suppressed")}
              <small>{number(bars.suppressed)}</small>
            </dd>
          </div>
        )}
      </Certainties>
      {state.keys.value.time && (
        <label class="lock">
          <input
            type="checkbox"
            checked={state.locked.value}
            onChange={(event) => {
              state.locked.value = event.currentTarget.checked;
            }}
          />
          {t("legend.lock")}
        </label>
      )}
    </section>
  );
}

interface Histogram {
  counts: [number, number, number][];
  by: [number, number, number];
  above: number;
  suppressed: number;
}

function histogram(slice: Slice, top: number): Histogram {
  const counts = Array.from({ length: BINS }, (): [number, number, number] => [0, 0, 0]);
  const made: Histogram = { counts, by: [0, 0, 0], above: 0, suppressed: 0 };
  for (let at = 0; at < slice.value.length; at++) {
    const value = slice.value[at]!;
    if (slice.suppressed[at]) made.suppressed++;
    if (Number.isNaN(value)) continue;
    const known = certainty(value, slice.lower[at]!, slice.upper[at]!);
    counts[Math.min(BINS - 1, Math.floor(position(value, top) * BINS))]![known]++;
    made.by[known]++;
    if (value > top) made.above++;
  }
  return made;
}

function summary(bars: Histogram): string {
  return `${t("legend.well")}: ${bars.by[0]}, ${t("legend.roughly")}: ${bars.by[1]}, ${t("legend.noise")}: ${bars.by[2]}`;
}
