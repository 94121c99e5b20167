import {
  ActionIcon,
  Avatar,
  Badge,
  Button,
  Checkbox,
  Group,
  Menu,
  Popover,
  SimpleGrid,
  Stack,
  Switch,
  Text,
} from "@mantine/core";
import { useLocalStorage } from "@mantine/hooks";
import { IconColumns3, IconUpload, IconUsers } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, byCursor } from "../api/client";
import type { Contact, ContactSelect as Selection } from "../api/types";
import type { ContactsSearch } from "../app/router";
import { initials } from "../app/Shell";
import { useMayEdit } from "../app/session";
import { type Column, DataList, rowsOf } from "../ui/DataList";
import { FilterBar } from "../ui/FilterBar";
import { ago, date, number } from "../ui/format";
import { ButtonLink, TextLink } from "../ui/links";
import { NewButton } from "../ui/NewButton";
import { PageHeader } from "../ui/PageHeader";
import { Fact } from "../ui/parts";
import { ThingSelect, useThings } from "../ui/pickers";
import { EmptyState } from "../ui/states";
import { useView } from "../ui/view";
import { BulkBar } from "./BulkBar";
import { ExportMenu } from "./ExportMenu";
import { QuickAdd } from "./QuickAdd";
import { SaveAsSegment } from "./SaveAsSegment";
import { useFields } from "./use-fields";
import { Views } from "./Views";
import { FieldText } from "./values";

/** Name, or the email, or words for a visitor nobody knows yet. */
export function useDisplayName() {
  const { t } = useTranslation();
  return (contact: Pick<Contact, "name" | "email">) => contact.name || contact.email || t("anonymous");
}

export function ContactsPage() {
  const { t } = useTranslation("contacts");
  const [view, change] = useView<ContactsSearch>();
  const navigate = useNavigate();
  const may = useMayEdit();
  const fields = useFields();
  const nameOf = useDisplayName();
  const segmentName = useThings("segments").find((one) => one.value === String(view.segment))?.label;
  const [selected, setSelected] = useState<Set<number>>(new Set());
  const [everything, setEverything] = useState(false);
  const [shown, setShown] = useLocalStorage<string[]>({
    key: "hg.contacts.columns",
    defaultValue: ["tags", "points", "last_active_at", "created_at"],
  });

  const scope = {
    search: view.search,
    segment: view.segment,
    tag: view.tag,
    filter: view.filter,
    include_anonymous: view.anonymous,
  };
  const query = $api.useInfiniteQuery(
    "get",
    "/contacts",
    { params: { query: { ...scope, sort: view.sort ?? "-created_at", limit: 50 } } },
    byCursor,
  );
  const { total } = rowsOf<Contact>(query);
  const narrowed = Boolean(view.search || view.segment || view.tag || view.filter);

  const columns = useMemo((): Column<Contact>[] => {
    const fixed: Record<string, Column<Contact>> = {
      tags: {
        key: "tags",
        title: t("tags"),
        render: (row) => (
          <Group gap={4}>
            {row.tags.slice(0, 3).map((tag) => (
              <Badge key={tag.id} className="hg-badge" variant="default">
                {tag.name}
              </Badge>
            ))}
            {row.tags.length > 3 && (
              <Text size="xs" c="dimmed">
                +{row.tags.length - 3}
              </Text>
            )}
          </Group>
        ),
      },
      points: {
        key: "points",
        title: t("points"),
        sort: "points",
        align: "right",
        render: (row) => number(row.points),
      },
      last_active_at: {
        key: "last_active_at",
        title: t("lastActive"),
        sort: "last_active",
        render: (row) => (row.last_active_at ? ago(row.last_active_at) : t("common:never")),
      },
      created_at: {
        key: "created_at",
        title: t("added"),
        sort: "created_at",
        render: (row) => date(row.created_at),
      },
    };
    for (const field of fields) {
      fixed[field.alias] ??= {
        key: field.alias,
        title: field.label,
        sort: field.alias,
        render: (row) => <FieldText field={field} value={row.fields[field.alias]} />,
      };
    }
    return [
      {
        key: "name",
        title: t("common:name"),
        sort: "name",
        render: (row) => (
          <Group gap="sm" wrap="nowrap">
            <Avatar size={32} radius="xl" className="hg-avatar" aria-hidden>
              {initials(nameOf(row))}
            </Avatar>
            <div style={{ minWidth: 0 }}>
              <TextLink to="/contacts/$id" params={{ id: String(row.id) }} size="sm" fw={550}>
                {nameOf(row)}
              </TextLink>
              <Text size="xs" c="dimmed" truncate>
                {row.email}
                {row.do_not_contact.length > 0 && (
                  <>
                    {" · "}
                    {t(`dnc.${row.do_not_contact[0]!.reason}`, { defaultValue: t("dnc.manual") })}
                  </>
                )}
              </Text>
            </div>
          </Group>
        ),
      },
      ...shown.flatMap((key) => fixed[key] ?? []),
    ];
  }, [fields, shown, t, nameOf]);

  const open = (row: Contact) => navigate({ to: "/contacts/$id", params: { id: String(row.id) } });
  const whole: Selection = { ...scope, filter: scope.filter ? JSON.parse(scope.filter) : undefined };
  const bulk: Selection = everything ? whole : { ids: [...selected] };
  const exportable = shown
    .filter((key) => key !== "last_active_at")
    .concat(shown.includes("last_active_at") ? ["last_active"] : []);

  return (
    <>
      <PageHeader
        title={t("title")}
        description={t("text")}
        actions={
          <>
            <ExportMenu select={whole} columns={exportable} />
            {may && (
              <>
                <ButtonLink
                  to="/contacts/import"
                  variant="default"
                  leftSection={<IconUpload size={16} aria-hidden />}
                >
                  {t("import")}
                </ButtonLink>
                <NewButton onClick={() => change({ new: true })}>{t("new")}</NewButton>
              </>
            )}
          </>
        }
      />
      <Views view={view} change={change} columns={shown} setColumns={setShown}>
        {may && (view.search || view.filter || view.segment || view.tag) && (
          <SaveAsSegment select={whole} search={view.search} />
        )}
      </Views>
      <FilterBar
        search={view.search ?? ""}
        onSearch={(search) => change({ search })}
        placeholder={t("search")}
        chips={[
          ...(view.segment
            ? [
                {
                  key: "segment",
                  label: t("inSegment", { name: segmentName ?? `#${view.segment}` }),
                  remove: () => change({ segment: undefined }),
                },
              ]
            : []),
          ...(view.tag
            ? [
                {
                  key: "tag",
                  label: t("withTag", { name: view.tag }),
                  remove: () => change({ tag: undefined }),
                },
              ]
            : []),
          ...(view.filter
            ? [{ key: "filter", label: t("ownFilter"), remove: () => change({ filter: undefined }) }]
            : []),
        ]}
      >
        <ThingSelect
          kind="segments"
          aria-label={t("filterSegment")}
          placeholder={t("filterSegment")}
          value={view.segment ?? null}
          onChange={(segment) => change({ segment: segment ?? undefined })}
          w={190}
          clearable
        />
        <TagFilter value={view.tag} onChange={(tag) => change({ tag })} />
        <Switch
          label={t("showVisitors")}
          checked={view.anonymous ?? false}
          onChange={(event) => change({ anonymous: event.currentTarget.checked || undefined })}
        />
        <ColumnPicker shown={shown} setShown={setShown} />
      </FilterBar>
      {selected.size > 0 && may && (
        <BulkBar
          select={bulk}
          count={everything ? (total ?? selected.size) : selected.size}
          total={total}
          everything={everything}
          onEverything={() => setEverything(true)}
          segment={view.segment}
          columns={exportable}
          clear={() => {
            setSelected(new Set());
            setEverything(false);
          }}
        />
      )}
      <DataList
        label={t("title")}
        query={query}
        columns={columns}
        rowKey={(row) => row.id}
        rowLabel={nameOf}
        onOpen={open}
        sort={view.sort ?? "-created_at"}
        onSort={(sort) => change({ sort })}
        selected={may ? selected : undefined}
        onSelect={(next) => {
          setSelected(next);
          setEverything(false);
        }}
        preview={(row) => <ContactPreview contact={row} />}
        empty={
          narrowed ? (
            <EmptyState
              icon={IconUsers}
              title={t("common:nothingFound")}
              action={
                <Button
                  variant="default"
                  onClick={() =>
                    change({ search: undefined, segment: undefined, tag: undefined, filter: undefined })
                  }
                >
                  {t("common:clearFilters")}
                </Button>
              }
            >
              {t("common:nothingFoundText")}
            </EmptyState>
          ) : (
            <EmptyState
              icon={IconUsers}
              title={t("empty.title")}
              action={
                may && (
                  <>
                    <ButtonLink to="/contacts/import" leftSection={<IconUpload size={16} aria-hidden />}>
                      {t("import")}
                    </ButtonLink>
                    <Button variant="default" onClick={() => change({ new: true })}>
                      {t("new")}
                    </Button>
                  </>
                )
              }
            >
              {t("empty.text")}
            </EmptyState>
          )
        }
      />
      <QuickAdd opened={view.new === true} close={() => change({ new: undefined })} />
    </>
  );
}

function TagFilter({ value, onChange }: { value?: string; onChange: (tag?: string) => void }) {
  const { t } = useTranslation("contacts");
  const tags = useThings("tags");
  return (
    <Menu position="bottom-start">
      <Menu.Target>
        <Button variant="default" fw={450}>
          {value ? t("withTag", { name: value }) : t("filterTag")}
        </Button>
      </Menu.Target>
      <Menu.Dropdown mah={320} style={{ overflowY: "auto" }}>
        {tags.map((tag) => (
          <Menu.Item key={tag.value} onClick={() => onChange(tag.label)}>
            {tag.label}
          </Menu.Item>
        ))}
        {!tags.length && (
          <Text size="sm" c="dimmed" p="xs">
            {t("noTags")}
          </Text>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}

function ColumnPicker({ shown, setShown }: { shown: string[]; setShown: (keys: string[]) => void }) {
  const { t } = useTranslation("contacts");
  const fields = useFields().filter((field) => !["firstname", "lastname", "email"].includes(field.alias));
  const all = [
    { key: "tags", label: t("tags") },
    { key: "points", label: t("points") },
    { key: "last_active_at", label: t("lastActive") },
    { key: "created_at", label: t("added") },
    ...fields.map((field) => ({ key: field.alias, label: field.label })),
  ].filter((one, index, list) => list.findIndex((other) => other.key === one.key) === index);
  return (
    <Popover position="bottom-end" shadow="md" trapFocus>
      <Popover.Target>
        <ActionIcon variant="default" size={36} aria-label={t("columns")} title={t("columns")}>
          <IconColumns3 size={18} aria-hidden />
        </ActionIcon>
      </Popover.Target>
      <Popover.Dropdown mah={380} style={{ overflowY: "auto" }}>
        <Stack gap={8}>
          {all.map((column) => (
            <Checkbox
              key={column.key}
              size="sm"
              label={column.label}
              checked={shown.includes(column.key)}
              onChange={(event) =>
                setShown(
                  event.currentTarget.checked
                    ? [...shown, column.key]
                    : shown.filter((key) => key !== column.key),
                )
              }
            />
          ))}
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}

/** The short look on space: what one wants to know before opening the page. */
function ContactPreview({ contact }: { contact: Contact }) {
  const { t } = useTranslation("contacts");
  const fields = useFields();
  return (
    <SimpleGrid cols={2} spacing="md">
      <Fact label={t("points")}>{number(contact.points)}</Fact>
      <Fact label={t("lastActive")}>
        {contact.last_active_at ? ago(contact.last_active_at) : t("common:never")}
      </Fact>
      {fields
        .filter((field) => contact.fields[field.alias] != null && contact.fields[field.alias] !== "")
        .map((field) => (
          <Fact key={field.alias} label={field.label}>
            <FieldText field={field} value={contact.fields[field.alias]} />
          </Fact>
        ))}
      {contact.tags.length > 0 && (
        <Fact label={t("tags")}>{contact.tags.map((tag) => tag.name).join(", ")}</Fact>
      )}
    </SimpleGrid>
  );
}
