// Words in the reader's language, numbers and times as that language writes them.

import { signal } from "@preact/signals";
import { de } from "./de";
import { en, type Messages } from "./en";

export const LANGUAGES: Record<string, Messages> = { en, de };

export const language = signal(preferred());

function preferred(): string {
  const asked = new URLSearchParams(location.search).get("lang");
  const wanted = [asked, ...navigator.languages].map((one) => one?.slice(0, 2) ?? "");
  return wanted.find((one) => one in LANGUAGES) ?? "en";
}

/** The message, with {names} filled in. A key that does not exist is itself, which tests look for. */
export function t(key: keyof Messages, values: Record<string, string | number> = {}): string {
  const text = LANGUAGES[language.value]?.[key] ?? en[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}

/** What the records are, "points" or "trips": some statistics count other things of the one than of the other. */
export const records = signal("points");

/** A message for what the server names, such as a statistic; `otherwise` where we have no word for it. */
export function named(prefix: string, name: string, suffix = "", otherwise = name): string {
  const plain = `${prefix}.${name}${suffix}`;
  const key = `${plain}.${records.value}` in en ? `${plain}.${records.value}` : plain;
  return key in en ? t(key as keyof Messages) : otherwise;
}

export function number(value: number): string {
  const digits = Math.abs(value) >= 10 || Number.isInteger(value) ? 0 : 1;
  const text = new Intl.NumberFormat(language.value, { maximumFractionDigits: digits }).format(value);
  return text === "-0" ? "0" : text;
}

/** "Sunday 1 November – Monday 30 November 2015". Ends are exclusive in a plan; people name the last day. */
export function days({ start, end }: { start: string; end: string }): string {
  const last = new Date(Date.parse(`${end}T00:00:00Z`) - 86_400_000).toISOString().slice(0, 10);
  if (start === last) return when(last, "dated");
  return `${when(start, start.slice(0, 4) === last.slice(0, 4) ? "long" : "dated")} – ${when(last, "dated")}`;
}

/** A difference, with its sign. */
export function signed(value: number): string {
  const digits = Math.abs(value) >= 10 || Number.isInteger(value) ? 0 : 1;
  return new Intl.NumberFormat(language.value, {
    maximumFractionDigits: digits,
    signDisplay: "exceptZero",
  })
    .format(value)
    .replace("-", "\u2212");
}

/** A time key in words: "Mon 2 March, 08:00". Keys have no offset, so they are written as if in UTC. */
export function when(time: string, style: "long" | "dated" | "short" | "weekday" = "long"): string {
  const date = /^\d{4}-\d\d-\d\d/.test(time);
  if (!date) return named("time.word", time);
  const hours = time.length > 10;
  const options: Intl.DateTimeFormatOptions =
    style === "short"
      ? { weekday: "short", day: "numeric" }
      : style === "weekday"
        ? { weekday: "short" }
        : {
            weekday: "long",
            day: "numeric",
            month: "long",
            ...(hours ? { hour: "2-digit", minute: "2-digit" } : {}),
          };
  if (style === "dated") return `${when(time)} ${time.slice(0, 4)}`;
  const instant = new Date(hours ? `${time.slice(0, 19)}Z` : `${time}T00:00:00Z`);
  return new Intl.DateTimeFormat(language.value === "en" ? "en-GB" : language.value, {
    timeZone: "UTC",
    ...options,
  }).format(instant);
}
