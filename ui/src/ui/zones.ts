let zones: string[] | undefined;

/** Every time zone that the browser knows, UTC first. */
export function timezones(): string[] {
  zones ??= ["UTC", ...Intl.supportedValuesOf("timeZone").filter((zone) => zone !== "UTC")];
  return zones;
}

const LOCALES = ["en", "en_GB", "cs_CZ", "de", "es", "fr", "it", "ja", "nl", "pl", "pt_BR", "sv"];

/** Languages by their own English names. */
export function locales(): { value: string; label: string }[] {
  const names = new Intl.DisplayNames("en", { type: "language" });
  return LOCALES.map((value) => ({ value, label: names.of(value.replace("_", "-")) ?? value }));
}

/** The same with the one that is chosen now, should it be another. */
export function localesWith(current: string) {
  const known = locales();
  return known.some((one) => one.value === current) ? known : [{ value: current, label: current }, ...known];
}
