// Areas of places on the ellipsoid, in km². On the authalic sphere areas are those of the ellipsoid (Snyder 1987, "Map
// projections: a working manual", eq. 3-11 to 3-13); a side is straight in its equal-area cylinder, which for zones of
// a city is what `shoal derive density` finds to a part in a thousand.

import { cellToBoundary } from "h3-js";
import type { Places } from "../data/source";

/** WGS 84: radius of the authalic sphere in km, and eccentricity. */
const RADIUS = 6371.0071809;
const E = 0.0818191908426;

/** Of each place; NaN for those without an extent. */
export function areasOf(places: Places): Float64Array {
  return Float64Array.from(places.ids, (id, at) => {
    const shape = places.shapes?.features[at]?.geometry;
    if (!places.shapes) return ring(cellToBoundary(id, true));
    if (shape?.type === "Polygon") return polygon(shape.coordinates);
    if (shape?.type === "MultiPolygon")
      return shape.coordinates.reduce((sum, part) => sum + polygon(part), 0);
    return Number.NaN;
  });
}

/** Has any place an extent? */
export function haveAreas({ shapes }: Places): boolean {
  return !shapes || shapes.features.some(({ geometry }) => geometry && geometry.type !== "Point");
}

function polygon([outline, ...holes]: number[][][]): number {
  return holes.reduce((left, hole) => left - ring(hole), ring(outline ?? []));
}

function ring(corners: number[][]): number {
  let twice = 0;
  for (let at = 0; at < corners.length; at++) {
    const [x, lat] = corners[at]!;
    const [u, v] = corners[(at + 1) % corners.length]!;
    twice += (((u! - x!) * Math.PI) / 180) * (height(lat!) + height(v!));
  }
  return (Math.abs(twice) / 2) * RADIUS ** 2;
}

/** Sine of the authalic latitude. */
function height(latitude: number): number {
  return q(Math.sin((latitude * Math.PI) / 180)) / q(1);
}

function q(sine: number): number {
  return (
    (1 - E ** 2) * (sine / (1 - E ** 2 * sine ** 2) - Math.log((1 - E * sine) / (1 + E * sine)) / (2 * E))
  );
}
