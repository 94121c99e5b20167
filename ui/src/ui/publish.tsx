import { Badge, Group, Select, Switch, TextInput } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { $api, http, refresh, take } from "../api/client";
import { useMayEdit, useSession } from "../app/session";
import { attempt } from "./toasts";
import { fromLocalInput, toLocalInput } from "./zoned";

type Published = { published: boolean; publish_up?: string | null; publish_down?: string | null };

type Props = {
  value: Published;
  onChange: (value: Partial<Published>) => void;
  error?: string;
  /** What the two ends are called, where a plain From and Until would be misread. */
  labels?: { from: string; until: string };
};

/** Whether something is switched on, and from when until when. */
export function PublishFields({ value, onChange, error }: Props) {
  const { t } = useTranslation();
  return (
    <>
      <Switch
        label={t("publish.on")}
        checked={value.published}
        onChange={(event) => onChange({ published: event.currentTarget.checked })}
      />
      {value.published && <PublishWindow value={value} onChange={onChange} error={error} />}
    </>
  );
}

/** From when until when something that is switched on holds. */
export function PublishWindow({ value, onChange, error, labels }: Props) {
  const { t } = useTranslation();
  const zone = useSession().site.timezone;
  return (
    <Group grow align="flex-start">
      <TextInput
        type="datetime-local"
        label={labels?.from ?? t("publish.from")}
        description={t("publish.fromHint")}
        value={toLocalInput(value.publish_up, zone)}
        onChange={(event) => onChange({ publish_up: fromLocalInput(event.currentTarget.value, zone) })}
      />
      <TextInput
        type="datetime-local"
        label={labels?.until ?? t("publish.until")}
        description={t("publish.untilHint")}
        error={error}
        value={toLocalInput(value.publish_down, zone)}
        onChange={(event) => onChange({ publish_down: fromLocalInput(event.currentTarget.value, zone) })}
      />
    </Group>
  );
}

type CategoryProps = {
  bundle: "segment" | "email" | "page" | "form" | "campaign" | "point" | "stage";
  value: number | null;
  onChange: (id: number | null) => void;
  error?: string;
};

/** The category of a thing: those of its kind and the global ones. */
export function CategorySelect({ bundle, value, onChange, error }: CategoryProps) {
  const { t } = useTranslation();
  const { data } = $api.useQuery("get", "/categories", {
    params: { query: { bundle, limit: 200, sort: "title" } },
  });
  const options = (data?.items ?? []).map((one) => ({ value: String(one.id), label: one.title }));
  if (!options.length && value == null) return null;
  return (
    <Select
      label={t("category")}
      data={options}
      value={value == null ? null : String(value)}
      onChange={(next) => onChange(next == null ? null : Number(next))}
      clearable
      searchable
      error={error}
      clearButtonProps={{ "aria-label": t("remove"), "aria-hidden": false, tabIndex: 0 }}
    />
  );
}

type ThingProps = { kind: "email" | "page" | "form" | "campaign"; id: number };

/** The category of something that is saved already; a change is saved at once. */
export function ThingCategory({ kind, id }: ThingProps) {
  const { t } = useTranslation();
  const may = useMayEdit();
  const options = $api.useQuery("get", "/categories", {
    params: { query: { bundle: kind, limit: 200, sort: "title" } },
  });
  const path = "/categories/things/{kind}";
  const found = $api.useQuery("get", path, { params: { path: { kind }, query: { ids: String(id) } } });
  const category = found.data?.[0]?.category ?? null;
  const items = options.data?.items ?? [];
  if (!items.length && !category) return null;
  if (!may) return category && <Badge variant="default">{category.title}</Badge>;
  return (
    <Select
      size="xs"
      w={180}
      aria-label={t("category")}
      placeholder={t("category")}
      data={items.map((one) => ({ value: String(one.id), label: one.title }))}
      value={category ? String(category.id) : null}
      onChange={(next) =>
        attempt(async () => {
          const params = { path: { kind, id } };
          const body = { category_id: next == null ? null : Number(next) };
          await take(http.PUT("/categories/things/{kind}/{id}", { params, body }));
          await refresh("/categories");
        })
      }
      clearable
      searchable
      clearButtonProps={{ "aria-label": t("remove"), "aria-hidden": false, tabIndex: 0 }}
    />
  );
}
