// Flows as curves whose width is their number, drawn by flowmap.gl. Only flows that noise does not explain: a line that
// could be none would look like a road. Coarser flows are the published ones between regions, with their own noise,
// never a sum of uncertain ones; so the library's own clustering stays off.

import type { Layer } from "@deck.gl/core";
import { FlowmapLayer } from "@flowmap.gl/layers";
import type { Pair } from "../data/pairs";

interface Spot {
  id: number;
  lon: number;
  lat: number;
}

/** `middles`: lon and lat of each place. `widest`: the number that the widest line stands for. */
export function flowsLayer(
  flows: Pair[],
  middles: Float64Array,
  widest: number,
  dark: boolean,
  beforeId: string,
  onHover: (flow: Pair | null, x: number, y: number) => void,
): Layer {
  const spots: Spot[] = [];
  for (const id of new Set(flows.flatMap((flow) => [flow.from, flow.to]))) {
    spots.push({ id, lon: middles[2 * id]!, lat: middles[2 * id + 1]! });
  }
  return new FlowmapLayer<Spot, Pair>({
    id: "flows",
    beforeId,
    data: { locations: spots, flows },
    getLocationId: (spot: Spot) => spot.id,
    getLocationLon: (spot: Spot) => spot.lon,
    getLocationLat: (spot: Spot) => spot.lat,
    getFlowOriginId: (flow: Pair) => flow.from,
    getFlowDestId: (flow: Pair) => flow.to,
    getFlowMagnitude: (flow: Pair) => flow.value,
    flowLinesRenderingMode: "curved",
    clusteringEnabled: false,
    locationTotalsEnabled: false,
    adaptiveScalesEnabled: false,
    fadeEnabled: true,
    fadeAmount: 40,
    fadeOpacityEnabled: true,
    flowLineThicknessScale: 1.2,
    maxTopFlowsDisplayNum: flows.length,
    scaleLock: { enabled: true, domains: { flowMagnitude: [0, widest] } },
    colorScheme: dark ? ["#3d5a66", "#8fc5d8", "#f3dfa2"] : ["#a9c7d1", "#2f7096", "#1f3158"],
    darkMode: dark,
    highlightColor: dark ? "#ff9d6b" : "#c4542d",
    pickable: true,
    onHover: (info) => {
      const flow = info?.object && "flow" in info.object ? (info.object.flow as Pair) : null;
      onHover(flow, info?.x ?? 0, info?.y ?? 0);
    },
  }) as unknown as Layer;
}
