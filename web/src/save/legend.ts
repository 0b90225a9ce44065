// The legend on a picture: colours by value and by how well it is known, with the ends of the scale.

import { css, palette, valueAt } from "../map/colour";
import { changeRamp } from "../map/diverging";
import { number, signed, t } from "../messages";

const ROW = 34;
const BAR = 12;

export interface LegendOf {
  unit: string;
  top: number;
  change: boolean;
}

/** Draws into a box of this width from (x, y) down; returns the height that it took. */
export function drawLegend(
  ink: CanvasRenderingContext2D,
  of: LegendOf,
  box: { x: number; y: number; width: number },
  colours: { ink: string; quiet: string; dark: boolean; sans: string },
): number {
  const { x, y, width } = box;
  ink.textBaseline = "alphabetic";
  ink.fillStyle = colours.ink;
  ink.font = `600 15px ${colours.sans}`;
  ink.fillText(of.unit, x, y + 14);
  const words = of.change
    ? [t("legend.well"), t("legend.roughly"), t("compare.noise")]
    : [t("legend.well"), t("legend.roughly"), t("legend.noise")];
  let at = y + 24;
  for (const level of [0, 1, 2] as const) {
    const ramp = of.change ? changeRamp(colours.dark, level) : palette(colours.dark)[level]!.map(css);
    ramp.forEach((colour, step) => {
      const left = x + (step * width) / ramp.length;
      ink.fillStyle = colour;
      ink.fillRect(left, at, width / ramp.length + 0.5, BAR);
      if (level === 2) hatch(ink, left, at, width / ramp.length, colours.quiet);
    });
    ink.fillStyle = colours.quiet;
    ink.font = `400 13px ${colours.sans}`;
    if (level === 0) {
      for (const [share, align] of [
        [0, "left"],
        [0.5, "center"],
        [1, "right"],
      ] as const) {
        ink.textAlign = align;
        ink.fillText(tick(of, share), x + share * width, at + BAR + 14);
      }
      ink.textAlign = "left";
      at += 16;
    }
    ink.fillText(words[level]!, x, at + BAR + 14);
    at += ROW;
  }
  return at - y;
}

function tick({ top, change }: LegendOf, share: number): string {
  return change ? signed((2 * share - 1) * top) : number(valueAt(share, top));
}

function hatch(ink: CanvasRenderingContext2D, x: number, y: number, width: number, colour: string): void {
  ink.save();
  ink.beginPath();
  ink.rect(x, y, width, BAR);
  ink.clip();
  ink.strokeStyle = colour;
  ink.globalAlpha = 0.45;
  ink.lineWidth = 0.8;
  ink.beginPath();
  for (let at = x - BAR; at < x + width; at += 5) {
    ink.moveTo(at, y + BAR);
    ink.lineTo(at + BAR, y);
  }
  ink.stroke();
  ink.restore();
}
