// The choices in the address: a link shows the same to whoever opens it, and the back button undoes a choice.

import { batch, effect } from "@preact/signals";
import { MEASURES } from "../compare/difference";
import { comparing, measure, on, thenRelease, thenTime, way } from "./compare";
import {
  camera,
  chosenClass,
  direction,
  level,
  PANELS,
  panel,
  place,
  playing,
  releaseId,
  statistic,
  time,
} from "./store";

/** Reads the address into the state. */
export function readAddress(): void {
  const query = new URLSearchParams(location.search);
  batch(() => {
    releaseId.value = query.get("release");
    statistic.value = query.get("statistic");
    time.value = query.get("time");
    chosenClass.value = query.get("class");
    place.value = query.get("place");
    const shown = query.get("panel");
    panel.value = PANELS.find((one) => one === shown) ?? null;
    level.value = query.get("level");
    thenRelease.value = query.get("with");
    thenTime.value = query.get("against");
    comparing.value = query.has("against");
    measure.value = MEASURES.find((one) => one === query.get("as")) ?? "absolute";
    direction.value = query.get("direction") === "in" ? "in" : "out";
    const [zoom, lat, lon] = (query.get("map") ?? "").split("/").map(Number);
    camera.value =
      [zoom, lat, lon].every((value) => Number.isFinite(value)) && query.has("map")
        ? { zoom: zoom!, lat: lat!, lon: lon! }
        : null;
  });
}

function written(): { choices: string; all: string } {
  const query = new URLSearchParams();
  const choices: [string, string | null][] = [
    ["release", releaseId.value],
    ["statistic", statistic.value],
    ["class", chosenClass.value],
    ["place", place.value],
    ["panel", panel.value],
    ["level", level.value],
    ["with", on.value ? thenRelease.value : null],
    ["against", on.value && (thenTime.value || panel.value === "save") ? way.value : null],
    ["as", on.value && measure.value !== "absolute" ? measure.value : null],
    ["direction", direction.value === "in" ? "in" : null],
  ];
  for (const [key, value] of choices) if (value) query.set(key, value);
  const chosen = query.toString();
  if (time.value) query.set("time", time.value);
  if (camera.value) {
    const { zoom, lat, lon } = camera.value;
    query.set("map", [zoom.toFixed(2), lat.toFixed(5), lon.toFixed(5)].join("/"));
  }
  // Slashes and colons are allowed in a query and read better.
  return { choices: chosen, all: query.toString().replaceAll("%2F", "/").replaceAll("%3A", ":") };
}

let quiet = 0;

/** Changes that nobody chose, such as the first statistic of a release: they are no step back. */
export function quietly(work: () => void): void {
  quiet++;
  batch(work);
  quiet--;
}

/** Keeps the address in step: a choice is a step back, moving the map or the time is none. */
export function followAddress(): void {
  let last: string | null = null;
  let timer = 0;
  effect(() => {
    const { choices, all } = written();
    const still = playing.value;
    clearTimeout(timer);
    if (last !== null && choices !== last && quiet === 0) history.pushState(null, "", `?${all}`);
    else timer = window.setTimeout(() => history.replaceState(null, "", `?${all}`), still ? 1000 : 150);
    last = choices;
  });
  addEventListener("popstate", () => {
    clearTimeout(timer);
    last = null;
    readAddress();
  });
}
