// The map itself: MapLibre below, deck.gl inside its layers. Everything that is drawn is set here; what is chosen on it
// is told through `on`.

import { MapLibreOverlay } from "@deck.gl/maplibre";
import * as maplibre from "maplibre-gl";
import worker from "maplibre-gl/dist/maplibre-gl-worker.mjs?url";
import "maplibre-gl/dist/maplibre-gl.css";
import type { Layer } from "@deck.gl/core";
import { carried } from "../data/carried";
import type { Basemap, Tiles } from "./basemap";
import { type Geometry, placeAt } from "./geometry";
import { towns } from "./places";
import { ABOVE_DATA, BELOW_AREAS, mapStyle } from "./style";
import { type Detail, detailAt, world } from "./world";

maplibre.setWorkerUrl(workerUrl());

/** Pixels at the top that the tools cover on a phone. */
const TOOLS = 96;
/** Outlines of more places than these are not drawn: they would hide the colours. */
const OUTLINED = 6000;

export interface Camera {
  lon: number;
  lat: number;
  zoom: number;
}

export type Bounds = [number, number, number, number];

export interface Listeners {
  hover(place: number, x: number, y: number): void;
  choose(place: number): void;
  move(camera: Camera): void;
  idle(): void;
}

export class MapView {
  readonly map: maplibre.Map;
  private readonly overlay = new MapLibreOverlay({ interleaved: true, layers: [] });
  private geometry: Geometry | null = null;
  private layers: Layer[] = [];
  private loaded = false;
  private fitted = false;
  private settled = false;
  private right = 0;
  private tiles: Tiles | null = null;

  /** `bounds`: west, south, east, north of the release; the camera stands on them unless it stands somewhere by choice. */
  constructor(container: HTMLElement, dark: boolean, camera: Camera | null, bounds: Bounds, on: Listeners) {
    const [west, south, east, north] = bounds;
    this.map = new maplibre.Map({
      container,
      style: mapStyle(dark),
      center: camera ? [camera.lon, camera.lat] : [(west + east) / 2, (south + north) / 2],
      zoom: camera?.zoom ?? Math.max(0, Math.log2(360 / Math.max(east - west, north - south, 1e-4))),
      // A page of its own has no land beyond the surroundings that it carries.
      maxBounds: carried()?.surroundings.bounds,
      attributionControl: false,
      dragRotate: false,
      pitchWithRotate: false,
      touchPitch: false,
      fadeDuration: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 120,
      canvasContextAttributes: { antialias: false },
      renderWorldCopies: true,
    });
    this.map.touchZoomRotate.disableRotation();
    this.map.addControl(this.overlay as unknown as maplibre.IControl);
    this.map.addControl(new maplibre.ScaleControl({ maxWidth: 90 }), "bottom-right");
    this.listen(on);
    // Layers given earlier would end up above the names.
    this.map.once("load", () => {
      this.loaded = true;
      this.overlay.setProps({ layers: [...this.layers] });
      void this.refresh();
    });
  }

  /** Draws these layers instead of the ones before. */
  draw(layers: Layer[]): void {
    this.layers = layers;
    if (this.loaded) this.overlay.setProps({ layers: [...layers] });
  }

  /** New places: their outlines, and the camera on them unless it stands somewhere by choice. */
  show(geometry: Geometry, keepCamera: boolean): void {
    this.geometry = geometry;
    const drawn = geometry.place.length <= OUTLINED ? outlines(geometry, null) : [];
    this.whenLoaded(() => this.fill("outline", lines(drawn)));
    if (!keepCamera) this.fit(false);
  }

  /** All places in sight; `right`: pixels that a drawer hides. Stays so until somebody moves the map. */
  fit(animate: boolean, right = this.right): void {
    this.right = right;
    this.fitted = true;
    if (!this.geometry) return;
    const [west, south, east, north] = this.geometry.bounds;
    const wide = this.map.getContainer().clientWidth > 720;
    const padding = wide
      ? { top: 64, bottom: 32, left: 32, right: 32 + right }
      : { top: TOOLS, bottom: 16, left: 12, right: 12 };
    this.map.fitBounds([west, south, east, north], { padding, animate });
  }

  /** Brings a place to the middle, no closer than its surroundings can be seen. */
  goTo(place: number, animate: boolean): void {
    const part = this.geometry?.place.indexOf(place) ?? -1;
    if (!this.geometry || part < 0) return;
    this.fitted = false;
    const [west, south, east, north] = this.geometry.boxes.subarray(part * 4, part * 4 + 4);
    const camera = this.map.cameraForBounds([west!, south!, east!, north!], { maxZoom: 13 });
    if (camera) this.map.easeTo({ ...camera, zoom: Math.min(13, camera.zoom ?? 13), animate });
  }

  /** Where a sheet covers so many pixels of the map's foot, and the place with them: moves the place above it. */
  reveal(place: number, covered: number, animate: boolean): void {
    const part = this.geometry?.place.indexOf(place) ?? -1;
    if (!this.geometry || part < 0 || covered <= 0) return;
    const [west, south, east, north] = this.geometry.boxes.subarray(part * 4, part * 4 + 4);
    const { y } = this.map.project([(west! + east!) / 2, (south! + north!) / 2]);
    const foot = this.map.getContainer().clientHeight - covered;
    if (y <= foot - 16) return;
    this.fitted = false;
    this.map.panBy([0, y - (TOOLS + foot) / 2], { animate });
  }

  /** A drawer opened over `right` pixels, or closed (0): what was fitted is fitted anew. */
  cover(right: number, animate: boolean): void {
    this.right = right;
    if (this.fitted) this.fit(animate);
  }

  /** Marks a place by its outline; -1 marks none. */
  mark(place: number): void {
    const geometry = this.geometry;
    this.whenLoaded(() =>
      this.fill("chosen", lines(geometry && place >= 0 ? outlines(geometry, place) : [])),
    );
  }

  /** The operator's own map below the data. */
  underlay(basemap: Basemap, dark: boolean): void {
    this.whenLoaded(() => {
      if ("data" in basemap) this.fill("own", basemap.data);
      else this.lay(basemap, dark);
    });
  }

  private lay(tiles: Tiles, dark: boolean): void {
    this.tiles = tiles;
    for (const [id, source] of Object.entries(tiles.sources)) this.map.addSource(id, source);
    const before = { under: BELOW_AREAS, over: ABOVE_DATA, names: undefined };
    for (const { where, layer } of tiles.layers(dark)) this.map.addLayer(layer, before[where]);
    void this.refresh();
  }

  paper(dark: boolean): void {
    this.whenLoaded(() => {
      const tiles = this.tiles?.layers(dark).map(({ layer }) => layer) ?? [];
      for (const layer of [...mapStyle(dark).layers, ...tiles]) {
        for (const [key, value] of Object.entries(layer.paint ?? {}))
          this.map.setPaintProperty(layer.id, key as never, value as never);
      }
    });
  }

  private listen(on: Listeners): void {
    const placeOf = (event: maplibre.MapMouseEvent) =>
      this.geometry ? placeAt(this.geometry, event.lngLat.wrap().lng, event.lngLat.lat) : -1;
    this.map.on("mousemove", (event) => on.hover(placeOf(event), event.point.x, event.point.y));
    this.map.on("mouseout", () => on.hover(-1, 0, 0));
    this.map.on("dragstart", () => on.hover(-1, 0, 0));
    this.map.on("click", (event) => on.choose(placeOf(event)));
    this.map.on("moveend", (event) => {
      void this.refresh();
      const { lng, lat } = this.map.getCenter();
      // Only a move by hand is worth an address.
      if (event.originalEvent) this.fitted = false;
      if (event.originalEvent) on.move({ lon: lng, lat, zoom: this.map.getZoom() });
    });
    this.map.on("resize", () => {
      if (this.fitted) this.fit(false);
    });
    this.map.on("idle", () => {
      if (!this.belowNames()) this.overlay.setProps({ layers: [...this.layers] });
      else on.idle();
    });
  }

  /** deck.gl finds the place of its layers only while the whole style is loaded; asked earlier, it draws above the names. */
  private belowNames(): boolean {
    return this.layers.length === 0 || this.map.getLayersOrder().some((id) => id.startsWith("deck"));
  }

  /** Land, borders and names for where the map is now. */
  private async refresh(): Promise<void> {
    if (!this.loaded) return;
    const zoom = this.map.getZoom();
    const box = this.map.getBounds();
    const bounds: Bounds = [box.getWest(), box.getSouth(), box.getEast(), box.getNorth()];
    void towns(bounds, zoom).then((found) => this.fill("places", this.unnamed(found, zoom)));
    const detail = detailAt(zoom);
    // The finest outlines are a megabyte: only once everything else is there.
    if (detail === "10m" && !this.settled) {
      await this.outlines("50m", bounds);
      this.map.once("idle", () => {
        this.settled = true;
        void this.refresh();
      });
    } else await this.outlines(detail, bounds);
  }

  /** The towns that the operator's tiles don't name themselves. */
  private unnamed(found: GeoJSON.FeatureCollection, zoom: number): GeoJSON.FeatureCollection {
    const tiles = this.tiles;
    if (!tiles?.named || zoom < tiles.minZoom) return found;
    const [west, south, east, north] = tiles.bounds;
    const features = found.features.filter(({ geometry }) => {
      const [lon, lat] = (geometry as GeoJSON.Point).coordinates;
      return lon! < west || lon! > east || lat! < south || lat! > north;
    });
    return { ...found, features };
  }

  private async outlines(detail: Detail, bounds: Bounds): Promise<void> {
    const { land, borders } = await world(detail, bounds);
    this.fill("land", land);
    this.fill("borders", borders);
  }

  private readonly shown = new Map<string, unknown>();

  private fill(source: string, data: GeoJSON.GeoJSON): void {
    if (this.shown.get(source) === data) return;
    this.shown.set(source, data);
    (this.map.getSource(source) as maplibre.GeoJSONSource).setData(data);
  }

  private whenLoaded(work: () => void): void {
    if (this.loaded) work();
    else this.map.once("load", work);
  }
}

/** In a notebook the worker's code stands in the page. */
function workerUrl(): string {
  const inline = document.getElementById("shoal-map-worker")?.textContent;
  return inline ? URL.createObjectURL(new Blob([inline], { type: "text/javascript" })) : worker;
}

function lines(coordinates: number[][][]): GeoJSON.GeoJSON {
  return { type: "MultiLineString", coordinates };
}

/** Closed lines around all places, or around one. */
function outlines(geometry: Geometry, place: number | null): number[][][] {
  const made: number[][][] = [];
  for (let part = 0; part < geometry.place.length; part++) {
    if (place !== null && geometry.place[part] !== place) continue;
    const line: number[][] = [];
    for (let at = geometry.starts[part]!; at < geometry.starts[part + 1]!; at++) {
      line.push([geometry.positions[2 * at]!, geometry.positions[2 * at + 1]!]);
    }
    if (line[0]) line.push(line[0]);
    made.push(line);
  }
  return made;
}
