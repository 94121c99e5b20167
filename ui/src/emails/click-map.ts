import type { LinkStat } from "../api/types";

/** The number of a counted link in an address of the click map. */
function numberOf(href: string): number | null {
  const found = /\/r\/(\d+)(?:[?#]|$)/.exec(href);
  return found ? Number(found[1]) : null;
}

/** The mail with a count over each of its links, the more the stronger; nothing in it leads anywhere. */
export function withCounts(html: string, links: LinkStat[], label: (people: number) => string): string {
  const page = new DOMParser().parseFromString(html, "text/html");
  const most = Math.max(1, ...links.map((link) => link.people));
  for (const anchor of page.querySelectorAll("a[href], area[href]")) {
    const link = links[numberOf(anchor.getAttribute("href") ?? "") ?? -1];
    anchor.removeAttribute("href");
    anchor.removeAttribute("target");
    if (!link || anchor.tagName === "AREA") continue;
    anchor.setAttribute("title", link.url);
    const badge = page.createElement("span");
    badge.textContent = label(link.people);
    const strength = 35 + Math.round((65 * link.people) / most);
    badge.setAttribute(
      "style",
      [
        "display:inline-block;margin:0 0 0 6px;padding:1px 7px;border-radius:9px;vertical-align:middle",
        "font:600 12px/16px system-ui,sans-serif;text-decoration:none;white-space:nowrap",
        `background:color-mix(in srgb,#4338ca ${strength}%,#e0e7ff);color:${strength > 60 ? "#fff" : "#1e1b4b"}`,
      ].join(";"),
    );
    anchor.append(badge);
  }
  return `<!doctype html>${page.documentElement.outerHTML}`;
}
