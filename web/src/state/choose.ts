// Choices that change several signals at once: each is one step back, not two.

import { batch } from "@preact/signals";
import { panel, place, places } from "./store";

/** A place by its position, shown in its panel; -1 chooses none and closes that panel. */
export function choosePlace(at: number): void {
  batch(() => {
    place.value = at < 0 ? null : (places.value?.ids[at] ?? null);
    // The week and a comparison are also those of a place: they stay.
    if (panel.value === "week" || panel.value === "compare") return;
    if (place.value !== null) panel.value = "zone";
    else if (panel.value === "zone") panel.value = null;
  });
}

export function closePanel(): void {
  batch(() => {
    if (panel.value === "zone") place.value = null;
    panel.value = null;
  });
}
