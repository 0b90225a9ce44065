import "@fontsource-variable/source-sans-3/wght.css";
import "@fontsource-variable/source-serif-4/wght.css";
import "./style/tokens.css";
import "./style/layout.css";
import "./style/parts.css";
import "./style/panels.css";
import "./style/views.css";
import { render } from "preact";
import { App } from "./app";
import { HttpSource } from "./data/http";
import { followComparison } from "./state/compare";
import { begin } from "./state/load";
import { followMachine } from "./state/machine";
import { followAddress, readAddress } from "./state/url";

readAddress();
followMachine();
followComparison();
render(<App />, document.getElementById("app")!);
followAddress();
void begin(
  new HttpSource(new URL("api", document.baseURI).href, () => sessionStorage.getItem("shoal-token")),
);
