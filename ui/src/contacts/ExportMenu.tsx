import { Button, Menu } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { http, refresh, take } from "../api/client";
import type { ContactSelect } from "../api/types";
import { ButtonLink } from "../ui/links";
import { attempt, said } from "../ui/toasts";

type Props = { select: ContactSelect; columns: string[]; compact?: boolean };

const FORMATS = ["csv", "xlsx", "jsonl"] as const;

/** A file of the contacts that are shown or selected, made in the background. */
export function ExportMenu({ select, columns, compact }: Props) {
  const { t } = useTranslation("contacts");
  const run = (format: (typeof FORMATS)[number], only: string[]) =>
    attempt(async () => {
      await take(http.POST("/exports", { body: { select, columns: only, format } }));
      said(t("exportMenu.started"));
      await refresh("/exports", "/tasks");
    });
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <Button
          variant="default"
          size={compact ? "xs" : undefined}
          leftSection={<IconDownload size={compact ? 15 : 16} aria-hidden />}
        >
          {t("export")}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        {FORMATS.map((format) => (
          <Menu.Item key={format} onClick={() => run(format, [])}>
            {t(`exportMenu.${format}`)}
          </Menu.Item>
        ))}
        <Menu.Item onClick={() => run("csv", ["id", "firstname", "lastname", "email", ...columns])}>
          {t("exportMenu.columns")}
        </Menu.Item>
        <Menu.Divider />
        <ButtonLink to="/exports" variant="subtle" size="xs" fullWidth>
          {t("exportMenu.all")}
        </ButtonLink>
      </Menu.Dropdown>
    </Menu>
  );
}
