// The outlines of all places in flat arrays, ready for the graphics card: made once, while colours change with the hour.

import earcut, { flatten } from "earcut";
import { cellToBoundary } from "h3-js";
import type { Places } from "../data/source";
import { discs } from "./discs";

export interface Geometry {
  /** lon, lat of every corner, float64: a metre is lost in float32. */
  positions: Float64Array;
  /** First corner of each part, and one past the last. */
  starts: Uint32Array;
  triangles: Uint32Array;
  /** Place of each part; a place of several islands has several. */
  place: Uint32Array;
  /** west, south, east, north of each part. */
  boxes: Float32Array;
  bounds: [number, number, number, number];
}

type Ring = number[][];

/** Outlines of H3 cells, or of the features; parts whose outline is missing are left out. */
export function geometryOf(places: Places): Geometry {
  if (!places.shapes) return cells(places.ids);
  const parts: { place: number; rings: Ring[] }[] = [];
  const points = places.shapes.features.map(({ geometry: shape }) =>
    shape?.type === "Point" ? shape.coordinates : null,
  );
  const around = discs(points.filter((one) => one !== null));
  places.shapes.features.forEach(({ geometry: shape }, at) => {
    if (shape?.type === "Polygon") parts.push({ place: at, rings: shape.coordinates });
    if (shape?.type === "MultiPolygon")
      for (const rings of shape.coordinates) parts.push({ place: at, rings });
    if (points[at]) parts.push({ place: at, rings: [around.shift()!] });
  });
  return packed(parts);
}

/** H3 cells are convex and have at most ten corners: a fan of triangles each, without any search. */
function cells(ids: string[]): Geometry {
  const most = 10;
  const positions = new Float64Array(ids.length * most * 2);
  const triangles = new Uint32Array(ids.length * (most - 2) * 3);
  const starts = new Uint32Array(ids.length + 1);
  const boxes = new Float32Array(ids.length * 4);
  const bounds: Geometry["bounds"] = [180, 90, -180, -90];
  let corner = 0;
  let last = 0;
  for (let cell = 0; cell < ids.length; cell++) {
    const ring = open(cellToBoundary(ids[cell]!, true));
    const box = boxOf(ring);
    boxes.set(box, cell * 4);
    widen(bounds, box);
    for (let at = 2; at < ring.length; at++) {
      triangles[last++] = corner;
      triangles[last++] = corner + at - 1;
      triangles[last++] = corner + at;
    }
    for (const [lon, lat] of ring) {
      positions[2 * corner] = lon!;
      positions[2 * corner + 1] = lat!;
      corner++;
    }
    starts[cell + 1] = corner;
  }
  return {
    positions: positions.slice(0, corner * 2),
    triangles: triangles.slice(0, last),
    starts,
    place: Uint32Array.from(ids, (_, cell) => cell),
    boxes,
    bounds,
  };
}

function widen(bounds: Geometry["bounds"], box: Geometry["bounds"]): void {
  bounds[0] = Math.min(bounds[0], box[0]);
  bounds[1] = Math.min(bounds[1], box[1]);
  bounds[2] = Math.max(bounds[2], box[2]);
  bounds[3] = Math.max(bounds[3], box[3]);
}

function packed(parts: { place: number; rings: Ring[] }[]): Geometry {
  const positions: number[] = [];
  const triangles: number[] = [];
  const starts = new Uint32Array(parts.length + 1);
  const boxes = new Float32Array(parts.length * 4);
  const bounds: Geometry["bounds"] = [180, 90, -180, -90];
  parts.forEach(({ rings }, part) => {
    const base = positions.length / 2;
    const flat = flatten(rings.map((ring) => open(ring).map((corner) => [corner[0]!, corner[1]!])));
    for (const value of flat.vertices) positions.push(value);
    for (const corner of earcut(flat.vertices, flat.holes, 2)) triangles.push(base + corner);
    starts[part + 1] = positions.length / 2;
    const box = boxOf(rings[0] ?? []);
    boxes.set(box, part * 4);
    widen(bounds, box);
  });
  return {
    positions: Float64Array.from(positions),
    starts,
    triangles: Uint32Array.from(triangles),
    place: Uint32Array.from(parts, (part) => part.place),
    boxes,
    bounds,
  };
}

/** A ring without its repeated last corner. */
function open(ring: Ring): Ring {
  const first = ring[0];
  const last = ring.at(-1);
  return first && last && first[0] === last[0] && first[1] === last[1] ? ring.slice(0, -1) : ring;
}

function boxOf(ring: Ring): [number, number, number, number] {
  const box: [number, number, number, number] = [180, 90, -180, -90];
  for (const [lon, lat] of ring) {
    box[0] = Math.min(box[0], lon!);
    box[1] = Math.min(box[1], lat!);
    box[2] = Math.max(box[2], lon!);
    box[3] = Math.max(box[3], lat!);
  }
  return box;
}

/** The place at a point of the map, or -1. */
export function placeAt(geometry: Geometry, lon: number, lat: number): number {
  const { boxes, starts, positions, place } = geometry;
  for (let part = 0; part < place.length; part++) {
    const at = part * 4;
    if (lon < boxes[at]! || lon > boxes[at + 2]! || lat < boxes[at + 1]! || lat > boxes[at + 3]!) continue;
    if (inside(positions, starts[part]!, starts[part + 1]!, lon, lat)) return place[part]!;
  }
  return -1;
}

/** Even-odd rule. Corners of holes follow those of the outline, whose joints cross each side twice and cancel out. */
function inside(positions: Float64Array, from: number, to: number, lon: number, lat: number): boolean {
  let odd = false;
  for (let at = from, before = to - 1; at < to; before = at++) {
    const [x, y] = [positions[2 * at]!, positions[2 * at + 1]!];
    const [u, v] = [positions[2 * before]!, positions[2 * before + 1]!];
    if (y > lat !== v > lat && lon < ((u - x) * (lat - y)) / (v - y) + x) odd = !odd;
  }
  return odd;
}

/** Middle of each place, lon and lat, by the corners of its first part. */
export function middles(geometry: Geometry, places: number): Float64Array {
  const made = new Float64Array(places * 2).fill(Number.NaN);
  for (let part = geometry.place.length - 1; part >= 0; part--) {
    const at = part * 4;
    made[2 * geometry.place[part]!] = (geometry.boxes[at]! + geometry.boxes[at + 2]!) / 2;
    made[2 * geometry.place[part]! + 1] = (geometry.boxes[at + 1]! + geometry.boxes[at + 3]!) / 2;
  }
  return made;
}
