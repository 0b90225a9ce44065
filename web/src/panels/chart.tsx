// A series with its interval band (uPlot). The canvas says nothing to a screen reader: the table beside it does.

import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { number, when } from "../messages";
import * as state from "../state/store";

interface Row {
  time: string | null;
  value: number;
  lower: number;
  upper: number;
}

interface Props {
  rows: Row[];
  name: string;
  height?: number;
}

/** Rows in the order of time; a click chooses the time under it, the hand stands on the one that is chosen. */
export function Chart({ rows, name, height = 170 }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const dark = state.dark.value;
  useEffect(() => {
    // The box by itself: a resize may be told when it has left the page, and its reference is empty.
    const own = box.current!;
    const made = new uPlot(options(own, rows, height), columns(rows), own);
    plot.current = made;
    const watch = new ResizeObserver(() => made.setSize({ width: own.clientWidth, height }));
    watch.observe(own);
    return () => {
      watch.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [rows, height, dark]);
  const at = state.timeAt.value;
  useEffect(() => plot.current?.redraw(false, false), [at]);
  return <div class="chart" ref={box} role="img" aria-label={name} />;
}

function columns(rows: Row[]): uPlot.AlignedData {
  const clean = (value: number) => (Number.isNaN(value) ? null : value);
  return [
    rows.map((_, at) => at),
    rows.map((row) => clean(row.value)),
    rows.map((row) => clean(row.upper)),
    rows.map((row) => clean(row.lower)),
  ];
}

function options(box: HTMLElement, rows: Row[], height: number): uPlot.Options {
  const style = getComputedStyle(document.documentElement);
  const [ink, rule, accent, band, mark] = ["--ink-2", "--rule", "--accent", "--band", "--mark"].map((name) =>
    style.getPropertyValue(name).trim(),
  );
  const font = `12px ${style.getPropertyValue("--sans")}`;
  const days = thinned(rows.flatMap((row, at) => (newDay(rows, at) && row.time ? [at] : [])));
  return {
    width: box.clientWidth,
    height,
    legend: { show: false },
    cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
    padding: [8, endsNear(days, rows.length) ? HALF_A_LABEL : 4, 0, 0],
    scales: { x: { time: false }, y: { range: (_, low, high) => [Math.min(0, low), Math.max(1, high)] } },
    axes: [
      {
        stroke: ink,
        font,
        grid: { stroke: rule, width: 1 },
        ticks: { show: false },
        size: 24,
        splits: () => days,
        values: (_, at) => at.map((one) => when((rows[one]?.time ?? "").slice(0, 10), "short")),
      },
      {
        stroke: ink,
        font,
        grid: { stroke: rule, width: 1 },
        ticks: { show: false },
        size: 44,
        values: (_, at) => at.map(number),
      },
    ],
    series: [
      {},
      { stroke: accent, width: 1.6, points: { show: rows.length < 15 } },
      { stroke: "transparent", points: { show: false } },
      { stroke: "transparent", points: { show: false } },
    ],
    bands: [{ series: [2, 3], fill: band }],
    hooks: {
      draw: [(plot) => drawHand(plot, mark!, ink!)],
      ready: [
        (plot) =>
          plot.over.addEventListener("click", () => {
            const time = rows[plot.cursor.idx ?? -1]?.time;
            if (time) state.time.value = time;
          }),
      ],
    },
  };
}

/** The chosen time, and the line of zero where the band goes below it. */
function drawHand(plot: uPlot, mark: string, ink: string): void {
  const { ctx, bbox } = plot;
  ctx.save();
  const line = (fromX: number, fromY: number, toX: number, toY: number, colour: string) => {
    ctx.strokeStyle = colour;
    ctx.lineWidth = devicePixelRatio * 1.2;
    ctx.beginPath();
    ctx.moveTo(fromX, fromY);
    ctx.lineTo(toX, toY);
    ctx.stroke();
  };
  const zero = plot.valToPos(0, "y", true);
  line(bbox.left, zero, bbox.left + bbox.width, zero, ink);
  const x = plot.valToPos(state.timeAt.peek(), "x", true);
  line(x, bbox.top, x, bbox.top + bbox.height, mark);
  ctx.restore();
}

function newDay(rows: Row[], at: number): boolean {
  return at === 0 || rows[at]!.time?.slice(0, 10) !== rows[at - 1]!.time?.slice(0, 10);
}

/** Pixels. A label stands in the middle below its day. */
const HALF_A_LABEL = 24;

/** Whether the last label would reach over the right end. */
function endsNear(labels: number[], rows: number): boolean {
  return (labels.at(-1) ?? 0) > 0.9 * (rows - 1);
}

/** Not more than seven labels fit. */
function thinned(days: number[]): number[] {
  const every = Math.ceil(days.length / 7);
  return days.filter((_, nth) => nth % every === 0);
}
