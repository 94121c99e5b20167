import {
  Box,
  Button,
  Center,
  Checkbox,
  Drawer,
  Group,
  Table,
  Text,
  UnstyledButton,
  VisuallyHidden,
} from "@mantine/core";
import { IconChevronDown, IconChevronUp, IconSelector } from "@tabler/icons-react";
import { type KeyboardEvent, type ReactNode, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { List } from "../api/types";
import { number } from "./format";
import { ErrorState, Waiting } from "./states";

export type Column<T> = {
  key: string;
  title: string;
  render: (row: T) => ReactNode;
  /** The server's name of the field to sort by. */
  sort?: string;
  align?: "left" | "right";
  width?: number | string;
};

type Paged<T> = {
  data?: { pages: List<T>[] } | undefined;
  isPending: boolean;
  isError: boolean;
  error: unknown;
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  fetchNextPage: () => unknown;
  refetch: () => unknown;
};

type Props<T> = {
  query: Paged<T>;
  columns: Column<T>[];
  rowKey: (row: T) => number;
  rowLabel: (row: T) => string;
  onOpen?: (row: T) => void;
  preview?: (row: T) => ReactNode;
  sort?: string;
  onSort?: (sort: string) => void;
  selected?: Set<number>;
  onSelect?: (selected: Set<number>) => void;
  empty: ReactNode;
  label: string;
};

/** The rows loaded so far and how many there are in all. */
export function rowsOf<T>(query: Paged<T>): { rows: T[]; total: number | null } {
  const pages = query.data?.pages ?? [];
  const rows = pages.flatMap((page) => page?.items ?? []);
  const total = pages[0]?.total ?? (query.hasNextPage ? null : rows.length);
  return { rows, total };
}

type Whole = Pick<Paged<never>, "isPending" | "isError" | "error" | "refetch">;

/** A list that is not paged, as [`DataList`] wants it. */
export function inOnePage<T>(query: Whole, items: T[]): Paged<T> {
  const { isPending, isError, error, refetch } = query;
  const data = isPending ? undefined : { pages: [{ items, next_cursor: null, total: items.length }] };
  return {
    isPending,
    isError,
    error,
    refetch,
    data,
    hasNextPage: false,
    isFetchingNextPage: false,
    fetchNextPage: refetch,
  };
}

/** `name` becomes `-name` and back: ascending first, descending on the second click. */
function toggleSort(current: string | undefined, field: string): string {
  return current === field ? `-${field}` : field;
}

/**
 * A list of things: sortable columns, selection, preview on space, page on enter, j and k to move.
 * Rows keep one tab stop together; the first cell holds the link for everybody else.
 */
export function DataList<T>(props: Props<T>) {
  const { query, columns, rowKey, rowLabel, onOpen, preview, sort, onSort, selected, onSelect } = props;
  const { t } = useTranslation();
  const [active, setActive] = useState(0);
  const [previewed, setPreviewed] = useState<number | null>(null);
  const body = useRef<HTMLTableSectionElement>(null);
  const { rows, total } = rowsOf(query);

  if (query.isError) return <ErrorState error={query.error} retry={() => query.refetch()} />;
  if (query.isPending) return <Waiting />;
  if (!rows.length) return <div className="hg-card">{props.empty}</div>;

  const focusRow = (index: number) => {
    const next = Math.max(0, Math.min(rows.length - 1, index));
    setActive(next);
    (body.current?.children[next] as HTMLElement | undefined)?.focus();
  };
  const toggle = (key: number) => {
    if (!selected || !onSelect) return;
    const next = new Set(selected);
    if (!next.delete(key)) next.add(key);
    onSelect(next);
  };
  const onKey = (event: KeyboardEvent, row: T, index: number) => {
    if (event.target !== event.currentTarget || event.ctrlKey || event.metaKey || event.altKey) return;
    const move = () => {
      if (event.key === "j" || event.key === "ArrowDown") focusRow(index + 1);
      else if (event.key === "k" || event.key === "ArrowUp") focusRow(index - 1);
      else if (event.key === "x" && selected) toggle(rowKey(row));
      else if (event.key === " " && preview) setPreviewed(rowKey(row));
      else if ((event.key === "Enter" || event.key === " ") && onOpen) onOpen(row);
      else return false;
      return true;
    };
    if (!move()) return;
    event.preventDefault();
    event.stopPropagation();
  };
  const all = rows.every((row) => selected?.has(rowKey(row)));
  const shown = rows.find((row) => rowKey(row) === previewed);

  return (
    <>
      <Box className="hg-card" style={{ overflowX: "auto", position: "relative" }}>
        <Table className="hg-table" aria-label={props.label} highlightOnHover={false}>
          <Table.Thead>
            <Table.Tr>
              {selected && onSelect && (
                <Table.Th w={44}>
                  <Checkbox
                    size="xs"
                    aria-label={t("list.selectAll")}
                    checked={all}
                    indeterminate={!all && selected.size > 0}
                    onChange={() => onSelect(all ? new Set() : new Set(rows.map(rowKey)))}
                  />
                </Table.Th>
              )}
              {columns.map((column) => {
                const up = sort === column.sort;
                const down = sort === `-${column.sort}`;
                return (
                  <Table.Th
                    key={column.key}
                    className="hg-th"
                    ta={column.align}
                    w={column.width}
                    aria-sort={
                      column.sort && up ? "ascending" : column.sort && down ? "descending" : undefined
                    }
                  >
                    {column.sort && onSort ? (
                      <UnstyledButton
                        fz={12}
                        fw={600}
                        mih={24}
                        onClick={() => onSort(toggleSort(sort, column.sort!))}
                        style={{ display: "inline-flex", alignItems: "center", gap: 4 }}
                      >
                        {column.title}
                        {up ? (
                          <IconChevronUp size={13} aria-hidden />
                        ) : down ? (
                          <IconChevronDown size={13} aria-hidden />
                        ) : (
                          <IconSelector size={13} opacity={0.5} aria-hidden />
                        )}
                      </UnstyledButton>
                    ) : (
                      column.title || <VisuallyHidden>{t("actions")}</VisuallyHidden>
                    )}
                  </Table.Th>
                );
              })}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody ref={body}>
            {rows.map((row, index) => {
              const key = rowKey(row);
              return (
                <Table.Tr
                  key={key}
                  className={onOpen || preview ? "hg-row" : undefined}
                  data-selected={selected?.has(key) || undefined}
                  tabIndex={index === Math.min(active, rows.length - 1) ? 0 : -1}
                  onFocus={() => setActive(index)}
                  onKeyDown={(event) => onKey(event, row, index)}
                  onClick={(event) => {
                    if ((event.target as HTMLElement).closest("a,button,input,label")) return;
                    onOpen?.(row);
                  }}
                >
                  {selected && onSelect && (
                    <Table.Td>
                      <Checkbox
                        size="xs"
                        aria-label={t("list.select", { name: rowLabel(row) })}
                        checked={selected.has(key)}
                        onChange={() => toggle(key)}
                      />
                    </Table.Td>
                  )}
                  {columns.map((column) => (
                    <Table.Td
                      key={column.key}
                      ta={column.align}
                      className={column.align === "right" ? "hg-num" : undefined}
                    >
                      {column.render(row)}
                    </Table.Td>
                  ))}
                </Table.Tr>
              );
            })}
          </Table.Tbody>
        </Table>
        <Group justify="space-between" px="md" py="xs" style={{ borderTop: "1px solid var(--hg-line)" }}>
          <Text size="xs" c="dimmed" className="hg-num" aria-live="polite">
            {total == null
              ? t("list.shownSome", { shown: number(rows.length) })
              : t("list.shown", { shown: number(rows.length), total: number(total) })}
          </Text>
          {query.hasNextPage && (
            <Button
              size="xs"
              variant="default"
              loading={query.isFetchingNextPage}
              onClick={() => query.fetchNextPage()}
            >
              {t("list.more")}
            </Button>
          )}
        </Group>
      </Box>
      <Drawer
        opened={shown != null}
        onClose={() => {
          setPreviewed(null);
          focusRow(active);
        }}
        title={shown ? rowLabel(shown) : ""}
        closeButtonProps={{ "aria-label": t("close") }}
        size="md"
      >
        {shown && preview?.(shown)}
        {shown && onOpen && (
          <Center mt="lg">
            <Button variant="default" onClick={() => onOpen(shown)}>
              {t("list.open")}
            </Button>
          </Center>
        )}
      </Drawer>
    </>
  );
}
