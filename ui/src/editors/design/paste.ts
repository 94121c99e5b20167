// Words that come from elsewhere (Word, a web page, another mail) keep what they mean and lose how they looked there: a text
// element takes its looks from the email.

/** What stays, and what it is called then. */
const KEPT: Record<string, string> = {
  P: "p",
  DIV: "p",
  H1: "p",
  H2: "p",
  H3: "p",
  H4: "p",
  H5: "p",
  H6: "p",
  BLOCKQUOTE: "p",
  TR: "p",
  BR: "br",
  B: "b",
  STRONG: "b",
  I: "i",
  EM: "i",
  U: "u",
  S: "s",
  STRIKE: "s",
  DEL: "s",
  SUB: "sub",
  SUP: "sup",
  UL: "ul",
  OL: "ol",
  LI: "li",
  A: "a",
};

/** These go with everything in them. */
const GONE = new Set([
  "STYLE",
  "SCRIPT",
  "META",
  "LINK",
  "TITLE",
  "XML",
  "HEAD",
  "TEMPLATE",
  "IFRAME",
  "OBJECT",
  "SVG",
]);
const BLOCKS = "p,ul,ol,li";
const LINK = /^(https?:|mailto:|tel:|\{)/i;
/** How Word says that a paragraph is drawn as an item of a list; its bullet or number is drawn too. */
const ITEM = /mso-list:(?!\s*(none|ignore))/i;
const DRAWN = /mso-list:\s*ignore/i;
const NUMBER = /^\(?([0-9]+|[a-z]|[ivxlc]+)[.)]/i;

/** HTML from the clipboard as it goes into a text element: words, emphasis, links and lists. */
export function pasted(html: string): string {
  const from = new DOMParser().parseFromString(part(html), "text/html");
  const into = document.implementation.createHTMLDocument("").body;
  take(from.body, into);
  for (const one of [...into.querySelectorAll("p,li,b,i,u,s,a,sub,sup")].reverse())
    if (!one.textContent?.trim() && !one.querySelector("br")) one.replaceWith(one.textContent ? " " : "");
  return into.innerHTML.replace(/\s+/g, " ").trim();
}

/** The part that was copied; the clipboard of Windows says where it begins and ends. */
function part(html: string): string {
  const start = html.indexOf("<!--StartFragment-->");
  const end = html.indexOf("<!--EndFragment-->");
  return start >= 0 && end > start ? html.slice(start, end) : html;
}

function take(from: Node, into: Element) {
  for (const node of from.childNodes) {
    if (node.nodeType === 3) into.append((node.textContent ?? "").replace(/[\s\u00a0]+/g, " "));
    if (node.nodeType === 1) takeElement(node as Element, into);
  }
}

function takeElement(one: Element, into: Element) {
  const tag = one.tagName.toUpperCase();
  const style = one.getAttribute("style") ?? "";
  if (GONE.has(tag) || DRAWN.test(style) || /display:\s*none/i.test(style)) return;
  const href = one.getAttribute("href")?.trim() ?? "";
  const name = KEPT[tag];
  const plainWeight = (tag === "B" || tag === "STRONG") && /font-weight:\s*(normal|400)/i.test(style);
  if (!name || plainWeight || (name === "a" && !LINK.test(href))) {
    take(one, into);
    if (tag === "TD" || tag === "TH") into.append(" ");
    return;
  }
  if (name === "p" && ITEM.test(style)) return takeItem(one, into);
  // Boxes around paragraphs are no paragraphs themselves.
  if (name === "p" && (into.closest("p,li") || one.querySelector("p,div,ul,ol,table,h1,h2,h3,h4,h5,h6"))) {
    take(one, into);
    return;
  }
  const made = into.ownerDocument.createElement(name);
  if (name === "a") made.setAttribute("href", href);
  into.append(made);
  take(one, made);
}

/** A paragraph that Word draws as an item becomes one. */
function takeItem(one: Element, into: Element) {
  const drawn = [...one.querySelectorAll("[style]")].find((el) => DRAWN.test(el.getAttribute("style") ?? ""));
  const kind = NUMBER.test(drawn?.textContent?.trim() ?? "") ? "ol" : "ul";
  let list = into.lastElementChild;
  if (list?.tagName.toLowerCase() !== kind) {
    list = into.ownerDocument.createElement(kind);
    into.append(list);
  }
  const item = into.ownerDocument.createElement("li");
  list.append(item);
  take(one, item);
}

/** Has what is pasted into a text of the canvas cleaned; a label, which is no text, takes the words alone. */
export function cleanPastes(frame: Document) {
  frame.addEventListener(
    "paste",
    (event) => {
      const place = event.target as Element | null;
      const html = event.clipboardData?.getData("text/html");
      if (!html || !place?.closest?.("[contenteditable=true]")) return;
      event.preventDefault();
      event.stopPropagation();
      frame.execCommand("insertHTML", false, place.closest("a") ? words(pasted(html)) : pasted(html));
    },
    true,
  );
}

function words(html: string): string {
  const body = new DOMParser().parseFromString(html, "text/html").body;
  for (const block of body.querySelectorAll(BLOCKS)) block.append(" ");
  const plain = document.createElement("span");
  plain.textContent = (body.textContent ?? "").replace(/\s+/g, " ").trim();
  return plain.innerHTML;
}
