// Ties the map to the state: what is loaded is drawn, what is pointed at or clicked is chosen.

import type { Layer } from "@deck.gl/core";
import { computed, effect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { sureChanges } from "../compare/pair-difference";
import { type Pair, surePairs } from "../data/pairs";
import type { Pairs } from "../data/types";
import { flowsLayer } from "../map/flows-layer";
import { type Geometry, geometryOf, middles } from "../map/geometry";
import { paint, paintChange } from "../map/paint";
import { BELOW_LINES, BELOW_NAMES } from "../map/style";
import { MapView } from "../map/view";
import { zonesLayer } from "../map/zones-layer";
import { t } from "../messages";
import { choosePlace } from "../state/choose";
import * as compare from "../state/compare";
import { hook } from "../state/hook";
import * as state from "../state/store";

export let view: MapView | null = null;

export function TheMap() {
  const container = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const made = new MapView(
      container.current!,
      state.dark.value,
      state.camera.value,
      state.release.value!.bbox,
      {
        hover: (place, x, y) => {
          state.hovered.value = place < 0 ? null : { place, x, y };
        },
        choose,
        move: (camera) => {
          state.camera.value = camera;
        },
        idle: hook.idle,
      },
    );
    view = made;
    hook.map = made.map;
    return drawn(made);
  }, []);
  return (
    <div class="map">
      <div ref={container} class="map-canvas" role="application" aria-label={t("map.name")} />
    </div>
  );
}

/** A second click on the same place lets go of it. */
function choose(place: number): void {
  choosePlace(place >= 0 && state.places.value!.ids[place] === state.place.value ? -1 : place);
}

function drawn(map: MapView): () => void {
  const geometry = computed<Geometry | null>(() =>
    state.places.value ? geometryOf(state.places.value) : null,
  );
  const stops = [
    effect(() => {
      if (geometry.value) map.show(geometry.value, state.camera.peek() !== null || sameRelease());
    }),
    effect(() => {
      const layers: Layer[] = [];
      const [slice, pairs, dark] = [state.slice.value, state.pairs.value, state.dark.value];
      const change = compare.change.value;
      if (!geometry.value || !state.places.value) return;
      hook.painting();
      const pairChange = compare.pairChange.value;
      if (slice && !pairChange && slice.value.length === state.places.value.ids.length) {
        const colours = change
          ? paintChange(change, geometry.value, compare.top.value, dark)
          : paint(slice, geometry.value, state.domain.value, dark);
        layers.push(zonesLayer(geometry.value, colours, BELOW_LINES));
      }
      if (pairChange) layers.push(...changedFlows(pairChange, geometry.value, dark));
      else if (pairs) layers.push(flows(pairs, geometry.value, dark));
      map.draw(layers);
      if (slice || pairs) hook.painted(state.time.peek());
    }),
    effect(() => {
      const places = state.places.value;
      map.mark(places && state.place.value ? (places.index.get(state.place.value) ?? -1) : -1);
    }),
    effect(() => {
      if (state.basemap.value) map.underlay(state.basemap.value, state.dark.peek());
    }),
    effect(() => map.paper(state.dark.value)),
    effect(() => map.cover(state.panel.value ? DRAWER : 0, !state.calm.peek())),
  ];
  return () => {
    for (const stop of stops) stop();
    map.map.remove();
  };
}

let fitted: string | null = null;

/** The camera goes to new places only with another release: levels and statistics lie in the same area. */
function sameRelease(): boolean {
  const before = fitted;
  fitted = state.release.peek()?.id ?? null;
  return before === fitted;
}

/** Pixels at the right of the map that the drawer hides. */
export function covered(): number {
  return state.panel.value && innerWidth > 720 ? DRAWER : 0;
}

/** On a phone the drawer lies over the foot of the map: the chosen place comes above it. */
export function reveal(drawer: HTMLElement): void {
  const [places, place] = [state.places.value, state.place.value];
  if (innerWidth > 720 || !view || !places || place === null) return;
  const foot = view.map.getContainer().getBoundingClientRect().bottom;
  const covered = foot - drawer.getBoundingClientRect().top;
  view.reveal(places.index.get(place) ?? -1, covered, !state.calm.value);
}

/** Width of the drawer, as in panels.css. */
const DRAWER = 396;
/** Lines that are drawn at most. */
export const MOST_FLOWS = 250;

function flows(pairs: Pairs, geometry: Geometry, dark: boolean): Layer {
  const places = state.places.value!;
  const place = state.place.value === null ? -1 : (places.index.get(state.place.value) ?? -1);
  const widest = surePairs(pairs, 1)[0]?.value ?? 1;
  const shown = surePairs(pairs, MOST_FLOWS, place, place < 0 ? null : state.direction.value);
  return flowsLayer(
    "flows",
    shown,
    middles(geometry, places.ids.length),
    widest,
    dark,
    BELOW_NAMES,
    hoverFlow,
  );
}

/** What became more, and what less: only where noise does not explain it. */
function changedFlows(change: Pairs, geometry: Geometry, dark: boolean): Layer[] {
  const places = state.places.value!;
  const place = state.place.value === null ? -1 : (places.index.get(state.place.value) ?? -1);
  const widest = Math.abs(sureChanges(change, 1)[0]?.value ?? 1);
  const shown = sureChanges(change, MOST_FLOWS, place, state.direction.value);
  const where = middles(geometry, places.ids.length);
  return (["less", "more"] as const).map((way) => {
    const its = shown.filter(({ value }) => value > 0 === (way === "more"));
    return flowsLayer(way, its, where, widest, dark, BELOW_NAMES, hoverFlow);
  });
}

function hoverFlow(flow: Pair | null, x: number, y: number): void {
  state.hoveredFlow.value = flow && { ...flow, x, y };
}
