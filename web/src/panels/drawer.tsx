// The drawer at the side (on a phone: at the foot): one panel at a time, closed by Escape.

import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { t } from "../messages";
import { closePanel } from "../state/choose";
import * as state from "../state/store";
import { Compare } from "./compare";
import { reveal } from "./map";
import { PairList } from "./pairs";
import { PlacePanel } from "./place";
import { Save } from "./save";
import { NumbersTable } from "./table";
import { Trust } from "./trust";
import { Week } from "./week";

const PANELS = {
  zone: PlacePanel,
  pairs: PairList,
  table: NumbersTable,
  week: Week,
  compare: Compare,
  save: Save,
  trust: Trust,
};

export function Drawer() {
  const shown = state.panel.value;
  const box = useRef<HTMLElement>(null);
  const loaded = state.places.value !== null;
  useEffect(() => {
    const drawer = box.current;
    if (shown !== "zone" || !drawer || !loaded) return;
    // What is loaded later makes it higher.
    const watch = new ResizeObserver(() => reveal(drawer));
    watch.observe(drawer);
    return () => watch.disconnect();
  }, [shown, state.place.value, loaded]);
  if (!shown || !state.release.value || (shown === "zone" && !state.place.value)) return null;
  const Panel = PANELS[shown];
  return (
    <aside ref={box} class={`drawer ${shown}`} aria-label={t(`panel.${shown}`)}>
      <Panel />
    </aside>
  );
}

interface Props {
  title: string;
  about?: ComponentChildren;
  children: ComponentChildren;
}

/** Title, closing button, content. The title takes the focus, so that a reader is told what opened. */
export function Sheet({ title, about, children }: Props) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    heading.current?.focus({ preventScroll: true });
    const onKey = (event: KeyboardEvent) => {
      if (event.key === "Escape") closePanel();
    };
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
  return (
    <>
      <header>
        <h2 ref={heading} tabIndex={-1}>
          {title}
        </h2>
        {about && <p>{about}</p>}
        <button type="button" class="close" aria-label={t("panel.close")} onClick={closePanel}>
          <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
            <path d="M4 4l8 8M12 4l-8 8" stroke="currentColor" stroke-width="1.6" stroke-linecap="round" />
          </svg>
        </button>
      </header>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
      <div class="content" tabIndex={0}>
        {children}
      </div>
    </>
  );
}
