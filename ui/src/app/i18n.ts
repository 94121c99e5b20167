import i18n from "i18next";
import { initReactI18next } from "react-i18next";

const files = import.meta.glob<Record<string, unknown>>("../i18n/en/*.json", {
  eager: true,
  import: "default",
});

/** Every namespace of the language: the file name is the namespace. */
export const english = Object.fromEntries(
  Object.entries(files).map(([path, texts]) => [path.replace(/^.*\/|\.json$/g, ""), texts]),
);

i18n.use(initReactI18next).init({
  lng: "en",
  fallbackLng: "en",
  ns: Object.keys(english),
  defaultNS: "common",
  resources: { en: english },
  interpolation: { escapeValue: false },
  returnNull: false,
});

export default i18n;
