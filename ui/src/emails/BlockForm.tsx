import { Button, Group, Select, Stack, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, http, refresh, take } from "../api/client";
import { showProblem } from "../api/forms";
import type { SavedBlock } from "../api/types";
import { CodeField } from "../ui/CodeField";
import { PathLink } from "../ui/links";
import { ErrorSummary } from "../ui/states";
import { said } from "../ui/toasts";

type Props = {
  /** The block that is changed. */
  block?: SavedBlock;
  /** What a new one begins with; with a source, only name and category are asked. */
  made?: { format: SavedBlock["format"]; source: string };
  close: () => void;
};

/** A block and the emails that change with it. */
export function BlockForm({ block, made, close }: Props) {
  const { t } = useTranslation("emails");
  const [errors, setErrors] = useState<string[]>([]);
  const [source, setSource] = useState(block?.source ?? made?.source ?? "");
  const form = useForm({
    initialValues: {
      name: block?.name ?? "",
      category: block?.category ?? "",
      format: (block?.format ?? made?.format ?? "mjml") as string,
    },
  });
  const submit = form.onSubmit(async ({ name, category, format }) => {
    try {
      if (block) {
        const params = { path: { id: block.id } };
        const body = { name, category, source, version: block.version };
        await take(http.PATCH("/email-blocks/{id}", { params, body }));
      } else {
        const body = { name, category, format: format as SavedBlock["format"], source };
        await take(http.POST("/email-blocks", { body }));
      }
      await refresh("/email-blocks", "/emails");
      said(t("blocks.kept", { name }));
      close();
    } catch (error) {
      setErrors(showProblem(form, error));
    }
  });
  return (
    <form onSubmit={submit}>
      <Stack>
        <ErrorSummary errors={errors} />
        <TextInput label={t("common:name")} required data-autofocus {...form.getInputProps("name")} />
        <TextInput
          label={t("blocks.category")}
          description={t("blocks.categoryHint")}
          {...form.getInputProps("category")}
        />
        {!block && !made && (
          <Select
            label={t("format")}
            allowDeselect={false}
            data={[
              { value: "mjml", label: "MJML" },
              { value: "html", label: "HTML" },
            ]}
            {...form.getInputProps("format")}
          />
        )}
        {!made && <CodeField label={t("blocks.source")} value={source} onChange={setSource} height="260px" />}
        {block && <Uses block={block} />}
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            {t("common:cancel")}
          </Button>
          <Button type="submit">
            {block?.used_by ? t("blocks.saveAll", { count: block.used_by }) : t("common:save")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** Emails that are linked to a block, before it changes or goes. */
export function Uses({ block }: { block: SavedBlock }) {
  const { t } = useTranslation("emails");
  const { data } = $api.useQuery("get", "/email-blocks/{id}/uses", { params: { path: { id: block.id } } });
  if (!data) return null;
  if (!data.length) {
    return (
      <Text size="sm" c="dimmed">
        {t("blocks.noUses")}
      </Text>
    );
  }
  return (
    <div>
      <Text size="sm" mb={4}>
        {t("blocks.usesText")}
      </Text>
      <ul style={{ margin: 0, paddingInlineStart: 20, maxHeight: 180, overflowY: "auto" }}>
        {data.map((one) => (
          <li key={one.id}>
            <PathLink path={`/emails/${one.id}`} size="sm">
              {one.name}
            </PathLink>
            {one.sent && (
              <Text size="xs" c="dimmed" component="span">
                {" "}
                {t("blocks.sentAlready")}
              </Text>
            )}
          </li>
        ))}
      </ul>
    </div>
  );
}
