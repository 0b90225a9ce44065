// What tests and the browser's console may ask: window.shoal.ready once data and basemap are on screen.

import type { Map as MapLibreMap } from "maplibre-gl";

let arrived: () => void;
/** Comes when data is on screen for the first time: what is not needed for that waits for it. */
export const firstView = new Promise<void>((resolve) => {
  arrived = resolve;
});

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
    if (hook.ready) arrived();
  },
};

(window as unknown as { shoal: typeof hook }).shoal = hook;
