// The page: margin, map, time, what is pointed at.

import { t } from "./messages";
import { Drawer } from "./panels/drawer";
import { Key } from "./panels/key";
import { TheMap } from "./panels/map";
import { Margin } from "./panels/margin";
import { TimeBar } from "./panels/timebar";
import { Toolbar } from "./panels/toolbar";
import { Tooltip } from "./panels/tooltip";
import * as state from "./state/store";

export function App() {
  return (
    <div class="page">
      <Margin />
      <main class="stage">
        {state.release.value && <TheMap />}
        <Toolbar />
        <Drawer />
        <Tooltip />
        <TimeBar />
        {state.barred.value && <Key />}
        {state.busy.value && <p class="notice">{t("loading")} …</p>}
        {state.trouble.value && (
          <p class="notice trouble" role="alert">
            {state.trouble.value === "empty" ? t("empty") : t("trouble", { words: state.trouble.value })}
          </p>
        )}
      </main>
    </div>
  );
}
