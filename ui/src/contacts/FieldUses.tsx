import { Group, Stack, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { $api, http, take } from "../api/client";
import type { Field } from "../api/types";
import { number } from "../ui/format";
import { PathLink } from "../ui/links";
import { ConsequenceDialog } from "../ui/parts";
import { removeWithUndo } from "../ui/toasts";

const PATHS = {
  segment: "/segments",
  form: "/forms",
  campaign: "/campaigns",
  email: "/emails",
  page: "/pages",
} as const;

const useUses = (id: number) =>
  $api.useQuery("get", "/fields/{id}/uses", { params: { path: { id } } }, { enabled: id > 0 });

/** Where a field is used, and how many values it holds. */
export function FieldUses({ field }: { field: Field }) {
  const { t } = useTranslation("contacts");
  const { data } = useUses(field.id);
  if (!data) return null;
  const values = number(data.values);
  return (
    <section aria-label={t("fieldUses.title")}>
      <Text size="sm" fw={600}>
        {t("fieldUses.title")}
      </Text>
      <Text size="sm" c="dimmed" className="hg-num">
        {t(`fieldUses.values.${field.object}`, {
          count: data.values,
          shown: data.exact ? values : t("common:about", { shown: values }),
        })}
      </Text>
      <Stack gap={2} component="ul" m={0} mt={4} p={0} style={{ listStyle: "none" }}>
        {data.uses.map((use) => (
          <Group key={`${use.kind}-${use.id}`} component="li" gap={6}>
            <Text size="xs" c="dimmed">
              {t(`fieldUses.kinds.${use.kind}`)}
            </Text>
            {use.kind === "view" ? (
              <Text size="sm">{use.name}</Text>
            ) : (
              <PathLink path={`${PATHS[use.kind]}/${use.id}`} size="sm">
                {use.name}
              </PathLink>
            )}
          </Group>
        ))}
      </Stack>
      {!data.uses.length && <Text size="sm">{t("fieldUses.nowhere")}</Text>}
    </section>
  );
}

/** Deleting a field: where it is used stands in front of the button. */
export function DeleteField({ field, close }: { field: Field | null; close: () => void }) {
  const { t } = useTranslation("contacts");
  const { data } = useUses(field?.id ?? 0);
  const inFilter = data?.uses.some((use) => use.kind === "segment") ?? false;
  return (
    <ConsequenceDialog
      opened={field !== null}
      close={close}
      title={t("fieldUses.deleteTitle", { name: field?.label ?? "" })}
      confirm={t("common:delete")}
      disabled={!data || inFilter}
      run={() => {
        const params = { path: { id: field!.id } };
        return removeWithUndo(field!.label, ["/fields"], {
          remove: () => take(http.DELETE("/fields/{id}", { params })),
          restore: () => take(http.POST("/fields/{id}/restore", { params })),
        });
      }}
    >
      <Text size="sm">{t(inFilter ? "fieldUses.inFilter" : "fieldUses.deleteText")}</Text>
      {field && <FieldUses field={field} />}
    </ConsequenceDialog>
  );
}
