// What is seen as a picture that can stand alone: title, map, legend, what the numbers are, and whose they are.

import type { Map as MapLibreMap } from "maplibre-gl";
import { drawLegend, type LegendOf } from "./legend";

export interface Caption {
  title: string;
  subtitle: string;
  /** In the colour of warnings: that the records are simulated. */
  warning: string | null;
  legend: LegendOf | null;
  /** Paragraphs below the map. */
  notes: string[];
}

const MARGIN = 28;
const LEGEND = 250;

/** A PNG. `covered`: pixels at the right of the map that a drawer hides. */
export async function picture(
  map: MapLibreMap,
  caption: Caption,
  covered: number,
  dark: boolean,
): Promise<Blob> {
  await document.fonts.ready;
  const shot = await snapshot(map);
  const scale = shot.width / map.getContainer().clientWidth;
  const width = Math.max(560, map.getContainer().clientWidth - covered);
  const height = map.getContainer().clientHeight;
  const style = getComputedStyle(document.documentElement);
  const read = (name: string) => style.getPropertyValue(name).trim();
  const look = {
    paper: read("--paper"),
    ink: read("--ink"),
    quiet: read("--ink-2"),
    rule: read("--rule"),
    mark: read("--mark"),
    serif: read("--serif"),
    sans: read("--sans"),
    dark,
  };
  const notesWidth = width - 2 * MARGIN - (caption.legend ? LEGEND + 40 : 0);
  const ruler = new OffscreenCanvas(1, 1).getContext("2d")!;
  ruler.font = `600 25px ${look.serif}`;
  const title = wrapped(ruler, caption.title, width - 2 * MARGIN);
  const head = 52 + title.length * 30 + (caption.warning ? 22 : 0);
  ruler.font = `400 13.5px ${look.sans}`;
  const lines = caption.notes.flatMap((note) => [...wrapped(ruler, note, notesWidth), ""]).slice(0, -1);
  const foot = Math.max(caption.legend ? 178 : 0, lines.length * 18 + 16) + 28;

  const canvas = document.createElement("canvas");
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round((head + height + foot) * scale);
  const ink = canvas.getContext("2d")!;
  ink.scale(scale, scale);
  ink.fillStyle = look.paper;
  ink.fillRect(0, 0, width, head + height + foot);
  heading(ink, title, caption, look);
  ink.drawImage(shot, 0, 0, width * scale, height * scale, 0, head, width, height);
  ink.strokeStyle = look.rule;
  ink.strokeRect(-1, head, width + 2, height);
  const below = head + height + 24;
  if (caption.legend) drawLegend(ink, caption.legend, { x: MARGIN, y: below, width: LEGEND }, look);
  ink.fillStyle = look.quiet;
  ink.font = `400 13.5px ${look.sans}`;
  lines.forEach((line, at) => {
    ink.fillText(line, width - MARGIN - notesWidth, below + 13 + at * 18);
  });
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("no picture"))), "image/png");
  });
}

interface Look {
  ink: string;
  quiet: string;
  mark: string;
  serif: string;
  sans: string;
}

function heading(ink: CanvasRenderingContext2D, title: string[], caption: Caption, look: Look): void {
  ink.fillStyle = look.ink;
  ink.font = `600 25px ${look.serif}`;
  title.forEach((line, at) => {
    ink.fillText(line, MARGIN, 42 + at * 30);
  });
  const below = 42 + (title.length - 1) * 30;
  ink.fillStyle = look.quiet;
  ink.font = `400 15px ${look.sans}`;
  ink.fillText(caption.subtitle, MARGIN, below + 24);
  if (!caption.warning) return;
  ink.fillStyle = look.mark;
  ink.fillText(caption.warning, MARGIN, below + 48);
}

/** The map's pixels, taken while they are drawn: afterwards the browser throws them away. */
function snapshot(map: MapLibreMap): Promise<HTMLCanvasElement> {
  return new Promise((resolve) => {
    map.once("render", () => {
      const from = map.getCanvas();
      const copy = document.createElement("canvas");
      copy.width = from.width;
      copy.height = from.height;
      copy.getContext("2d")!.drawImage(from, 0, 0);
      resolve(copy);
    });
    map.triggerRepaint();
  });
}

/** A paragraph in lines that are no wider than this. */
function wrapped(ink: { measureText(text: string): TextMetrics }, text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line ? `${line} ${word}` : word;
    if (line && ink.measureText(longer).width > width) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return [...lines, line];
}
