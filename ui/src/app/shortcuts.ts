import { useEffect } from "react";
import { PLACES } from "./main-nav";

/** True while somebody types: then no shortcut may take the key. */
export function isTyping(target: EventTarget | null): boolean {
  const element = target as HTMLElement | null;
  return Boolean(
    element?.closest?.("input,textarea,select,[contenteditable=true],[role=textbox],[role=dialog]"),
  );
}

export type ShortcutActions = {
  go: (path: string) => void;
  sheet: () => void;
};

/**
 * Single keys: `g` and a letter to go somewhere, `?` for the sheet, `/` for the search box,
 * `c` and `e` press the primary action or the edit link of the screen.
 */
export function useShortcuts({ go, sheet }: ShortcutActions) {
  useEffect(() => {
    let pending = 0;
    const press = (selector: string) => (document.querySelector(selector) as HTMLElement | null)?.click();
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      if (pending && Date.now() - pending < 1200) {
        pending = 0;
        const place = PLACES.find((p) => p.keys === event.key);
        if (place) {
          event.preventDefault();
          go(place.path);
        }
        return;
      }
      if (event.key === "g") pending = Date.now();
      else if (event.key === "?") sheet();
      else if (event.key === "/") {
        const box = document.getElementById("list-search");
        if (box) {
          event.preventDefault();
          box.focus();
        }
      } else if (event.key === "c") press("[data-shortcut=create]");
      else if (event.key === "e") press("[data-shortcut=edit]");
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [go, sheet]);
}
