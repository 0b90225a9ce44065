// The basemap as a MapLibre style: land, borders, names. Sources begin empty and are filled from the package.

import type { ExpressionSpecification, StyleSpecification } from "maplibre-gl";
import { theme } from "./theme";

/** Colours are drawn below this layer: lines of the operator's own, outlines and the chosen place stay visible. */
export const BELOW_LINES = "own-line";
/** The operator's tiles lie below this layer, and what of them is drawn over the colours below the other. */
export const BELOW_AREAS = "own-area";
export const ABOVE_DATA = "outline";
/** Flows are drawn below this layer: names stay readable. */
export const BELOW_NAMES = "names";

const EMPTY = { type: "geojson" as const, data: { type: "FeatureCollection" as const, features: [] } };
export const FONT = ['"Source Sans 3 Variable"'];

export function mapStyle(dark: boolean): StyleSpecification {
  const colours = theme(dark);
  return {
    version: 8,
    sources: { land: EMPTY, borders: EMPTY, places: EMPTY, own: EMPTY, outline: EMPTY, chosen: EMPTY },
    layers: [
      { id: "water", type: "background", paint: { "background-color": colours.water } },
      {
        id: "land",
        type: "fill",
        source: "land",
        paint: { "fill-color": colours.land, "fill-antialias": false },
      },
      {
        id: "coast",
        type: "line",
        source: "land",
        paint: { "line-color": colours.coast, "line-width": 0.8 },
      },
      {
        id: "borders",
        type: "line",
        source: "borders",
        paint: { "line-color": colours.border, "line-width": 0.8, "line-dasharray": [3, 2] },
      },
      {
        id: "own-area",
        type: "fill",
        source: "own",
        filter: ["==", ["geometry-type"], "Polygon"],
        paint: { "fill-color": colours.border, "fill-opacity": 0.35 },
      },
      {
        id: "own-line",
        type: "line",
        source: "own",
        filter: ["!=", ["geometry-type"], "Point"],
        paint: { "line-color": colours.label, "line-opacity": 0.35, "line-width": 0.9 },
      },
      {
        id: "outline",
        type: "line",
        source: "outline",
        paint: { "line-color": colours.outline, "line-width": 0.6 },
      },
      {
        id: "chosen",
        type: "line",
        source: "chosen",
        paint: { "line-color": colours.chosen, "line-width": 2.4 },
        layout: { "line-join": "round" },
      },
      {
        id: BELOW_NAMES,
        type: "symbol",
        source: "places",
        layout: {
          "text-field": ["get", "name"],
          "text-font": FONT,
          "text-size": sizeByPopulation(),
          "text-letter-spacing": 0.02,
          "text-max-width": 8,
          "text-padding": 6,
          "symbol-sort-key": ["-", ["get", "thousands"]],
          "text-variable-anchor": ["center", "top", "bottom"],
        },
        paint: {
          "text-color": colours.label,
          "text-halo-color": colours.halo,
          "text-halo-width": 1.6,
          "text-halo-blur": 0.6,
          "text-opacity": ["step", ["zoom"], 1, 15, 0.9],
        },
      },
    ],
  };
}

function sizeByPopulation(): ExpressionSpecification {
  const by = (small: number, large: number): ExpressionSpecification => [
    "interpolate",
    ["linear"],
    ["ln", ["max", 1, ["get", "thousands"]]],
    2,
    small,
    8,
    large,
  ];
  return ["interpolate", ["linear"], ["zoom"], 3, by(9, 13), 11, by(12, 19)];
}
