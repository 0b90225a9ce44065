// What tests and the browser's console may ask: window.shoal.ready once data and basemap are on screen.

import type { Map as MapLibreMap } from "maplibre-gl";

export const hook = {
  ready: false,
  /** The time whose colours were drawn last, and how long colouring took on this side of the graphics card (ms). */
  time: null as string | null,
  took: 0,
  map: null as MapLibreMap | null,
  begun: 0,
  hasData: false,
  painting() {
    hook.begun = performance.now();
    hook.ready = false;
  },
  painted(time: string | null) {
    performance.mark("painted");
    hook.time = time;
    hook.hasData = true;
    hook.took = performance.now() - hook.begun;
  },
  idle() {
    performance.mark("idle");
    hook.ready = hook.hasData;
  },
};

(window as unknown as { shoal: typeof hook }).shoal = hook;
