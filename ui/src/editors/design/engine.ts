import grapesjs, { type Component, type Editor } from "grapesjs";
import mjml from "grapesjs-mjml";
import { cleanPastes } from "./paste";
import { join, type Parts, quoted, readable, split } from "./source";

type Options = {
  container: HTMLElement;
  title: string;
  /** What the box of an element that stays code says. */
  keptLabel: (name: string, source: string) => string;
  onChange: (source: string) => void;
  onSelect: () => void;
  onSave: () => void;
  undo: () => void;
  redo: () => void;
};

// biome-ignore lint/suspicious/noExplicitAny: the inner objects of the library have no types
type Untyped = any;

const TYPES = [
  "mjml",
  "mj-body",
  "mj-wrapper",
  "mj-section",
  "mj-group",
  "mj-column",
  "mj-text",
  "mj-button",
  "mj-image",
  "mj-divider",
  "mj-spacer",
  "mj-hero",
  "mj-navbar",
  "mj-navbar-link",
];

/** An element as MJML: only what was set, escaped, whatever the library holds as a default. */
function written(model: Untyped): string {
  const tag: string = model.get("tagName");
  const { style: _style, id: _id, ...attributes } = { ...model.get("attributes") } as Record<string, unknown>;
  const pairs = Object.entries(attributes)
    .filter(([, value]) => value !== undefined && value !== null && value !== "")
    .map(([name, value]) => ` ${name}="${quoted(String(value))}"`);
  const inner = model
    .components()
    .map((one: Component) => one.toHTML())
    .join("");
  return `<${tag}${pairs.join("")}>${model.get("content") ?? ""}${inner}</${tag}>`;
}

/** The canvas, made once and told what to show. */
export function startEngine(options: Options) {
  let parts: Parts = { before: "<mjml>", body: "<mj-body></mj-body>", after: "</mjml>", head: "" };
  let known = "";

  const plugin = (mjml as Untyped).default ?? mjml;
  const ours = (editor: Editor, { opt }: Untyped) => {
    // The look of the head counts in the canvas too, and no font is fetched from anybody.
    const compile = opt.mjmlParser;
    opt.mjmlParser = (text: string, settings: object) =>
      compile(text.includes("<mj-head") ? text : text.replace("<mjml>", `<mjml>${parts.head}`), {
        ...settings,
        fonts: {},
        keepComments: false,
      });
    for (const type of TYPES) {
      editor.Components.addType(type, {
        model: {
          defaults: { "style-default": {} } as Untyped,
          toHTML() {
            return written(this);
          },
        } as Untyped,
      });
    }
    editor.Components.addType("hg-kept", {
      isComponent: (el) => el.tagName?.toLowerCase() === "hg-kept",
      model: {
        defaults: { tagName: "hg-kept", droppable: false, editable: false },
        toHTML() {
          return decodeURIComponent((this as Untyped).get("attributes")["data-source"] ?? "");
        },
      } as Untyped,
      view: {
        tagName: "div",
        onRender({ el, model }: Untyped) {
          const { "data-name": name = "", "data-source": kept = "" } = model.get("attributes");
          el.textContent = options.keptLabel(name, decodeURIComponent(kept));
          el.setAttribute(
            "style",
            "padding:14px;margin:6px;border:1px dashed #7a8094;border-radius:8px;background:#f2f3f8;color:#33384a;font:14px sans-serif",
          );
        },
      } as Untyped,
    });
  };

  const editor = grapesjs.init({
    container: options.container,
    height: "100%",
    width: "auto",
    telemetry: false,
    cssIcons: "",
    storageManager: false,
    noticeOnUnload: false,
    panels: { defaults: [] },
    blockManager: { custom: true },
    layerManager: { custom: true },
    styleManager: { custom: true },
    traitManager: { custom: true },
    selectorManager: { custom: true },
    assetManager: { custom: true, embedAsBase64: false },
    modal: { custom: true },
    plugins: [
      (made: Editor) =>
        plugin(made, {
          blocks: [],
          resetStyleManager: false,
          useCustomTheme: false,
          overwriteExport: false,
          customComponents: [ours],
        }),
    ],
  } as Untyped);
  editor.Panels.getPanels().reset([]);
  editor.Devices.add({ id: "phone", name: "Phone", width: "375px" });
  editor.Devices.add({ id: "desktop", name: "Desktop", width: "" });
  // The app keeps the steps back itself, together with everything else of the email.
  editor.UndoManager.stop();
  editor.Commands.add("core:undo", { run: options.undo });
  editor.Commands.add("core:redo", { run: options.redo });

  const source = () => join(parts, editor.getHtml());
  let waiting = 0;
  const changed = () => {
    window.clearTimeout(waiting);
    waiting = window.setTimeout(flush, 250);
  };
  const flush = () => {
    window.clearTimeout(waiting);
    waiting = 0;
    (editor.getEditing() as Untyped)?.trigger("sync:content", { noCount: true });
    const now = source();
    if (now === known) return;
    known = now;
    options.onChange(now);
  };
  /** Tells at once what was changed a moment ago. */
  const settle = () => {
    if (waiting) flush();
  };
  // Whatever is pressed next, a tab or a link, finds the last change told.
  document.addEventListener("pointerdown", settle, true);
  const load = (text: string) => {
    const found = split(text);
    if (!found) return;
    const selected = path(editor.getSelected());
    parts = found;
    editor.setComponents(readable(found.body));
    known = source();
    const again = selected && at(editor, selected);
    if (again) editor.select(again);
    options.onSelect();
  };

  editor.on("component:add component:remove component:update component:input rte:disable", changed);
  editor.on("component:selected component:deselected component:update component:remove component:add", () =>
    options.onSelect(),
  );
  editor.on("canvas:frame:load", ({ window: frame }: { window: Window }) => {
    frame.frameElement?.setAttribute("title", options.title);
    cleanPastes(frame.document);
    frame.document.addEventListener("keydown", (event) => {
      if ((event.ctrlKey || event.metaKey) && event.key === "s") {
        event.preventDefault();
        flush();
        options.onSave();
      }
    });
  });

  return {
    editor,
    load,
    flush,
    /** What the canvas holds, as it was last told to the app or by it. */
    holds: () => known,
    stop: () => {
      settle();
      document.removeEventListener("pointerdown", settle, true);
      editor.destroy();
    },
  };
}

export type Engine = ReturnType<typeof startEngine>;

/** The way from the root to an element. */
function path(component: Component | undefined): number[] | null {
  if (!component) return null;
  const steps: number[] = [];
  for (let one: Component | undefined = component; one?.parent(); one = one.parent())
    steps.unshift(one.index());
  return steps;
}

function at(editor: Editor, steps: number[]): Component | undefined {
  let one: Component | undefined = editor.getWrapper();
  for (const step of steps) one = one?.components().at(step);
  return one;
}

/** The element of a kind that holds this one, itself included. */
function holder(component: Component | undefined, tag: string): Component | undefined {
  for (let one = component; one; one = one.parent()) if (one.get("tagName") === tag) return one;
  return undefined;
}

/** The first element of a kind at or below this one. */
function first(component: Component | undefined, tag: string): Component | undefined {
  if (!component || component.get("tagName") === tag) return component;
  for (const child of component.components().models) {
    const found = first(child, tag);
    if (found) return found;
  }
  return undefined;
}

/** The body of the document. */
export const bodyOf = (editor: Editor): Component | undefined => first(editor.getWrapper(), "mj-body");

/** The element with settings at or around what was clicked: a word inside a text means the text. */
export function element(component: Component | undefined): Component | undefined {
  for (let one = component; one; one = one.parent()) {
    const tag = String(one.get("tagName"));
    if (tag.startsWith("mj-") || tag === "hg-kept") return one;
  }
  return undefined;
}

/** Puts a block behind what is selected, or at the end; what was put is selected. */
export function insert(editor: Editor, block: { in: "body" | "column"; source: string }) {
  const body = bodyOf(editor);
  if (!body) return;
  const selected = element(editor.getSelected());
  const section = holder(selected, "mj-section");
  const put = (into: Component, source: string, place?: number) => {
    const [made] = into.append(source, place === undefined ? {} : { at: place });
    if (made) editor.select(made, { scroll: true });
  };
  if (block.in === "body") {
    const whole = holder(selected, "mj-wrapper") ?? section ?? holder(selected, "mj-hero");
    return put(body, block.source, whole?.parent() === body ? whole.index() + 1 : undefined);
  }
  const column = holder(selected, "mj-column") ?? holder(selected, "mj-hero") ?? first(section, "mj-column");
  if (column) {
    const inside = selected && selected.parent() === column;
    return put(column, block.source, inside ? selected.index() + 1 : undefined);
  }
  body.append(`<mj-section><mj-column>${block.source}</mj-column></mj-section>`);
  const made = body
    .components()
    .at(body.components().length - 1)
    ?.find("mj-column")[0]
    ?.components()
    .at(0);
  if (made) editor.select(made, { scroll: true });
}

/** Moves an element one place among its neighbours. */
export function move(editor: Editor, component: Component, by: 1 | -1) {
  const parent = component.parent();
  if (!parent) return;
  const place = component.index() + by;
  if (place < 0 || place >= parent.components().length) return;
  component.move(parent, { at: by > 0 ? place + 1 : place });
  editor.select(component, { scroll: true });
}
