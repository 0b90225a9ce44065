// The colour of every corner for one slice: the only thing that changes with the hour.

import type { Slice } from "../data/types";
import { type Certainty, certainty, palette, type Rgb, step } from "./colour";
import { changeCertainty, changeColour, diverging } from "./diverging";
import type { Geometry } from "./geometry";
import { CROSSES, FILLED, LINES } from "./hatch";

/** red, green, blue, mark for each corner. Places without a number stay clear; suppressed ones get their own pattern. */
export function paint(slice: Slice, geometry: Geometry, top: number, dark: boolean): Uint8Array {
  const colours = palette(dark);
  return painted(slice, geometry, dark, (value, lower, upper) => {
    const known = certainty(value, lower, upper);
    return [colours[known]![step(value, top, known)]!, known];
  });
}

/** The same for differences: more and less than before. */
export function paintChange(change: Slice, geometry: Geometry, top: number, dark: boolean): Uint8Array {
  const colours = diverging(dark);
  return painted(change, geometry, dark, (value, lower, upper) => {
    const known = changeCertainty(value, lower, upper);
    return [changeColour(value, top, known, colours), known];
  });
}

function painted(
  slice: Slice,
  geometry: Geometry,
  dark: boolean,
  shade: (value: number, lower: number, upper: number) => [Rgb, Certainty],
): Uint8Array {
  const corners = geometry.starts.at(-1)!;
  const bytes = new Uint8Array(corners * 4);
  const words = new Uint32Array(bytes.buffer);
  for (let part = 0; part < geometry.place.length; part++) {
    const place = geometry.place[part]!;
    const value = slice.value[place]!;
    let word = 0;
    if (slice.suppressed[place]) word = packedColour(dark ? [110, 118, 124] : [150, 148, 140], CROSSES);
    else if (!Number.isNaN(value)) {
      const [colour, known] = shade(value, slice.lower[place]!, slice.upper[place]!);
      word = packedColour(colour, known === 2 ? LINES : FILLED);
    }
    words.fill(word, geometry.starts[part]!, geometry.starts[part + 1]!);
  }
  return bytes;
}

/** Little-endian, as every machine with a browser is. */
function packedColour([red, green, blue]: readonly [number, number, number], mark: number): number {
  return ((mark << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}
