import { lazy, Suspense } from "react";
import { useTranslation } from "react-i18next";
import { $api } from "../api/client";
import { Card } from "../ui/parts";
import { Waiting } from "../ui/states";

const EngagementChart = lazy(() => import("./EngagementChart"));

/** How much happened to a contact in the last months; nothing for whom nothing did. */
export function EngagementCard({ id }: { id: number }) {
  const { t } = useTranslation("contacts");
  const { data } = $api.useQuery("get", "/contacts/{id}/engagement", { params: { path: { id } } });
  if (!data?.some((month) => month.events || month.points)) return null;
  return (
    <Card title={t("engagement.title")}>
      <Suspense fallback={<Waiting />}>
        <EngagementChart months={data} />
      </Suspense>
    </Card>
  );
}
