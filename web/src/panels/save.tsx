// What is seen, to keep: as a picture, as numbers, as the lines of Python that show it again, as a link.

import { useRef, useState } from "preact/hooks";
import { t } from "../messages";
import { caption } from "../save/caption";
import { copy, fileName, keep } from "../save/file";
import { pythonLines, type Seen } from "../save/lines";
import { picture } from "../save/picture";
import * as compare from "../state/compare";
import { sourceOf } from "../state/load";
import * as state from "../state/store";
import { Sheet } from "./drawer";
import { covered, view } from "./map";

export function Save() {
  return (
    <Sheet title={t("panel.save")}>
      <Picture />
      <Numbers />
      <Text title={t("save.python")} text={pythonLines(seen())} about={t("save.pythonWhat")} />
      {location.protocol.startsWith("http") && (
        <Text title={t("save.link")} text={location.href} about={t("save.linkWhat")} />
      )}
    </Sheet>
  );
}

/** A button whose work may fail, which is then said. */
function Action({ label, work, main = false }: { label: string; work: () => Promise<void>; main?: boolean }) {
  const [now, setNow] = useState<"ready" | "busy" | string>("ready");
  const run = async () => {
    setNow("busy");
    try {
      await work();
      setNow("ready");
    } catch (error) {
      setNow(error instanceof Error ? error.message : String(error));
    }
  };
  return (
    <>
      <button type="button" class={main ? "main" : "main second"} disabled={now === "busy"} onClick={run}>
        {label}
      </button>
      {now !== "ready" && now !== "busy" && (
        <p class="suppressed" role="alert">
          {now}
        </p>
      )}
    </>
  );
}

function Picture() {
  const work = async () => {
    const around = caption();
    const blob = await picture(view!.map, around, covered(), state.dark.value);
    keep(blob, fileName([state.release.value!.id, around.title], "png"));
  };
  return (
    <section>
      <h3>{t("save.picture")}</h3>
      <p>{t("save.pictureWhat")}</p>
      <Action label={t("save.png")} work={work} main />
    </section>
  );
}

function Numbers() {
  const [every, setEvery] = useState(false);
  const [inView, setInView] = useState(false);
  const timed = state.keys.value.time !== null;
  const source = sourceOf();
  const work = (format: "csv" | "parquet") => async () => {
    const box = inView ? view!.map.getBounds() : null;
    const file = await source.file(state.release.value!, {
      statistic: state.table.value!,
      class: state.chosenClass.value,
      times: timed && !every ? times() : null,
      box: box && [box.getWest(), box.getSouth(), box.getEast(), box.getNorth()],
      format,
    });
    const when = timed && !every ? state.time.value : null;
    keep(file, fileName([state.release.value!.id, state.table.value, when], format));
  };
  return (
    <section>
      <h3>{t("save.numbers")}</h3>
      <p>{t("save.numbersWhat")}</p>
      {timed && (
        <div class="switch" role="group" aria-label={t("time.name")}>
          {[false, true].map((one) => (
            <button
              type="button"
              key={String(one)}
              aria-pressed={every === one}
              onClick={() => setEvery(one)}
            >
              {t(one ? "save.every" : times().length > 1 ? "save.both" : "save.now")}
            </button>
          ))}
        </div>
      )}
      <label class="lock">
        <input
          type="checkbox"
          checked={inView}
          onChange={(event) => setInView(event.currentTarget.checked)}
        />
        {t("save.inView")}
      </label>
      <div class="row">
        {source.formats.map((format) => (
          <Action key={format} label={format === "csv" ? "CSV" : "Parquet"} work={work(format)} />
        ))}
      </div>
    </section>
  );
}

/** The time that is shown, and the one that it is compared with. */
function times(): string[] {
  const then = compare.other.value;
  const own = then && then.release.id === state.release.value!.id ? then.time : null;
  return [state.time.value, own].filter((time): time is string => time !== null);
}

function Text({ title, text, about }: { title: string; text: string; about: string }) {
  const box = useRef<HTMLPreElement>(null);
  const [said, setSaid] = useState("");
  return (
    <section>
      <h3>{title}</h3>
      <p>{about}</p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by the keyboard */}
      <pre class="text" ref={box} tabIndex={0}>
        {text}
      </pre>
      <button
        type="button"
        class="main second"
        onClick={async () => setSaid(t((await copy(text, box.current)) ? "save.copied" : "save.select"))}
      >
        {t("save.copy")}
      </button>{" "}
      <span class="note" aria-live="polite">
        {said}
      </span>
    </section>
  );
}

function seen(): Seen {
  const keys = state.keys.value;
  const other = compare.other.value;
  return {
    release: state.release.value!.id,
    table: state.table.value!,
    timeKey: keys.time,
    time: keys.time ? state.time.value : null,
    timezone: state.release.value!.manifest.period.timezone,
    class: keys.class ? state.chosenClass.value : null,
    place: state.level.value ? null : state.place.value,
    placeKey: keys.place,
    otherKey: keys.other,
    other: other && { release: other.release.id, time: other.time },
  };
}
