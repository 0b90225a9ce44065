// Ties the map to the state: what is loaded is drawn, what is pointed at or clicked is chosen.

import { effect } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { type Geometry, geometryOf } from "../map/geometry";
import { paint } from "../map/paint";
import { BELOW_NAMES } from "../map/style";
import { MapView } from "../map/view";
import { zonesLayer } from "../map/zones-layer";
import { t } from "../messages";
import { hook } from "../state/hook";
import * as state from "../state/store";

export let view: MapView | null = null;

export function TheMap() {
  const container = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const made = new MapView(container.current!, state.dark.value, state.camera.value, {
      hover: (place, x, y) => {
        state.hovered.value = place < 0 ? null : { place, x, y };
      },
      choose,
      move: (camera) => {
        state.camera.value = camera;
      },
      idle: hook.idle,
    });
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

function choose(place: number): void {
  const id = place < 0 ? null : state.places.value!.ids[place]!;
  state.place.value = id === state.place.value ? null : id;
  state.panel.value = state.place.value ? "zone" : state.panel.value === "zone" ? null : state.panel.value;
}

function drawn(map: MapView): () => void {
  let geometry: Geometry | null = null;
  const stops = [
    effect(() => {
      const places = state.places.value;
      if (!places) return;
      geometry = geometryOf(places);
      map.show(geometry, state.camera.peek() !== null);
    }),
    effect(() => {
      const [slice, top, dark] = [state.slice.value, state.domain.value, state.dark.value];
      if (!state.places.value || !geometry) return;
      hook.painting();
      map.draw(slice ? [zonesLayer(geometry, paint(slice, geometry, top, dark), BELOW_NAMES)] : []);
      hook.painted(state.time.peek());
    }),
    effect(() => {
      const places = state.places.value;
      map.mark(places && state.place.value ? (places.index.get(state.place.value) ?? -1) : -1);
    }),
    effect(() => map.paper(state.dark.value)),
  ];
  return () => {
    for (const stop of stops) stop();
    map.map.remove();
  };
}
