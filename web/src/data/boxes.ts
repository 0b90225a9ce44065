// Bounding boxes of places: west, south, east, north, degrees.

import { cellToBoundary } from "h3-js";
import type { Places } from "./source";

export type Box = [number, number, number, number];

export function boundsOf(places: Places, id: string, at: number): Box {
  const shape = places.shapes ? places.shapes.features[at]?.geometry : null;
  const box: Box = [180, 90, -180, -90];
  const widen = (value: unknown): void => {
    if (!Array.isArray(value)) return;
    if (typeof value[0] === "number") {
      box[0] = Math.min(box[0], value[0]);
      box[1] = Math.min(box[1], value[1]);
      box[2] = Math.max(box[2], value[0]);
      box[3] = Math.max(box[3], value[1]);
    } else value.forEach(widen);
  };
  if (!places.shapes) widen(cellToBoundary(id, true));
  else if (shape && "coordinates" in shape) widen(shape.coordinates);
  return box;
}

export function meets(one: Box, other: Box): boolean {
  return one[0] <= other[2] && one[2] >= other[0] && one[1] <= other[3] && one[3] >= other[1];
}
