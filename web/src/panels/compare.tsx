// Two times of one release, or two releases of the same zones, and what differs by more than noise. web2 is at it.

import { t } from "../messages";
import { Sheet } from "./drawer";

export function Compare() {
  return <Sheet title={t("panel.compare")}>{null}</Sheet>;
}
