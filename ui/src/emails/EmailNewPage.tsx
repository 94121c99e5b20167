import { Button, Group, Radio, SimpleGrid, Stack, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { http, refresh, take } from "../api/client";
import { showProblem } from "../api/forms";
import type { Email, EmailTemplate } from "../api/types";
import { PageHeader } from "../ui/PageHeader";
import { Card } from "../ui/parts";
import { ThingSelect } from "../ui/pickers";
import { ErrorSummary } from "../ui/states";
import { Gallery } from "./Gallery";
import { letterHtml } from "./starters";

type Start = "design" | "html";

/** A new email: what it is for, and what it starts from. */
export function EmailNewPage() {
  const { t } = useTranslation("emails");
  const navigate = useNavigate();
  const [errors, setErrors] = useState<string[]>([]);
  const [start, setStart] = useState<Start>("design");
  const [template, setTemplate] = useState<EmailTemplate | null>(null);
  const [page, setPage] = useState<number | null>(null);
  const form = useForm({ initialValues: { name: "", kind: "segment" as Email["kind"] } });
  const submit = form.onSubmit(async (values) => {
    const designed = start === "design";
    if (designed && !template) return setErrors([t("gallery.choose")]);
    try {
      const content =
        designed && template
          ? {
              subject: template.subject,
              preheader: template.preheader,
              format: "mjml" as const,
              source: template.source,
              purpose: values.kind === "segment" ? ("marketing" as const) : template.purpose,
            }
          : {
              subject: values.name,
              format: "html" as const,
              source: letterHtml(page),
              purpose: "marketing" as const,
            };
      const email = await take(http.POST("/emails", { body: { ...values, ...content } }));
      await refresh("/emails");
      const params = { id: String(email.id) };
      navigate(designed ? { to: "/emails/$id/design", params } : { to: "/emails/$id/edit", params });
    } catch (error) {
      setErrors(showProblem(form, error));
    }
  });
  return (
    <form onSubmit={submit}>
      <PageHeader
        title={t("new")}
        back={{ path: "/emails", label: t("title") }}
        actions={<Button type="submit">{t("createEmail")}</Button>}
      />
      <ErrorSummary errors={errors} />
      <Stack>
        <Card>
          <SimpleGrid cols={{ base: 1, md: 2 }}>
            <TextInput
              label={t("common:name")}
              description={t("nameHint")}
              required
              data-autofocus
              {...form.getInputProps("name")}
            />
            <Radio.Group label={t("kind")} {...form.getInputProps("kind")}>
              <Stack gap="xs" mt={6}>
                <Radio value="segment" label={t("kinds.segment")} description={t("kindHints.segment")} />
                <Radio value="template" label={t("kinds.template")} description={t("kindHints.template")} />
              </Stack>
            </Radio.Group>
          </SimpleGrid>
        </Card>
        <Card>
          <Radio.Group label={t("start.label")} value={start} onChange={(next) => setStart(next as Start)}>
            <Group mt={6} mb="md">
              <Radio value="design" label={t("start.design")} />
              <Radio value="html" label={t("start.html")} />
            </Group>
          </Radio.Group>
          {start === "design" ? (
            <Gallery value={template?.key ?? ""} onChange={setTemplate} />
          ) : (
            <Stack gap="xs">
              <Text size="sm" c="dimmed">
                {t("start.htmlHint")}
              </Text>
              <ThingSelect
                kind="pages"
                label={t("leadsTo")}
                description={t("leadsToHint")}
                value={page}
                onChange={setPage}
                clearable
              />
            </Stack>
          )}
        </Card>
      </Stack>
    </form>
  );
}
