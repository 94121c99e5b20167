import type { TFunction } from "i18next";
import { dateTime } from "../ui/format";

type Detail = Record<string, unknown> | null | undefined;

/** An address as people read it: without protocol and marks, and of our own site only the path. */
export function shortAddress(address: string): string {
  const url = URL.canParse(address) ? new URL(address) : null;
  if (!url) return address;
  const own = url.host === window.location.host;
  const path = url.pathname === "/" && !own ? "" : url.pathname;
  return `${own ? "" : url.host}${path}`;
}

/** A sentence of the server with its addresses shortened. */
export function readable(title: string): string {
  return title.replace(/https?:\/\/[^\s”]+/g, shortAddress);
}

const text = (value: unknown) => (typeof value === "string" && value ? value : undefined);

/** What is worth a second line below a moment, by its kind; the rest stays in the API. */
export function momentDetail(kind: string, detail: Detail, t: TFunction): string | undefined {
  const about = detail ?? {};
  const utm = (about.utm ?? {}) as { source?: string; medium?: string };
  const source =
    text(utm.source) &&
    t("contacts:moment.from", { source: [utm.source, utm.medium].filter(Boolean).join(" · ") });
  const parts: (string | undefined)[] = [];
  switch (kind) {
    case "page_hit":
      parts.push(text(about.url) && shortAddress(about.url as string), source);
      break;
    case "form_submitted":
      parts.push(source);
      break;
    case "campaign_step":
      parts.push(
        text(about.campaign),
        text(about.path) && t("contacts:moment.path", { path: t(`campaigns:path.${about.path}`) }),
        text(about.text),
      );
      break;
    case "utm_recorded":
      parts.push(text(about.url) && shortAddress(about.url as string));
      break;
    case "message_held":
      if (text(about.until))
        parts.push(t("contacts:moment.until", { when: dateTime(about.until as string) }));
      break;
    case "points_changed":
      if (typeof about.points === "number") parts.push(t("contacts:moment.points", { count: about.points }));
      break;
    case "machine_opened":
    case "machine_clicked":
      if (Array.isArray(about.reasons)) parts.push(about.reasons.join(", "));
      break;
    case "email_failed":
    case "do_not_contact_changed":
    case "segment_joined":
    case "segment_left":
      parts.push(text(about.reason), text(about.comments));
      break;
    default:
  }
  return parts.filter(Boolean).join(" · ") || undefined;
}
