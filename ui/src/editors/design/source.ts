/** An MJML document as the design editor sees it: the body is designed, everything around it stays as it was written. */
export type Parts = { before: string; body: string; after: string; head: string };

/** Elements that are kept as they were written: they are shown as a box and come back letter by letter. */
const KEPT = "mj-(?:raw|table|accordion|carousel|social)|hg-block";
const ATTRIBUTES = `(?:\\s+[^\\s"'>/=]+(?:\\s*=\\s*(?:"[^"]*"|'[^']*'))?)*`;
const kept = new RegExp(`<(${KEPT})(${ATTRIBUTES})\\s*(?:/>|>[\\s\\S]*?</\\1\\s*>)`, "gi");
const closed = new RegExp(`<(mj-[a-z-]+)(${ATTRIBUTES})\\s*/>`, "gi");

/** Void elements of MJML get an end, for the browser reads them as HTML. */
const opened = (text: string) => text.replace(closed, "<$1$2></$1>");

/** The document in its parts; null when it has no body to design. */
export function split(source: string): Parts | null {
  const text = source.replace(/<mj-body([^>]*)\/>/i, "<mj-body$1></mj-body>");
  const start = text.search(/<mj-body[\s>]/i);
  const end = text.toLowerCase().lastIndexOf("</mj-body>");
  if (start < 0 || end < start) return null;
  const stop = end + "</mj-body>".length;
  const before = text.slice(0, start);
  const head = /<mj-head[\s>][\s\S]*<\/mj-head>/i.exec(before)?.[0] ?? "";
  return { before, body: text.slice(start, stop), after: text.slice(stop), head };
}

/** A piece as the editor reads it: what the canvas does not draw is a box. */
export function boxed(piece: string): string {
  const box = (whole: string, name: string) =>
    `<hg-kept data-name="${name}" data-source="${encodeURIComponent(whole)}"></hg-kept>`;
  return opened(piece.replace(kept, box));
}

/** The body as the editor reads it. */
export const readable = (body: string) => `<mjml>${boxed(body)}</mjml>`;

const LINKED = /^\s*<hg-block\b([^>]*)>([\s\S]*)<\/hg-block>\s*$/i;

/** The saved block that a box is linked to: its name, and what is in it. */
export function linkedBlock(source: string): { name: string; inner: string } | null {
  const found = LINKED.exec(source);
  if (!found) return null;
  const name = /\sname="([^"]*)"/i.exec(found[1]!)?.[1] ?? "";
  const text = new DOMParser().parseFromString(name, "text/html").documentElement.textContent ?? "";
  return { name: text, inner: found[2]! };
}

/** The document with another body. */
export function join(parts: Parts, written: string): string {
  const start = written.search(/<mj-body[\s>]/i);
  const end = written.toLowerCase().lastIndexOf("</mj-body>");
  const body = start < 0 || end < start ? parts.body : written.slice(start, end + "</mj-body>".length);
  return parts.before + indented(body) + parts.after;
}

const LINE =
  /(<\/?(?:mj-(?:body|wrapper|section|group|column|hero|navbar)|mjml)\b[^>]*>|<(mj-(?:text|button|image|divider|spacer|navbar-link))\b[\s\S]*?<\/\2>)/gi;

/** One element a line, children further in: what a designer made stays readable in code mode. */
function indented(body: string): string {
  let depth = 1;
  return body
    .replace(LINE, "\n$1\n")
    .split("\n")
    .map((line) => line.trimEnd())
    .filter((line) => line.trim())
    .map((line) => {
      const text = /^\s*<\/?mj-/.test(line) ? line.trim() : line;
      if (/^<\/mj-/.test(text)) depth -= 1;
      const out = /^<\/?mj-/.test(text) ? "  ".repeat(Math.max(0, depth)) + text : text;
      if (/^<mj-/.test(text) && !/<\/mj-[a-z-]+>\s*$/.test(text) && !/\/>\s*$/.test(text)) depth += 1;
      return out;
    })
    .join("\n")
    .trimStart();
}

/** An attribute's value as it stands in MJML. */
export const quoted = (value: string) =>
  value
    .replace(/&(?!(?:#\d+|#x[\da-f]+|[a-z]+\d*);)/gi, "&amp;")
    .replace(/"/g, "&quot;")
    .replace(/</g, "&lt;");

/** What `mj-attributes` says for an element: the look that all elements of a kind share. */
export function lookOf(head: string, tag: string, attribute: string): string {
  const element = new RegExp(`<${tag}\\b(${ATTRIBUTES})\\s*/?>`, "i").exec(head)?.[1] ?? "";
  return new RegExp(`\\s${attribute}\\s*=\\s*["']([^"']*)["']`, "i").exec(element)?.[1] ?? "";
}

/** The document with a look set; what is missing in the head is added. */
export function withLook(source: string, tag: string, attribute: string, value: string): string {
  const pair = ` ${attribute}="${quoted(value)}"`;
  let text = source;
  if (!/<mj-head[\s>]/i.test(text)) {
    text = text.replace(/<mj-body[\s>]/i, (body) => `<mj-head>\n  </mj-head>\n  ${body}`);
  }
  if (!/<mj-attributes[\s>]/i.test(text)) {
    text = text.replace(/<mj-head[^>]*>/i, (head) => `${head}\n    <mj-attributes>\n    </mj-attributes>`);
  }
  const within = /(<mj-attributes[^>]*>)([\s\S]*?)(<\/mj-attributes>)/i;
  return text.replace(within, (_, open: string, inner: string, close: string) => {
    const element = new RegExp(`<${tag}\\b(${ATTRIBUTES})(\\s*/?>)`, "i");
    if (!element.test(inner)) return `${open}\n      <${tag}${pair} />${inner}${close}`;
    const changed = inner.replace(element, (_whole, attributes: string, end: string) => {
      const one = new RegExp(`\\s+${attribute}\\s*=\\s*(?:"[^"]*"|'[^']*')`, "i");
      return `<${tag}${attributes.replace(one, "")}${pair}${end}`;
    });
    return `${open}${changed}${close}`;
  });
}
