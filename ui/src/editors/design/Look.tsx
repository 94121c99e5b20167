import { Button, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { $api } from "../../api/client";
import { FONTS } from "../../ui/fonts";
import type { Engine } from "./engine";
import type { Field } from "./kinds";
import { One } from "./Settings";
import { lookOf, withLook } from "./source";

type Look = { tag: string; name: string; field: Field };

const LOOKS: Look[] = [
  { tag: "mj-all", name: "font", field: { attribute: "font-family", as: "choice", options: FONTS } },
  { tag: "mj-text", name: "text", field: { attribute: "color", as: "color" } },
  { tag: "mj-text", name: "textSize", field: { attribute: "font-size", as: "size" } },
  { tag: "mj-button", name: "button", field: { attribute: "background-color", as: "color" } },
  { tag: "mj-button", name: "buttonText", field: { attribute: "color", as: "color" } },
  { tag: "mj-button", name: "corners", field: { attribute: "border-radius", as: "size" } },
];

type Props = { head: string; source: string; onChange: (source: string) => void; engine: Engine };

/** What all texts and buttons share, unless one of them says otherwise. */
export function Look({ head, source, onChange, engine }: Props) {
  const { t } = useTranslation("design");
  const brand = $api.useQuery("get", "/settings/brand").data;
  const asTheBrand = () => {
    if (!brand) return;
    engine.flush();
    const set: [string, string, string][] = [
      ["mj-all", "font-family", brand.font],
      ["mj-text", "color", brand.text],
      ["mj-button", "background-color", brand.primary],
      ["mj-button", "border-radius", `${brand.radius}px`],
    ];
    onChange(set.reduce((text, [tag, attribute, value]) => withLook(text, tag, attribute, value), source));
  };
  return (
    <Stack gap="sm">
      <Text size="xs" c="dimmed">
        {t("lookHint")}
      </Text>
      <Button variant="default" size="xs" disabled={!brand} onClick={asTheBrand}>
        {t("asTheBrand")}
      </Button>
      {LOOKS.map(({ tag, name, field }) => (
        <One
          key={name}
          field={field}
          label={t(`look.${name}`)}
          value={lookOf(head, tag, field.attribute)}
          onChange={(value) => {
            engine.flush();
            onChange(withLook(source, tag, field.attribute, value));
          }}
        />
      ))}
    </Stack>
  );
}
