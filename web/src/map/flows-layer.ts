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

/** Colours of lines from the narrowest to the widest. */
const PLAIN = { day: ["#a9c7d1", "#2f7096", "#1f3158"], night: ["#3d5a66", "#8fc5d8", "#f3dfa2"] };
/** The same of differences, as `diverging` has them. */
export const CHANGED = {
  day: { less: ["#88b0ca", "#3f7ea9", "#1c4c75"], more: ["#e2ad76", "#c7742f", "#894013"] },
  night: { less: ["#3f6b88", "#6aa4c9", "#b4def6"], more: ["#8b5c32", "#d18f4b", "#fcd4a2"] },
};

/** `middles`: lon and lat of each place. `widest`: the number that the widest line stands for. */
export function flowsLayer(
  kind: "flows" | "less" | "more",
  flows: Pair[],
  middles: Float64Array,
  widest: number,
  dark: boolean,
  beforeId: string,
  onHover: (flow: Pair | null, x: number, y: number) => void,
): Layer {
  const hour = dark ? "night" : "day";
  const spots: Spot[] = [];
  for (const id of new Set(flows.flatMap((flow) => [flow.from, flow.to]))) {
    spots.push({ id, lon: middles[2 * id]!, lat: middles[2 * id + 1]! });
  }
  return new FlowmapLayer<Spot, Pair>({
    id: kind,
    beforeId,
    data: { locations: spots, flows },
    getLocationId: (spot: Spot) => spot.id,
    getLocationLon: (spot: Spot) => spot.lon,
    getLocationLat: (spot: Spot) => spot.lat,
    getFlowOriginId: (flow: Pair) => flow.from,
    getFlowDestId: (flow: Pair) => flow.to,
    getFlowMagnitude: (flow: Pair) => Math.abs(flow.value),
    flowLinesRenderingMode: "curved",
    clusteringEnabled: false,
    locationTotalsEnabled: false,
    adaptiveScalesEnabled: false,
    fadeEnabled: kind === "flows",
    fadeAmount: 40,
    fadeOpacityEnabled: kind === "flows",
    flowLineThicknessScale: 1.2,
    maxTopFlowsDisplayNum: flows.length,
    scaleLock: { enabled: true, domains: { flowMagnitude: [0, widest] } },
    colorScheme: kind === "flows" ? PLAIN[hour] : CHANGED[hour][kind],
    darkMode: dark,
    highlightColor: dark ? "#ff9d6b" : "#c4542d",
    pickable: true,
    onHover: (info) => {
      const flow = info?.object && "flow" in info.object ? (info.object.flow as Pair) : null;
      onHover(flow, info?.x ?? 0, info?.y ?? 0);
    },
  }) as unknown as Layer;
}
