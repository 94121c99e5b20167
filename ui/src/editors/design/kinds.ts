import { FONTS } from "../../ui/fonts";

/** How a setting of an element is edited. */
export type Field = {
  attribute: string;
  as: "text" | "link" | "image" | "color" | "size" | "choice";
  options?: string[];
};

const color = (attribute: string): Field => ({ attribute, as: "color" });
const size = (attribute: string): Field => ({ attribute, as: "size" });
const text = (attribute: string): Field => ({ attribute, as: "text" });
const choice = (attribute: string, options: string[]): Field => ({ attribute, as: "choice", options });
const align = choice("align", ["left", "center", "right"]);

const font: Field = { attribute: "font-family", as: "choice", options: FONTS };

/** What can be set on each element. */
export const SETTINGS: Record<string, Field[]> = {
  "mj-body": [color("background-color"), size("width")],
  "mj-wrapper": [color("background-color"), size("padding"), size("border-radius")],
  "mj-section": [
    color("background-color"),
    { attribute: "background-url", as: "image" },
    size("padding"),
    size("border-radius"),
    choice("full-width", ["full-width"]),
  ],
  "mj-group": [color("background-color"), size("width")],
  "mj-column": [
    size("width"),
    color("background-color"),
    size("padding"),
    size("border-radius"),
    choice("vertical-align", ["top", "middle", "bottom"]),
  ],
  "mj-text": [color("color"), size("font-size"), size("line-height"), font, align, size("padding")],
  "mj-button": [
    { attribute: "href", as: "link" },
    color("background-color"),
    color("color"),
    size("font-size"),
    size("border-radius"),
    align,
    size("inner-padding"),
    size("padding"),
    size("width"),
  ],
  "mj-image": [
    { attribute: "src", as: "image" },
    text("alt"),
    { attribute: "href", as: "link" },
    size("width"),
    align,
    size("border-radius"),
    size("padding"),
  ],
  "mj-divider": [color("border-color"), size("border-width"), size("width"), size("padding")],
  "mj-spacer": [size("height")],
  "mj-hero": [
    { attribute: "background-url", as: "image" },
    color("background-color"),
    size("height"),
    size("padding"),
    choice("vertical-align", ["top", "middle", "bottom"]),
  ],
  "mj-navbar": [align],
  "mj-navbar-link": [{ attribute: "href", as: "link" }, color("color"), size("font-size"), size("padding")],
};

/** Elements whose words are edited as text. */
export const WORDED = ["mj-text", "mj-button", "mj-navbar-link"];

/** Shown where an image is still to be chosen; no reader would see it. */
export const NO_IMAGE = `data:image/svg+xml,${encodeURIComponent(
  "<svg xmlns='http://www.w3.org/2000/svg' width='600' height='240'><rect width='600' height='240' fill='#e4e6ee'/><path d='M230 165l50-60 36 42 22-24 32 42z' fill='#9aa0b4'/><circle cx='350' cy='92' r='14' fill='#9aa0b4'/></svg>",
)}`;

const column = (inner: string) => `<mj-column>${inner}</mj-column>`;
const words = "<mj-text>Write here what it is about.</mj-text>";

/** What the palette offers. `in`: where it goes; a section stands below another, content stands in a column. */
export const BLOCKS: { key: string; in: "body" | "column"; source: string }[] = [
  { key: "text", in: "column", source: words },
  {
    key: "heading",
    in: "column",
    source: '<mj-text font-size="24px" font-weight="700" line-height="1.3">A heading</mj-text>',
  },
  { key: "button", in: "column", source: '<mj-button href="https://">What to do next</mj-button>' },
  { key: "image", in: "column", source: `<mj-image src="${NO_IMAGE}" alt=""></mj-image>` },
  {
    key: "divider",
    in: "column",
    source: '<mj-divider border-width="1px" border-color="#d5d8e2"></mj-divider>',
  },
  { key: "spacer", in: "column", source: '<mj-spacer height="24px"></mj-spacer>' },
  {
    key: "unsubscribe",
    in: "column",
    source: '<mj-text font-size="12px" color="#5c6172" align="center">{unsubscribe_text}</mj-text>',
  },
  { key: "one", in: "body", source: `<mj-section>${column(words)}</mj-section>` },
  { key: "two", in: "body", source: `<mj-section>${column(words)}${column(words)}</mj-section>` },
  {
    key: "three",
    in: "body",
    source: `<mj-section>${column(words)}${column(words)}${column(words)}</mj-section>`,
  },
  {
    key: "picture",
    in: "body",
    source: `<mj-section>${column(`<mj-image src="${NO_IMAGE}" alt="" padding="0 12px"></mj-image>`)}${column(
      `${words}<mj-button href="https://" align="left">Read more</mj-button>`,
    )}</mj-section>`,
  },
];
