import type { Option } from "../api/types";

/** One option per line; `value = Label` sets both, a plain line is value and label at once. */
export function parseOptions(text: string): Option[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter(Boolean)
    .map((line) => {
      const at = line.indexOf("=");
      if (at < 0) return { value: line, label: line };
      const value = line.slice(0, at).trim();
      return { value, label: line.slice(at + 1).trim() || value };
    });
}

export function printOptions(options: Option[]): string {
  return options.map(({ value, label }) => (value === label ? value : `${value} = ${label}`)).join("\n");
}
