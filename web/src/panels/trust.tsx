// What protects whom, what the numbers are and are not, and the verifier at a click: in plain words.

import { named, number, t, when } from "../messages";
import { sourceOf } from "../state/load";
import * as state from "../state/store";
import { Sheet } from "./drawer";

export function Trust() {
  const release = state.release.value!;
  const { manifest } = release;
  const { privacy, basis, publication } = manifest;
  const epsilon = Number(fraction(privacy.epsilon));
  const unit = t(`unit.${privacy.unit}` as "unit.day");
  return (
    <Sheet title={t("panel.trust")} about={release.title}>
      <section>
        <h3>{t("trust.protected")}</h3>
        <p class="lead">{t("trust.promise", { unit })}</p>
        <p>
          {t("trust.odds", {
            epsilon: short(epsilon),
            percent: Math.round((100 * Math.exp(epsilon)) / (1 + Math.exp(epsilon))),
          })}
        </p>
        {privacy.units > 1 && <p>{t("trust.units", { count: privacy.units, unit })}</p>}
      </section>
      <section>
        <h3>{t("trust.numbers")}</h3>
        <p>{t("trust.noise")}</p>
        <dl class="facts">
          {state.statistics.value.map((name) => (
            <div key={name}>
              <dt>{named("statistic", name)}</dt>
              <dd>{release.tables[name]!.noise}</dd>
            </div>
          ))}
        </dl>
        <p>{t("trust.hatched")}</p>
        <p>{t("trust.people")}</p>
      </section>
      <Verify />
      <section>
        <h3>{t("trust.not")}</h3>
        <ul lang="en">
          {manifest.not_protected.map((words) => (
            <li key={words}>{words}</li>
          ))}
        </ul>
      </section>
      <section>
        <h3>{t("trust.who")}</h3>
        <dl class="facts">
          {facts([
            ["trust.controller", basis.controller],
            ["trust.basis", basis.legal_basis],
            ["trust.purpose", basis.purpose],
            ["trust.made", when(manifest.created)],
            ["trust.licence", publication ? `${publication.licence}, ${publication.attribution}` : "–"],
            ["trust.delta", privacy.delta],
            ["trust.charge", manifest.account.charge],
            ["trust.log", manifest.log],
          ])}
        </dl>
        {publication && (
          <ul lang="en">
            {publication.terms.map((words) => (
              <li key={words}>{words}</li>
            ))}
          </ul>
        )}
      </section>
    </Sheet>
  );
}

function facts(rows: [Parameters<typeof t>[0], string][]) {
  return rows.map(([key, value]) => (
    <div key={key}>
      <dt>{t(key)}</dt>
      <dd>{value}</dd>
    </div>
  ));
}

function Verify() {
  const verdict = state.verdict.value;
  const run = async () => {
    state.verdict.value = "running";
    try {
      state.verdict.value = await sourceOf().verify(state.release.value!);
    } catch (error) {
      state.verdict.value = {
        verified: false,
        summary: "",
        checks: [
          { check: t("trust.failed"), holds: "", passed: false, reason: String((error as Error).message) },
        ],
      };
    }
  };
  return (
    <section class="verify">
      <h3>{t("trust.check")}</h3>
      <p>{t("trust.checkWhat")}</p>
      <button type="button" class="main" onClick={run} disabled={verdict === "running"}>
        {t(verdict === "running" ? "trust.running" : "trust.verify")}
      </button>
      <div aria-live="polite">
        {verdict && verdict !== "running" && (
          <>
            <p class={verdict.verified ? "good" : "bad"}>
              {t(verdict.verified ? "trust.good" : "trust.bad", {
                passed: number(verdict.checks.filter((one) => one.passed).length),
                all: number(verdict.checks.length),
              })}
            </p>
            <ul class="checks" lang="en">
              {verdict.checks.map((one) => (
                <li key={one.check} class={one.passed ? "passed" : "failed"}>
                  <b>{one.check}</b> {one.passed ? one.holds : one.reason}
                </li>
              ))}
            </ul>
          </>
        )}
      </div>
    </section>
  );
}

/** "1/100000000" as a number. */
function fraction(text: string): number {
  const [above, below = "1"] = text.split("/");
  return Number(above) / Number(below);
}

const short = (value: number) => String(Number(value.toPrecision(3)));
