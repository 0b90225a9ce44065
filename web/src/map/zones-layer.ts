// The places as one layer of filled outlines with binary attributes (no object for each place).

import { SolidPolygonLayer } from "@deck.gl/layers";
import type { Geometry } from "./geometry";
import { Hatch } from "./hatch";

const hatch = new Hatch();

/** `colours`: four bytes for each corner, from `paint`. A new array is a new colouring; the outlines stay where they are. */
export function zonesLayer(geometry: Geometry, colours: Uint8Array, beforeId: string): SolidPolygonLayer {
  return new SolidPolygonLayer({
    id: "zones",
    beforeId,
    data: {
      length: geometry.place.length,
      startIndices: geometry.starts,
      attributes: {
        getPolygon: { value: geometry.positions, size: 2 },
        indices: { value: geometry.triangles, size: 1 },
        getFillColor: { value: colours, size: 4, type: "unorm8" },
      },
    },
    positionFormat: "XY",
    _normalize: false,
    _windingOrder: "CW",
    extruded: false,
    filled: true,
    extensions: [hatch],
    parameters: { depthWriteEnabled: false, depthCompare: "always" },
    // biome-ignore lint/suspicious/noExplicitAny: deck.gl's types know neither beforeId nor binary attributes
  } as any);
}
