import { Button, Menu } from "@mantine/core";
import { IconBraces } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { useFields } from "../contacts/use-fields";
import { useThings } from "./pickers";

type Props = { onPick: (token: string) => void; where: "email" | "page"; compact?: boolean };

/** Personal parts of a text: picked from a menu, written as a token. */
export function TokenMenu({ onPick, where, compact }: Props) {
  const { t } = useTranslation();
  const fields = useFields();
  const pages = useThings("pages");
  const forms = useThings("forms", where === "page");
  const fallback: Record<string, string> = { firstname: "friend" };
  const special =
    where === "email"
      ? ([
          ["unsubscribe_url", "{unsubscribe_url}"],
          ["unsubscribe_text", "{unsubscribe_text}"],
          ["webview_url", "{webview_url}"],
          ["subject", "{subject}"],
          ["today", "{today|date}"],
        ] as const)
      : ([
          ["pagetitle", "{pagetitle}"],
          ["today", "{today|date}"],
        ] as const);
  return (
    <Menu position="bottom-end" width={280}>
      <Menu.Target>
        <Button
          variant="default"
          size={compact ? "xs" : "sm"}
          leftSection={<IconBraces size={15} aria-hidden />}
        >
          {t("token.insert")}
        </Button>
      </Menu.Target>
      <Menu.Dropdown mah={380} style={{ overflowY: "auto" }}>
        <Menu.Label c="dimmed">{t("token.contact")}</Menu.Label>
        {fields.map((field) => (
          <Menu.Item
            key={field.alias}
            onClick={() =>
              onPick(
                `{contactfield=${field.alias}${fallback[field.alias] ? `|${fallback[field.alias]}` : ""}}`,
              )
            }
          >
            {field.label}
          </Menu.Item>
        ))}
        <Menu.Label c="dimmed">{t("token.message")}</Menu.Label>
        {special.map(([key, token]) => (
          <Menu.Item key={key} onClick={() => onPick(token)}>
            {t(`token.${key}`)}
          </Menu.Item>
        ))}
        {pages.length > 0 && <Menu.Label c="dimmed">{t("token.pages")}</Menu.Label>}
        {pages.map((page) => (
          <Menu.Item key={page.value} onClick={() => onPick(`{pagelink=${page.value}}`)}>
            {page.label}
          </Menu.Item>
        ))}
        {forms.length > 0 && <Menu.Label c="dimmed">{t("token.forms")}</Menu.Label>}
        {forms.map((form) => (
          <Menu.Item key={form.value} onClick={() => onPick(`{form=${form.value}}`)}>
            {form.label}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
