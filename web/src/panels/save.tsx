// What is seen, to keep: picture, table, the lines that show it again, the link. web2 is at it.

import { t } from "../messages";
import { Sheet } from "./drawer";

export function Save() {
  return <Sheet title={t("panel.save")}>{null}</Sheet>;
}
