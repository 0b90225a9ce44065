// How tiles are drawn: quietly, in the map's own colours, by what layers are called in the schemas of Protomaps,
// OpenMapTiles and Shortbread. What is called otherwise is drawn as thin lines and faint areas.

import type { ExpressionSpecification, FilterSpecification, LayerSpecification } from "maplibre-gl";
import type { TileLayer } from "./basemap";
import { FONT } from "./style";
import { type Theme, theme } from "./theme";

type Role = "earth" | "green" | "water" | "road" | "border" | "building" | "place" | "street" | "none";

const ROLES: Record<Exclude<Role, "none">, readonly string[]> = {
  earth: ["earth"],
  green: ["landuse", "landcover", "globallandcover", "natural", "park", "land", "sites"],
  water: ["water", "ocean", "water_polygons", "waterway", "water_lines", "physical_line"],
  road: [
    "roads",
    "transportation",
    "streets",
    "streets_med",
    "streets_low",
    "transit",
    "ferries",
    "aerialways",
  ],
  border: ["boundaries", "boundary"],
  building: ["buildings", "building"],
  place: ["places", "place", "place_labels"],
  street: ["transportation_name", "street_labels"],
};
/** Points and names of single things: a map of statistics has no room for them. */
const LEFT_OUT = /poi|label|_name|housenumber|address|peak|public_transport|physical_point/;

function roleOf(id: string): Role | null {
  for (const [role, ids] of Object.entries(ROLES)) if (ids.includes(id)) return role as Role;
  return LEFT_OUT.test(id) ? "none" : null;
}

/** Layers for the tiles of `ids`; where the archive does not say which it has, for all that are known. */
export function vectorLayers(
  source: string,
  ground: string,
  ids: readonly string[],
  minZoom: number,
  language: string,
  dark: boolean,
): TileLayer[] {
  const colours = theme(dark);
  const found = ids.length > 0 ? ids : Object.values(ROLES).flat();
  const byRole = (role: Role | null) => found.filter((id) => roleOf(id) === role);
  const made: TileLayer[] = [];
  const add = (where: TileLayer["where"], id: string, layer: string | null, rest: object) =>
    made.push({
      where,
      layer: {
        id: `tiles-${id}`,
        source: layer === null ? ground : source,
        ...(layer === null ? {} : { "source-layer": layer }),
        ...rest,
      } as LayerSpecification,
    });

  // Schemas either draw land on water or water on land; the coarse coast of the package would show through.
  const earth = byRole("earth").length > 0 && ids.length > 0;
  if (ids.length > 0 && (earth || byRole("water").length > 0)) {
    const colour = earth ? colours.water : colours.land;
    add("under", "ground", null, { type: "fill", minzoom: minZoom, paint: { "fill-color": colour } });
  }
  for (const id of byRole("earth")) add("under", id, id, area(colours.land, 1));
  for (const id of byRole("green"))
    add("under", id, id, {
      ...area(colours.green, 1),
      filter: ["all", AREA, ["in", KIND, ["literal", GREEN]]],
    });
  for (const id of byRole("water")) {
    add("under", id, id, area(colours.water, 1));
    add("under", `${id}-line`, id, { ...line(colours.water, widths(0.6, 2)), filter: LINE });
  }
  for (const id of byRole(null)) {
    add("under", id, id, area(colours.border, 0.2));
    add("under", `${id}-line`, id, { ...line(colours.border, 0.6), filter: LINE });
  }
  for (const id of byRole("building"))
    add("under", id, id, { ...area(colours.building, 1), minzoom: Math.max(13, minZoom) });
  for (const id of byRole("road")) {
    add("under", id, id, { ...line(colours.road, roadWidth()), filter: LINE });
    // Over the numbers only what people find their way by.
    const filter = ["all", LINE, ["in", KIND, ["literal", [...HIGH, ...MAJOR]]]];
    add("over", `${id}-over`, id, { ...line(colours.label, widths(0.4, 1.4), 0.3), filter });
  }
  for (const id of byRole("border")) {
    const paint = { "line-color": colours.coast, "line-width": 0.9, "line-dasharray": [3, 2] };
    add("over", id, id, { type: "line", filter: ["all", LINE, SHOWN_BORDER], paint });
  }
  for (const id of [...byRole("street"), ...found.filter((one) => one === "roads")])
    add("names", `${id}-names`, id, streetNames(language, colours));
  for (const id of byRole("place")) add("names", `${id}-names`, id, placeNames(language, colours));
  return made;
}

/** Pictures are toned down, so that the numbers stay the loudest. */
export function rasterLayers(source: string, dark: boolean): TileLayer[] {
  const paint = {
    "raster-saturation": -0.6,
    "raster-opacity": dark ? 0.5 : 0.7,
    "raster-brightness-max": dark ? 0.7 : 1,
    "raster-fade-duration": 0,
  };
  return [{ where: "under", layer: { id: "tiles-pictures", type: "raster", source, paint } }];
}

const HIGH = ["highway", "motorway", "motorway_link", "trunk", "trunk_link"];
const MAJOR = ["major_road", "medium_road", "primary", "primary_link", "secondary", "secondary_link"];
const RAIL = ["rail", "transit", "subway", "tram", "light_rail", "narrow_gauge", "monorail", "funicular"];
const PATH = [
  "path",
  "footway",
  "track",
  "cycleway",
  "steps",
  "pedestrian",
  "bridleway",
  "ferry",
  "pier",
  "other",
];
const GREEN = [
  "park",
  "wood",
  "forest",
  "grass",
  "grassland",
  "scrub",
  "garden",
  "nature_reserve",
  "national_park",
  "cemetery",
  "golf_course",
  "recreation_ground",
  "village_green",
  "meadow",
  "orchard",
  "vineyard",
  "heath",
  "wetland",
  "pitch",
  "playground",
  "allotments",
  "protected_area",
  "tree",
];

const AREA: FilterSpecification = ["==", ["geometry-type"], "Polygon"];
const LINE: FilterSpecification = ["==", ["geometry-type"], "LineString"];
/** What a thing is, under the name that its schema has for it. */
const KIND: ExpressionSpecification = [
  "to-string",
  ["coalesce", ["get", "kind"], ["get", "pmap:kind"], ["get", "class"], ""],
];
/** Of countries, states and districts, on land. */
const SHOWN_BORDER: ExpressionSpecification = [
  "all",
  ["<=", ["to-number", ["get", "admin_level"], 2], 6],
  ["!=", ["to-number", ["get", "maritime"], 0], 1],
];

function area(colour: string, opacity: number) {
  return { type: "fill", filter: AREA, paint: { "fill-color": colour, "fill-opacity": opacity } };
}

function line(colour: string, width: number | ExpressionSpecification, opacity = 1) {
  return {
    type: "line",
    layout: { "line-join": "round", "line-cap": "round" },
    paint: { "line-color": colour, "line-width": width, "line-opacity": opacity },
  };
}

/** Pixels at zoom 8 and 16. */
function widths(far: number, near: number): ExpressionSpecification {
  return ["interpolate", ["exponential", 1.4], ["zoom"], 8, far, 16, near];
}

function roadWidth(): ExpressionSpecification {
  const by = (
    high: number,
    major: number,
    rail: number,
    path: number,
    rest: number,
  ): ExpressionSpecification => ["match", KIND, HIGH, high, MAJOR, major, RAIL, rail, PATH, path, rest];
  return [
    "interpolate",
    ["exponential", 1.5],
    ["zoom"],
    6,
    by(0.6, 0.2, 0, 0, 0),
    10,
    by(1.2, 0.8, 0.3, 0, 0.2),
    13,
    by(2, 1.4, 0.5, 0.2, 0.8),
    17,
    by(9, 7, 1, 1.2, 5),
  ];
}

function nameIn(language: string): ExpressionSpecification {
  return ["coalesce", ["get", `name:${language}`], ["get", `name_${language}`], ["get", "name"]];
}

function names(colours: Theme) {
  return {
    "text-color": colours.label,
    "text-halo-color": colours.halo,
    "text-halo-width": 1.4,
    "text-halo-blur": 0.6,
  };
}

function placeNames(language: string, colours: Theme) {
  const large = ["country", "state", "province", "region", "city", "capital", "state_capital", "locality"];
  const size = (near: number): ExpressionSpecification => [
    "match",
    KIND,
    large,
    near,
    "town",
    near - 1,
    near - 3,
  ];
  return {
    type: "symbol",
    filter: ["==", ["geometry-type"], "Point"],
    layout: {
      "text-field": nameIn(language),
      "text-font": FONT,
      "text-size": ["interpolate", ["linear"], ["zoom"], 4, size(12), 12, size(16)],
      "text-max-width": 8,
      "text-padding": 8,
      // Schemas rank them differently; the lowest goes first in each.
      "symbol-sort-key": [
        "to-number",
        [
          "coalesce",
          ["get", "min_zoom"],
          ["get", "pmap:min_zoom"],
          ["get", "rank"],
          ["-", ["to-number", ["get", "population"], 0]],
        ],
        0,
      ],
    },
    paint: names(colours),
  };
}

function streetNames(language: string, colours: Theme) {
  return {
    type: "symbol",
    minzoom: 14,
    filter: LINE,
    layout: {
      "symbol-placement": "line",
      "text-field": nameIn(language),
      "text-font": FONT,
      "text-size": 11,
      "text-padding": 12,
    },
    paint: names(colours),
  };
}
