// Search of a place by its name or id.

import { useMemo, useState } from "preact/hooks";
import { t } from "../messages";
import { choosePlace } from "../state/choose";
import * as state from "../state/store";
import { view } from "./map";

const MOST = 8;
// Preact's types want a list attribute beside this role; the list is our own.
const COMBOBOX = { role: "combobox" } as object;

export function Search() {
  const [text, setText] = useState("");
  const [marked, setMarked] = useState(0);
  const places = state.places.value;
  const found = useMemo(() => matches(text), [text, places]);
  const choose = (at: number | undefined) => {
    if (at === undefined || !places) return;
    setText("");
    choosePlace(at);
    view?.goTo(at, !state.calm.value);
  };
  return (
    <div class="search">
      {/* biome-ignore lint/a11y/useAriaPropsSupportedByRole: the role stands in COMBOBOX */}
      <input
        type="text"
        {...COMBOBOX}
        placeholder={t("search.place")}
        aria-label={t("search.place")}
        aria-expanded={found.length > 0}
        aria-controls="found"
        aria-activedescendant={found.length > 0 ? `found-${marked}` : undefined}
        autocomplete="off"
        value={text}
        onInput={(event) => {
          setText(event.currentTarget.value);
          setMarked(0);
        }}
        onKeyDown={(event) => {
          const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
          if (step !== 0 && found.length > 0) {
            event.preventDefault();
            setMarked((marked + step + found.length) % found.length);
          }
          if (event.key === "Enter") choose(found[marked]);
          if (event.key === "Escape") setText("");
        }}
      />
      <div class="found" id="found" role="listbox" aria-label={t("search.place")} hidden={found.length === 0}>
        {found.map((at, nth) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the keys of a combobox are those of its input
          <div
            key={at}
            id={`found-${nth}`}
            role="option"
            tabIndex={-1}
            aria-selected={nth === marked}
            onClick={() => choose(at)}
          >
            {state.placeName(at)} {places?.names && <small>{places.ids[at]}</small>}
          </div>
        ))}
      </div>
    </div>
  );
}

/** Places whose name or id holds the text; those that begin with it first. */
function matches(text: string): number[] {
  const places = state.places.value;
  const wanted = plain(text.trim());
  if (!places || wanted === "") return [];
  const first: number[] = [];
  const later: number[] = [];
  for (let at = 0; at < places.ids.length && first.length < MOST; at++) {
    const name = plain(places.names?.[at] ?? "");
    if (name.startsWith(wanted) || places.ids[at]!.startsWith(wanted)) first.push(at);
    else if (name.includes(wanted) || places.ids[at]!.includes(wanted)) later.push(at);
  }
  return [...first, ...later].slice(0, MOST);
}

/** Without case and accents. */
function plain(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}
