// What stands around a saved picture: what it shows, how sure it is, what is protected, whose it is.

import { days, named, t, when } from "../messages";
import { unitOf } from "../panels/change";
import * as compare from "../state/compare";
import { credits } from "../state/credits";
import * as state from "../state/store";
import type { Caption } from "./picture";

export function caption(): Caption {
  const release = state.release.value!;
  const { manifest, words } = release;
  const statistic = state.statistic.value ?? "";
  const time = state.keys.value.time && state.time.value ? when(state.time.value) : null;
  const change = compare.change.value ?? compare.pairChange.value;
  const other = compare.other.value;
  const against =
    change && other ? t("compare.then", { time: said(other.time, other.release.id, release.id) }) : null;
  const period = days(manifest.period);
  const chosen = state.chosenClass.value ? named("class", state.chosenClass.value) : null;
  const unit = named("statistic", statistic, ".unit", "");
  const publication = manifest.publication;
  return {
    title: [named("statistic", statistic), chosen, time, against].filter(Boolean).join(", "),
    subtitle: t("save.subtitle", { source: manifest.source.name, period, zone: manifest.period.timezone }),
    warning: manifest.synthetic ? t("synthetic") : null,
    legend:
      state.slice.value && !compare.pairChange.value
        ? {
            unit: change ? `${t("compare.legend")}: ${unitOf(compare.measure.value)}` : unit,
            top: change ? compare.top.value : state.domain.value,
            change: change !== null,
          }
        : null,
    notes: [
      `${named("statistic", statistic, ".what", state.facts.value!.unit)}. ${
        change ? t("compare.how") : t("save.intervals", { noise: state.facts.value!.noise })
      } ${t("save.marks")}`,
      t("save.privacy", {
        unit: t(`unit.${manifest.privacy.unit}` as "unit.day"),
        epsilon: String(words.epsilon),
        delta: String(words.delta),
      }),
      [
        t("save.source", { controller: manifest.basis.controller, release: release.id }),
        publication && `${publication.licence}, ${publication.attribution}.`,
        credits(),
      ]
        .filter(Boolean)
        .join(" "),
    ],
  };
}

/** "Monday 2 March at 08:00", and of another release which. */
function said(time: string | null, release: string, own: string): string {
  return [time && when(time), release === own ? null : release].filter(Boolean).join(", ");
}
