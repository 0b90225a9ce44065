// Names of towns, loaded by tile for what the map shows. Data: GeoNames, CC BY 4.0 (scripts/basemap.ts packs it).

import { carried } from "../data/carried";

const TILE = 30;

interface Packed {
  names: string[];
  lon: number[];
  lat: number[];
  thousands: number[];
}

const loaded = new Map<string, Promise<GeoJSON.Feature[]>>();

/** Towns within west, south, east, north that are large enough for the zoom. */
export async function towns(
  bounds: [number, number, number, number],
  zoom: number,
): Promise<GeoJSON.FeatureCollection> {
  const [west, south, east, north] = bounds;
  const smallest = 4000 / 2 ** Math.max(0, zoom - 2);
  const own = carried()?.surroundings.towns;
  // Of the whole world only the borders are shown: the largest towns would need all tiles.
  if (zoom < 3.5 && !own) return { type: "FeatureCollection", features: [] };
  const wanted: Promise<GeoJSON.Feature[]>[] = own ? [Promise.resolve(own)] : [];
  for (let x = Math.floor((west + 180) / TILE); !own && x <= Math.floor((east + 180) / TILE); x++) {
    for (let y = Math.floor((south + 90) / TILE); y <= Math.floor((north + 90) / TILE); y++)
      wanted.push(tile(x, y));
  }
  const features = (await Promise.all(wanted)).flat().filter((feature) => {
    const [lon, lat] = (feature.geometry as GeoJSON.Point).coordinates;
    return (
      feature.properties!.thousands >= smallest && lon! > west && lon! < east && lat! > south && lat! < north
    );
  });
  return { type: "FeatureCollection", features: features.slice(0, 400) };
}

function tile(x: number, y: number): Promise<GeoJSON.Feature[]> {
  const name = `${((x % 12) + 12) % 12}-${y}`;
  const known = loaded.get(name);
  if (known) return known;
  const made = fetch(new URL(`basemap/places-${name}.json`, document.baseURI))
    .then((answer) => (answer.ok ? (answer.json() as Promise<Packed>) : null))
    .then((packed) => (packed ? features(packed) : []))
    .catch(() => []);
  loaded.set(name, made);
  return made;
}

function features(packed: Packed): GeoJSON.Feature[] {
  return packed.names.map((name, at) => ({
    type: "Feature",
    properties: { name, thousands: packed.thousands[at]! },
    geometry: { type: "Point", coordinates: [packed.lon[at]! / 1e4, packed.lat[at]! / 1e4] },
  }));
}
