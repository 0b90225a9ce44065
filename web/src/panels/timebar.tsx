// The slider stands on the curve of the whole, with its band: where time goes on, one sees what happens.

import { useEffect, useRef, useState } from "preact/hooks";
import type { Total } from "../data/types";
import { number, t, when } from "../messages";
import * as state from "../state/store";

const HEIGHT = 56;
const SPEEDS = [1, 2, 4];

export function TimeBar() {
  usePlaying();
  const { times, totals, timeAt, playing, speed } = state;
  if (times.value.length < 2 || totals.value.length !== times.value.length) return null;
  const total = totals.value[timeAt.value];
  const go = (step: number) => {
    playing.value = false;
    state.time.value = times.value[(timeAt.value + step + times.value.length) % times.value.length]!;
  };
  return (
    <section class="timebar" aria-label={t("time.name")}>
      <div class="now">
        <div class="buttons">
          <button type="button" onClick={() => go(-1)} aria-label={t("time.back")}>
            <Icon path="M10 3 5 8l5 5" />
          </button>
          <button
            type="button"
            class="play"
            aria-label={t(playing.value ? "time.pause" : "time.play")}
            onClick={() => {
              playing.value = !playing.value;
            }}
          >
            <Icon path={playing.value ? "M5.500 3v10M10.500 3v10" : "M5 3l8 5-8 5z"} />
          </button>
          <button type="button" onClick={() => go(1)} aria-label={t("time.on")}>
            <Icon path="M6 3l5 5-5 5" />
          </button>
          <button
            type="button"
            class="speed"
            aria-label={`${t("time.speed")} ${speed.value}`}
            onClick={() => {
              speed.value = SPEEDS[(SPEEDS.indexOf(speed.value) + 1) % SPEEDS.length]!;
            }}
          >
            ×{speed.value}
          </button>
        </div>
        <p class="when">{when(times.value[timeAt.value]!)}</p>
        {total && (
          <p class="total">
            <b>{number(total.value)}</b> <Range low={total.lower} high={total.upper} /> {t("time.total")}
          </p>
        )}
      </div>
      <Curve totals={totals.value} at={timeAt.value} />
    </section>
  );
}

function Range({ low, high }: { low: number; high: number }) {
  return <span class="range">{t("number.interval", { lower: number(low), upper: number(high) })}</span>;
}

function Icon({ path }: { path: string }) {
  return (
    <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
      <path
        d={path}
        fill={path.endsWith("z") ? "currentColor" : "none"}
        stroke="currentColor"
        stroke-width="1.800"
        stroke-linecap="round"
        stroke-linejoin="round"
      />
    </svg>
  );
}

function Curve({ totals, at }: { totals: Total[]; at: number }) {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(800);
  useEffect(() => {
    const watch = new ResizeObserver(([entry]) => setWidth(Math.max(100, entry!.contentRect.width)));
    watch.observe(box.current!);
    return () => watch.disconnect();
  }, []);
  const last = totals.length - 1;
  const top = Math.max(...totals.map((total) => total.upper), 1);
  const x = (index: number) => (index / last) * width;
  const y = (value: number) => HEIGHT - (Math.max(0, value) / top) * (HEIGHT - 4);
  const path = (read: (total: Total) => number) =>
    totals.map((total, index) => `${x(index).toFixed(1)} ${y(read(total)).toFixed(1)}`);
  const band = `M${path((total) => total.upper).join("L")}L${path((total) => total.lower)
    .reverse()
    .join("L")}Z`;
  const days = totals.flatMap((total, index) =>
    total.time && newDay(totals, index) ? [{ index, time: total.time }] : [],
  );
  // A label takes some 44 pixels: of many days only every so many-th is named.
  const every = Math.ceil((44 * days.length) / width);
  const named = days.filter(({ index }, nth) => nth % every === 0 && (last - index) * width >= 44 * last);
  const dated = /^\d{4}-/.test(totals[0]?.time ?? "");
  return (
    <div class="curve" ref={box}>
      <svg viewBox={`0 0 ${width} ${HEIGHT}`} width={width} height={HEIGHT} aria-hidden="true">
        {days.map(({ index }) => (
          <line key={index} class="day" x1={x(index)} x2={x(index)} y1="0" y2={HEIGHT} />
        ))}
        <path class="band" d={band} />
        <path class="line" d={`M${path((total) => total.value).join("L")}`} />
        <line class="hand" x1={x(at)} x2={x(at)} y1="0" y2={HEIGHT} />
        <circle class="hand" cx={x(at)} cy={y(totals[at]?.value ?? 0)} r="4.500" />
      </svg>
      <input
        type="range"
        min="0"
        max={last}
        value={at}
        aria-label={t("time.name")}
        aria-valuetext={totals[at]?.time ? when(totals[at].time) : ""}
        onInput={(event) => {
          state.playing.value = false;
          state.time.value = totals[Number(event.currentTarget.value)]!.time;
        }}
      />
      <div class={dated ? "days" : "days named"} aria-hidden="true">
        {(dated ? named : days).map(({ index, time }, nth) => (
          <span
            key={index}
            style={{
              left: `${(index / last) * 100}%`,
              ...(dated && { width: `${(((named[nth + 1]?.index ?? last) - index) / last) * 100}%` }),
            }}
          >
            {when(dated ? time.slice(0, 10) : time, "short")}
          </span>
        ))}
      </div>
    </div>
  );
}

function newDay(totals: Total[], index: number): boolean {
  return index === 0 || totals[index]!.time?.slice(0, 10) !== totals[index - 1]!.time?.slice(0, 10);
}

/** Goes on while playing, a step only when the one before is on screen. */
function usePlaying(): void {
  const playing = state.playing.value;
  const speed = state.speed.value;
  useEffect(() => {
    if (!playing) return;
    const timer = setInterval(() => {
      const all = state.times.value;
      state.time.value = all[(state.timeAt.value + 1) % all.length] ?? null;
    }, 700 / speed);
    return () => clearInterval(timer);
  }, [playing, speed]);
}
