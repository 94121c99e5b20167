import { Radio, SimpleGrid, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { $api, http, take } from "../api/client";
import type { EmailTemplate } from "../api/types";
import { spoken } from "../ui/format";
import "./gallery.css";

type Props = { value: string; onChange: (template: EmailTemplate) => void };

/** The templates as small pictures of what readers get. */
export function Gallery({ value, onChange }: Props) {
  const { t } = useTranslation("emails");
  const { data } = $api.useQuery("get", "/emails/templates", {}, { staleTime: 60_000 });
  const pick = (key: string) => {
    const chosen = data?.find((one) => one.key === key);
    if (chosen) onChange(chosen);
  };
  return (
    <Radio.Group label={t("gallery.label")} value={value} onChange={pick}>
      <SimpleGrid cols={{ base: 2, sm: 3, lg: 5 }} mt={8}>
        {(data ?? []).map((one) => (
          <Radio.Card key={one.key} value={one.key} className="hg-template" aria-label={one.name}>
            <Thumbnail template={one} />
            <Text size="sm" fw={600} mt={8}>
              {one.name}
            </Text>
            <Text size="xs" c="dimmed">
              {one.text}
            </Text>
          </Radio.Card>
        ))}
      </SimpleGrid>
    </Radio.Group>
  );
}

function Thumbnail({ template }: { template: EmailTemplate }) {
  const body = { subject: template.subject, format: "mjml" as const, source: template.source };
  const { data } = useQuery({
    queryKey: ["post", "/emails/preview", body, null],
    queryFn: () => take(http.POST("/emails/preview", { body })),
    staleTime: 300_000,
  });
  return (
    <div className="hg-thumbnail" aria-hidden>
      {data && <iframe title={spoken(template.subject)} sandbox="" srcDoc={data.html} tabIndex={-1} />}
    </div>
  );
}
