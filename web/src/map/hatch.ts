// Hatching on the graphics card. The colour's alpha says which: 255 filled, 254 lines (not told from zero), 253 crosses
// (suppressed). Lines are drawn in screen space, so they stay as fine at every zoom, and move with the map.

import { LayerExtension } from "@deck.gl/core";

export const FILLED = 255;
export const LINES = 254;
export const CROSSES = 253;

export class Hatch extends LayerExtension {
  static extensionName = "Hatch";

  getShaders(): unknown {
    return {
      inject: {
        "fs:DECKGL_FILTER_COLOR": `
          float mark = color.a * 255.0;
          if (mark > 0.5 && mark < 254.5) {
            vec2 at = gl_FragCoord.xy / ${devicePixelRatio.toFixed(3)};
            float rising = abs(fract((at.x + at.y) / 7.0) - 0.5) * 7.0;
            float falling = abs(fract((at.x - at.y) / 7.0) - 0.5) * 7.0;
            float line = mark < 253.5 ? min(rising, falling) : rising;
            color.a = mix(0.95, 0.38, smoothstep(0.55, 1.15, line));
          }
        `,
      },
    };
  }
}
