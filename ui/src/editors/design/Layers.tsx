import { UnstyledButton } from "@mantine/core";
import type { Component } from "grapesjs";
import { useTranslation } from "react-i18next";
import { bodyOf, type Engine } from "./engine";

type Props = { engine: Engine; selected: Component | undefined };

/** The email as a list of its elements: the same as the canvas, for keyboard and screen reader. */
export function Layers({ engine, selected }: Props) {
  const body = bodyOf(engine.editor);
  return body ? <Branch engine={engine} selected={selected} components={[body]} depth={0} /> : null;
}

function Branch(props: Props & { components: Component[]; depth: number }) {
  const { t } = useTranslation("design");
  const { engine, selected, components, depth } = props;
  const shown = components.filter((one) => /^(mj-|hg-kept)/.test(String(one.get("tagName"))));
  if (!shown.length) return null;
  return (
    <ul className="hg-design-layers" aria-label={depth ? undefined : t("tab.layers")}>
      {shown.map((one) => {
        const tag = String(one.get("tagName"));
        const words = one.getEl()?.textContent?.replace(/\s+/g, " ").trim();
        const leaf = /^mj-(text|button|navbar-link)$/.test(tag);
        return (
          <li key={one.cid}>
            <UnstyledButton
              className="hg-design-layer"
              data-selected={one === selected || undefined}
              aria-pressed={one === selected}
              style={{ paddingLeft: 8 + depth * 14 }}
              onClick={() => engine.editor.select(one, { scroll: true })}
            >
              {t(`kind.${tag}`, { defaultValue: tag })}
              {leaf && words && <span className="hg-design-words"> {words.slice(0, 40)}</span>}
            </UnstyledButton>
            {!leaf && <Branch {...props} components={[...one.components().models]} depth={depth + 1} />}
          </li>
        );
      })}
    </ul>
  );
}
