import { Button, Group, Select, SimpleGrid, Stack, Text, Textarea, TextInput } from "@mantine/core";
import { useDebouncedValue } from "@mantine/hooks";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { http, refresh, take } from "../api/client";
import type { Field, FieldType } from "../api/types";
import { number } from "../ui/format";
import { ErrorSummary } from "../ui/states";
import { attempt } from "../ui/toasts";
import { FieldUses } from "./FieldUses";
import { parseOptions } from "./options";

type Props = { field: Field; types: FieldType[]; close: () => void };

/** Another type for a field: which values fit is shown before anything happens. */
export function ConvertField({ field, types, close }: Props) {
  const { t } = useTranslation("contacts");
  const [type, setType] = useState<FieldType | null>(null);
  const [options, setOptions] = useState("");
  const [labels, setLabels] = useState({ yes: "", no: "" });
  const chooses = type === "select" || type === "multiselect";
  const body = {
    type: type ?? "text",
    options: chooses ? parseOptions(options) : [],
    labels: type === "boolean" && (labels.yes || labels.no) ? labels : null,
  };
  const [asked] = useDebouncedValue(body, 300);
  const preview = useQuery({
    queryKey: ["post", "/fields/conversion/preview", field.id, asked],
    queryFn: () =>
      take(http.POST("/fields/{id}/conversion/preview", { params: { path: { id: field.id } }, body: asked })),
    enabled: type !== null,
    retry: false,
  });
  const seen = preview.data;
  const lost = seen ? seen.values - seen.fit : 0;
  const convert = () =>
    attempt(async () => {
      await take(http.POST("/fields/{id}/conversion", { params: { path: { id: field.id } }, body }));
      close();
      await refresh("/fields", "/tasks", "/segments/catalogue");
    }, t("convert.started"));
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        convert();
      }}
    >
      <Stack>
        <Select
          label={t("convert.to")}
          data={types
            .filter((key) => key !== field.type)
            .map((key) => ({ value: key, label: t(`fieldsPage.types.${key}`) }))}
          value={type}
          onChange={(next) => setType(next as FieldType | null)}
          data-autofocus
        />
        {chooses && (
          <>
            <Textarea
              label={t("fieldsPage.options")}
              description={t("fieldsPage.optionsHint")}
              autosize
              minRows={3}
              value={options}
              onChange={(event) => setOptions(event.currentTarget.value)}
            />
            {seen && seen.met.length > 0 && (
              <Button
                variant="default"
                size="xs"
                style={{ alignSelf: "flex-start" }}
                onClick={() => setOptions(seen.met.map((one) => one.value).join("\n"))}
              >
                {t("convert.fromValues", { count: seen.met.length })}
              </Button>
            )}
          </>
        )}
        {type === "boolean" && (
          <SimpleGrid cols={2}>
            {(["yes", "no"] as const).map((key) => (
              <TextInput
                key={key}
                label={t(`fieldsPage.${key}`)}
                placeholder={t(`common:${key}`)}
                value={labels[key]}
                onChange={(event) => setLabels({ ...labels, [key]: event.currentTarget.value })}
              />
            ))}
          </SimpleGrid>
        )}
        {preview.isError && <ErrorSummary errors={[preview.error.message]} />}
        {seen && (
          <div role="status">
            <Text size="sm" className="hg-num">
              {t(seen.all ? "convert.fit" : "convert.fitOf", {
                fit: number(seen.fit),
                values: number(seen.values),
              })}
            </Text>
            {lost > 0 && (
              <>
                <Text size="sm" c="var(--mantine-color-error)" className="hg-num">
                  {t("convert.lost", { count: lost, shown: number(lost) })}
                </Text>
                <ul>
                  {seen.unfit.map((one) => (
                    <li key={one.value}>
                      <Text size="sm">
                        “{one.value}”: {one.reason}
                      </Text>
                    </li>
                  ))}
                </ul>
              </>
            )}
          </div>
        )}
        <FieldUses field={field} />
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            {t("common:cancel")}
          </Button>
          <Button
            type="submit"
            disabled={type === null || preview.isError || (chooses && !body.options.length)}
          >
            {t("convert.run")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
