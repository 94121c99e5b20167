import { Button, FileButton } from "@mantine/core";
import { IconUpload } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { http, refresh, take } from "../api/client";
import { attempt, said } from "../ui/toasts";

/** Makes a draft of a campaign's file. */
export function ImportButton() {
  const { t } = useTranslation("campaigns");
  const navigate = useNavigate();
  const bring = (chosen: File | null) =>
    chosen &&
    attempt(async () => {
      const file = readable(await chosen.text());
      const made = await take(http.POST("/campaigns/import", { body: { file } }));
      await refresh("/campaigns");
      said([t("imported", { name: made.campaign.name }), ...made.missing].join(" "));
      await navigate({ to: "/campaigns/$id", params: { id: String(made.campaign.id) } });
    });
  return (
    <FileButton accept="application/json,.json" onChange={bring}>
      {(props) => (
        <Button variant="default" leftSection={<IconUpload size={16} aria-hidden />} {...props}>
          {t("import")}
        </Button>
      )}
    </FileButton>
  );
}

/** What is no JSON goes to the server as an empty file, which says what a file must be. */
function readable(text: string): Record<string, never> {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
