// Land and borders from Natural Earth, coarse first; the fine outlines are fetched when the map comes near.

import { feature, mesh } from "topojson-client";
import type { GeometryCollection, Topology } from "topojson-specification";
import { carried } from "../data/carried";

export type Detail = "110m" | "50m" | "10m";

export const detailAt = (zoom: number): Detail => (zoom < 3 ? "110m" : zoom < 6 ? "50m" : "10m");

const loaded = new Map<Detail, Promise<World>>();

export interface World {
  land: GeoJSON.GeoJSON;
  borders: GeoJSON.GeoJSON;
}

export function world(detail: Detail): Promise<World> {
  const own = carried()?.surroundings;
  if (own) return Promise.resolve(own);
  const known = loaded.get(detail);
  if (known) return known;
  const made = fetch(new URL(`basemap/world-${detail}.json`, document.baseURI))
    .then(
      (answer) =>
        answer.json() as Promise<Topology<{ land: GeometryCollection; countries: GeometryCollection }>>,
    )
    .then((topology) => ({
      land: feature(topology, topology.objects.land),
      borders: mesh(topology, topology.objects.countries, (a, b) => a !== b),
    }));
  loaded.set(detail, made);
  return made;
}
