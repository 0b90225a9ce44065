// Whose the basemap is: of the package, and of the operator's own tiles where there are some.

import { t } from "../messages";
import * as state from "./store";

export function credits(): string {
  const own = state.basemap.value;
  const words = own && "attribution" in own ? own.attribution : "";
  return words ? `${t("map.credits")} ${t("map.own", { words })}` : t("map.credits");
}
