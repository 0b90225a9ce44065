// What the reader's machine asks for: night colours, less motion, a language.

import { effect } from "@preact/signals";
import { language } from "../messages";
import { calm, dark } from "./store";

/** "night" or "day" where the reader chose, else what the machine says. */
const CHOSEN = "shoal-colours";

export function followMachine(): void {
  const night = matchMedia("(prefers-color-scheme: dark)");
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  const read = () => {
    const chosen = remembered();
    dark.value = chosen ? chosen === "night" : night.matches;
    calm.value = still.matches;
  };
  read();
  night.addEventListener("change", read);
  still.addEventListener("change", read);
  effect(() => {
    document.documentElement.dataset.colours = dark.value ? "night" : "day";
    document.documentElement.lang = language.value;
  });
}

export function toggleColours(): void {
  dark.value = !dark.value;
  try {
    localStorage.setItem(CHOSEN, dark.value ? "night" : "day");
  } catch {
    // Some frames of notebooks have no memory: the choice lasts as long as the page.
  }
}

function remembered(): string | null {
  try {
    return localStorage.getItem(CHOSEN);
  } catch {
    return null;
  }
}
