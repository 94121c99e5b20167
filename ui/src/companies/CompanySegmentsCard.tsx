import { Badge, Group } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { $api } from "../api/client";
import { PathLink } from "../ui/links";
import { Card } from "../ui/parts";

/** The segments that a company belongs to; nothing while it belongs to none. */
export function CompanySegmentsCard({ id }: { id: number }) {
  const { t } = useTranslation("companies");
  const { data } = $api.useQuery("get", "/companies/{id}/segments", { params: { path: { id } } });
  if (!data?.length) return null;
  return (
    <Card title={t("segments.card")}>
      <Group gap="xs">
        {data.map((segment) => (
          <Group key={segment.id} gap={4}>
            <PathLink path={`/companies/segments/${segment.id}`} size="sm">
              {segment.name}
            </PathLink>
            {segment.by_hand && (
              <Badge className="hg-badge" variant="default">
                {t("segments.byHand")}
              </Badge>
            )}
          </Group>
        ))}
      </Group>
    </Card>
  );
}
