// What the operator gives to be drawn below the data: GeoJSON, or an archive of tiles.

import type { LayerSpecification, SourceSpecification } from "maplibre-gl";
import type { Bounds } from "./view";

export type Basemap = Own | Tiles;

export interface Own {
  data: GeoJSON.GeoJSON;
}

export interface Tiles {
  sources: Record<string, SourceSpecification>;
  /** In the order in which they are drawn. */
  layers(dark: boolean): TileLayer[];
  /** Where it has tiles, and from which zoom on. */
  bounds: Bounds;
  minZoom: number;
  /** It names places itself. */
  named: boolean;
  /** Whose data it is, as the archive says: text. */
  attribution: string;
}

/** under: below the data; over: lines above it, to find one's way by; names: above everything. */
export interface TileLayer {
  where: "under" | "over" | "names";
  layer: LayerSpecification;
}
