// Land and borders from Natural Earth, coarse first; the fine outlines are fetched when the map comes near.

import { feature, mesh } from "topojson-client";
import type { GeometryCollection, Topology } from "topojson-specification";
import { carried } from "../data/carried";
import type { Bounds } from "./view";

export type Detail = "110m" | "50m" | "10m";

export const detailAt = (zoom: number): Detail => (zoom < 3 ? "110m" : zoom < 7 ? "50m" : "10m");

const loaded = new Map<Detail, Promise<Whole>>();

export interface World {
  land: GeoJSON.GeoJSON;
  borders: GeoJSON.GeoJSON;
}

interface Whole {
  land: Part[];
  borders: Part[];
}

/** A polygon of land, or a line of border, with the box around it. */
interface Part {
  box: Bounds;
  coordinates: number[][] | number[][][];
}

let last: { detail: Detail; box: Bounds; world: World } | null = null;

/** Land and borders around west, south, east, north: the same object while the map stays in their surroundings. */
export async function world(detail: Detail, bounds: Bounds): Promise<World> {
  const own = carried()?.surroundings;
  if (own) return own;
  const known = loaded.get(detail) ?? load(detail);
  loaded.set(detail, known);
  const whole = await known;
  if (last && last.detail === detail && within(bounds, last.box)) return last.world;
  const [width, height] = [bounds[2] - bounds[0], bounds[3] - bounds[1]];
  const box: Bounds = [bounds[0] - width, bounds[1] - height, bounds[2] + width, bounds[3] + height];
  const near = (parts: Part[]) =>
    parts.filter((part) => meets(part.box, box)).map((part) => part.coordinates);
  last = {
    detail,
    box,
    world: {
      land: { type: "MultiPolygon", coordinates: near(whole.land) as number[][][][] },
      borders: { type: "MultiLineString", coordinates: near(whole.borders) as number[][][] },
    },
  };
  return last.world;
}

type Atlas = Topology<{ land: GeometryCollection; countries: GeometryCollection }>;

async function load(detail: Detail): Promise<Whole> {
  const answer = await fetch(new URL(`basemap/world-${detail}.json`, document.baseURI));
  const topology = (await answer.json()) as Atlas;
  const land = feature(topology, topology.objects.land).features.flatMap(({ geometry }) =>
    geometry.type === "MultiPolygon"
      ? geometry.coordinates
      : geometry.type === "Polygon"
        ? [geometry.coordinates]
        : [],
  );
  const borders = mesh(topology, topology.objects.countries, (a, b) => a !== b).coordinates;
  return {
    land: land.map((coordinates) => ({ box: boxOf(coordinates[0]!), coordinates })),
    borders: borders.map((coordinates) => ({ box: boxOf(coordinates), coordinates })),
  };
}

function boxOf(line: number[][]): Bounds {
  const box: Bounds = [180, 90, -180, -90];
  for (const [lon, lat] of line) {
    box[0] = Math.min(box[0], lon!);
    box[1] = Math.min(box[1], lat!);
    box[2] = Math.max(box[2], lon!);
    box[3] = Math.max(box[3], lat!);
  }
  return box;
}

function meets(a: Bounds, b: Bounds): boolean {
  // A map that is turned past the date line shows the world again beside itself.
  if (b[0] < -180 || b[2] > 180) return a[1] <= b[3] && a[3] >= b[1];
  return a[0] <= b[2] && a[2] >= b[0] && a[1] <= b[3] && a[3] >= b[1];
}

function within(a: Bounds, b: Bounds): boolean {
  return a[0] >= b[0] && a[1] >= b[1] && a[2] <= b[2] && a[3] <= b[3];
}
