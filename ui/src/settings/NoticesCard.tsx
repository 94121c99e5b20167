import { Switch } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { $api, http, refresh, take } from "../api/client";
import { Card } from "../ui/parts";
import { attempt } from "../ui/toasts";

/** Whether notices come by mail too. */
export function NoticesCard() {
  const { t } = useTranslation("settings");
  const { data } = $api.useQuery("get", "/me/notices/settings");
  const set = (by_mail: boolean) =>
    attempt(async () => {
      await take(http.PUT("/me/notices/settings", { body: { by_mail } }));
      await refresh("/me/notices/settings");
    });
  return (
    <Card title={t("me.notices")}>
      <Switch
        label={t("me.noticesByMail")}
        description={t("me.noticesText")}
        checked={data?.by_mail ?? false}
        disabled={!data}
        onChange={(event) => set(event.currentTarget.checked)}
      />
    </Card>
  );
}
