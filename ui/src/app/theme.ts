import { type CSSVariablesResolver, createTheme, type MantineColorsTuple, Modal, rem } from "@mantine/core";

const indigo: MantineColorsTuple = [
  "#eef1ff",
  "#dfe4ff",
  "#c3cbff",
  "#a3adfd",
  "#8f98fa",
  "#6f74f2",
  "#625fe9",
  "#5a55e0",
  "#4f46e5",
  "#3d34c2",
];

/** A slightly blue night; every text shade keeps its contrast on every surface shade. */
const dark: MantineColorsTuple = [
  "#d5d8e2",
  "#b4b9c8",
  "#9da3b5",
  "#6b7085",
  "#3a3f50",
  "#303443",
  "#252935",
  "#1b1e28",
  "#14161e",
  "#0e1016",
];

/** The head of a dialog is a plain box, not a second banner of the page. */
const plainHeader = { header: { role: "presentation" } };

export const theme = createTheme({
  colors: { indigo, dark },
  primaryColor: "indigo",
  primaryShade: { light: 8, dark: 7 },
  autoContrast: true,
  luminanceThreshold: 0.35,
  fontFamily: "'Inter Variable', system-ui, sans-serif",
  fontFamilyMonospace: "ui-monospace, 'SF Mono', 'JetBrains Mono', Menlo, monospace",
  defaultRadius: "md",
  cursorType: "pointer",
  respectReducedMotion: true,
  headings: {
    fontWeight: "650",
    sizes: {
      h1: { fontSize: rem(26), lineHeight: "1.25" },
      h2: { fontSize: rem(18), lineHeight: "1.35" },
      h3: { fontSize: rem(15), lineHeight: "1.4" },
    },
  },
  components: {
    Button: { defaultProps: { size: "sm" } },
    Modal: {
      ...Modal.extend({
        defaultProps: { transitionProps: { duration: 100 }, radius: "lg", attributes: plainHeader },
      }),
    },
    Drawer: {
      defaultProps: { transitionProps: { duration: 120 }, position: "right", attributes: plainHeader },
    },
    // What Mantine puts in to catch the first focus is no item, and nothing else may stand in a menu.
    Menu: {
      defaultProps: { shadow: "md", transitionProps: { duration: 80 }, withInitialFocusPlaceholder: false },
    },
    Tooltip: { defaultProps: { openDelay: 300, withArrow: true, transitionProps: { duration: 80 } } },
    Badge: { defaultProps: { variant: "light", radius: "sm", tt: "none", fw: 550 } },
    Paper: { defaultProps: { radius: "lg" } },
    Table: { defaultProps: { verticalSpacing: "sm", horizontalSpacing: "md" } },
  },
});

/** Contrast repairs on top of Mantine's variables, so that axe AA holds in both schemes. */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    "--mantine-color-body": "#ffffff",
    "--mantine-color-dimmed": "#4b5162",
    "--mantine-color-placeholder": "#5c6374",
    "--mantine-color-error": "#b3211f",
    "--hg-canvas": "#f6f7fb",
    "--hg-surface": "#ffffff",
    "--hg-line": "#e4e6ee",
    "--hg-soft": "#f1f2f8",
    "--hg-ink": "#1c1f2b",
    "--mantine-color-text": "#1c1f2b",
  },
  dark: {
    "--mantine-color-body": dark[7]!,
    "--mantine-color-dimmed": dark[1]!,
    "--mantine-color-placeholder": dark[2]!,
    "--mantine-color-error": "#ff8787",
    "--hg-canvas": dark[8]!,
    "--hg-surface": dark[7]!,
    "--hg-line": dark[4]!,
    "--hg-soft": dark[6]!,
    "--hg-ink": dark[0]!,
    "--mantine-color-text": dark[0]!,
    "--mantine-color-anchor": "#a3adfd",
  },
});
