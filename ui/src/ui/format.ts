import i18n from "../app/i18n";

let zone: string | undefined;
let locale = "en";

/** Dates are shown in the workspace's time zone and locale once the session tells them. */
export function setFormat(timezone: string | undefined, language: string | undefined) {
  zone = timezone || undefined;
  locale = (language || "en").replace("_", "-");
  cache.clear();
}

const cache = new Map<string, Intl.DateTimeFormat>();
function formatter(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = JSON.stringify(options);
  let found = cache.get(key);
  if (!found) {
    try {
      found = new Intl.DateTimeFormat(locale, { timeZone: zone, ...options });
    } catch {
      found = new Intl.DateTimeFormat("en", options);
    }
    cache.set(key, found);
  }
  return found;
}

export function number(value: number | null | undefined): string {
  return value == null ? "–" : new Intl.NumberFormat(locale).format(value);
}

/** A rate with its base in words: `32 %`; the base belongs beside it. */
export function percent(part: number, whole: number): string {
  if (!whole) return "–";
  const value = (100 * part) / whole;
  const digits = value > 0 && value < 10 && value % 1 !== 0 ? 1 : 0;
  return `${value.toFixed(digits)} %`;
}

export function bytes(value: number): string {
  if (value < 1024) return `${value} B`;
  if (value < 1024 * 1024) return `${(value / 1024).toFixed(value < 10_240 ? 1 : 0)} KB`;
  return `${(value / 1024 / 1024).toFixed(1)} MB`;
}

export function dateTime(value: string | null | undefined): string {
  if (!value) return "–";
  return formatter({
    day: "numeric",
    month: "short",
    year: "numeric",
    hour: "numeric",
    minute: "2-digit",
  }).format(new Date(value));
}

export function time(value: string): string {
  return formatter({ hour: "numeric", minute: "2-digit" }).format(new Date(value));
}

/** A calendar date (`2024-03-13`) has no zone: it is printed as it is written. */
export function date(value: string | null | undefined): string {
  if (!value) return "–";
  const calendar = /^\d{4}-\d{2}-\d{2}$/.test(value);
  return formatter({
    day: "numeric",
    month: "short",
    year: "numeric",
    ...(calendar ? { timeZone: "UTC" } : {}),
  }).format(new Date(value));
}

/** Day and month only, for axes. */
export function shortDate(value: string): string {
  return formatter({ day: "numeric", month: "short", timeZone: "UTC" }).format(new Date(value));
}

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

/** `3 hours ago`, `in 2 days`, `just now`; `now` is a parameter so that it can be tested. */
export function ago(value: string | null | undefined, now = Date.now()): string {
  if (!value) return "–";
  const seconds = (new Date(value).getTime() - now) / 1000;
  for (const [unit, size] of STEPS) {
    if (Math.abs(seconds) >= size) {
      return new Intl.RelativeTimeFormat(locale, { numeric: "auto" }).format(
        Math.round(seconds / size),
        unit,
      );
    }
  }
  return i18n.t("common:justNow");
}

/** The day of a timeline entry, for grouping. */
export function day(value: string): string {
  return formatter({ weekday: "long", day: "numeric", month: "long", year: "numeric" }).format(
    new Date(value),
  );
}

/** A subject as somebody would read it of whom nothing is known: tokens give way to their defaults. */
export function spoken(text: string): string {
  return text.replace(/\{contactfield=([\w-]+)(?:\|([^}]*))?\}/g, (_, alias, otherwise) =>
    otherwise === undefined || otherwise === "true" ? `[${alias}]` : otherwise,
  );
}
