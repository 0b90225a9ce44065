// Tiles of the operator's own, out of one PMTiles file that the server hands out by ranges of bytes. Loaded only where
// there is such a file.

import { addProtocol } from "maplibre-gl";
import { FetchSource, PMTiles, Protocol, TileType } from "pmtiles";
import type { Tiles } from "./basemap";
import { rasterLayers, vectorLayers } from "./tile-style";
import type { Bounds } from "./view";

const SOURCE = "tiles";
const GROUND = "tiles-ground";

interface Metadata {
  attribution?: unknown;
  vector_layers?: unknown;
}

/** Opens the archive at `url`; `headers` go along with every request. */
export async function openTiles(url: string, headers: Record<string, string>): Promise<Tiles> {
  const archive = new PMTiles(new FetchSource(url, new Headers(headers)));
  const [header, said] = await Promise.all([archive.getHeader(), archive.getMetadata()]);
  const metadata = (said ?? {}) as Metadata;
  const protocol = new Protocol();
  protocol.add(archive);
  addProtocol("pmtiles", protocol.tile);
  const bounds = boundsOf([header.minLon, header.minLat, header.maxLon, header.maxLat]);
  const vector = header.tileType === TileType.Mvt;
  const common = {
    tiles: [`pmtiles://${url}/{z}/{x}/{y}`],
    minzoom: header.minZoom,
    maxzoom: header.maxZoom,
    bounds,
  };
  const ids = vector ? layerIds(metadata) : [];
  const language = document.documentElement.lang;
  return {
    sources: {
      [SOURCE]: vector ? { type: "vector", ...common } : { type: "raster", tileSize: 256, ...common },
      [GROUND]: { type: "geojson", data: rectangle(bounds) },
    },
    layers: (dark) =>
      vector ? vectorLayers(SOURCE, GROUND, ids, header.minZoom, language, dark) : rasterLayers(SOURCE, dark),
    bounds,
    minZoom: header.minZoom,
    named: ids.some((id) => /^place(s|_labels)?$/.test(id)),
    attribution: text(metadata.attribution),
  };
}

/** Names of the layers that the archive says it has; none where it does not say. */
function layerIds({ vector_layers: layers }: Metadata): string[] {
  if (!Array.isArray(layers)) return [];
  return layers.flatMap((layer) => (typeof layer?.id === "string" ? [layer.id] : []));
}

/** Writers that don't know leave zeros. */
function boundsOf(said: Bounds): Bounds {
  const [west, south, east, north] = said;
  return west < east && south < north ? said : [-180, -85.051129, 180, 85.051129];
}

function rectangle([west, south, east, north]: Bounds): GeoJSON.Polygon {
  const ring = [
    [west, south],
    [east, south],
    [east, north],
    [west, north],
    [west, south],
  ];
  return { type: "Polygon", coordinates: [ring] };
}

/** Attributions are often HTML: the words of it, nothing that could be loaded or run. */
function text(html: unknown): string {
  if (typeof html !== "string") return "";
  const words = new DOMParser().parseFromString(html, "text/html").body.textContent ?? "";
  return words.replace(/\s+/g, " ").trim().slice(0, 300);
}
