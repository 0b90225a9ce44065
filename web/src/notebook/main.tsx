// The explorer as a page of its own: what it shows stands in it. Without an address to write to, choices are not kept.

import "@fontsource-variable/source-sans-3/wght.css";
import "@fontsource-variable/source-serif-4/wght.css";
import "../style/tokens.css";
import "../style/layout.css";
import "../style/parts.css";
import "../style/panels.css";
import "../style/views.css";
import { render } from "preact";
import { App } from "../app";
import { carried } from "../data/carried";
import { InlineSource } from "../data/inline";
import { followComparison } from "../state/compare";
import { begin } from "../state/load";
import { followMachine } from "../state/machine";
import * as state from "../state/store";

const data = carried()!;
state.releaseId.value = data.release.id;
state.statistic.value = data.open.statistic;
state.time.value = data.open.time;
state.chosenClass.value = data.open.class;
state.place.value = data.open.place;
if (data.open.place) state.panel.value = "zone";
followMachine();
followComparison();
render(<App />, document.getElementById("app")!);
void begin(new InlineSource(data));
