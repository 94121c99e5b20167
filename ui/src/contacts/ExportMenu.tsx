import { Button, Menu } from "@mantine/core";
import { IconDownload } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { http, refresh, take } from "../api/client";
import type { ContactSelect } from "../api/types";
import { ButtonLink } from "../ui/links";
import { attempt, said } from "../ui/toasts";

const FORMATS = ["csv", "xlsx", "jsonl"] as const;
type Format = (typeof FORMATS)[number];

type MenuProps = {
  run: (format: Format) => Promise<unknown>;
  compact?: boolean;
  /** More than the formats. */
  children?: (ask: (run: () => Promise<unknown>) => void) => React.ReactNode;
};

/** The formats of a file that is made in the background. */
export function FormatMenu({ run, compact, children }: MenuProps) {
  const { t } = useTranslation("contacts");
  const ask = (start: () => Promise<unknown>) =>
    attempt(async () => {
      await start();
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
          <Menu.Item key={format} onClick={() => ask(() => run(format))}>
            {t(`exportMenu.${format}`)}
          </Menu.Item>
        ))}
        {children?.(ask)}
        <Menu.Divider />
        <ButtonLink to="/exports" variant="subtle" size="xs" fullWidth>
          {t("exportMenu.all")}
        </ButtonLink>
      </Menu.Dropdown>
    </Menu>
  );
}

type Props = { select: ContactSelect; columns: string[]; compact?: boolean };

/** A file of the contacts that are shown or selected. */
export function ExportMenu({ select, columns, compact }: Props) {
  const { t } = useTranslation("contacts");
  const run = (format: Format, only: string[] = []) =>
    take(http.POST("/exports", { body: { select, columns: only, format } }));
  return (
    <FormatMenu run={run} compact={compact}>
      {(ask) => (
        <Menu.Item
          onClick={() => ask(() => run("csv", ["id", "firstname", "lastname", "email", ...columns]))}
        >
          {t("exportMenu.columns")}
        </Menu.Item>
      )}
    </FormatMenu>
  );
}
