import { Badge, Group, Stack, Text } from "@mantine/core";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, http, take } from "../api/client";
import type { Reached, Segment } from "../api/types";
import { number } from "../ui/format";
import { PathLink } from "../ui/links";
import { Card, ConsequenceDialog } from "../ui/parts";
import { removeWithUndo } from "../ui/toasts";

const PATHS = {
  segment: "/segments",
  campaign: "/campaigns",
  email: "/emails",
  form: "/forms",
  point_trigger: "/points/triggers",
} as const;

const useReached = (id: number, enabled = true) =>
  $api.useQuery(
    "get",
    "/segments/{id}/reached",
    { params: { path: { id } } },
    { enabled: enabled && id > 0 },
  );

function ReachedList({ uses }: { uses: Reached[] }) {
  const { t } = useTranslation("segments");
  return (
    <Stack gap={6} component="ul" m={0} p={0} style={{ listStyle: "none" }}>
      {uses.map((use) => (
        <Group key={`${use.type}-${use.id}`} component="li" gap="xs" justify="space-between" wrap="nowrap">
          <div style={{ minWidth: 0 }}>
            <PathLink
              path={use.type === "point_trigger" ? PATHS.point_trigger : `${PATHS[use.type]}/${use.id}`}
              size="sm"
            >
              {use.name}
            </PathLink>
            <Text size="xs" c="dimmed" className="hg-num">
              {[
                t(`reached.kinds.${use.type}`),
                use.people != null &&
                  t(`reached.people.${use.type}`, { count: use.people, shown: number(use.people) }),
              ]
                .filter(Boolean)
                .join(" · ")}
            </Text>
          </div>
          {use.active && (
            <Badge className="hg-badge" variant="default">
              {t(`reached.active.${use.type === "campaign" ? "campaign" : "other"}`)}
            </Badge>
          )}
        </Group>
      ))}
    </Stack>
  );
}

/** What a change of the segment touches, in numbers; shown before it is saved. */
export function ReachedCard({ segment }: { segment: Segment }) {
  const { t } = useTranslation("segments");
  const { data } = useReached(segment.id);
  if (!data?.length) return null;
  return (
    <Card title={t("setup.touches")}>
      <ReachedList uses={data} />
      <Text size="xs" c="dimmed" mt="sm">
        {t("reached.text")}
      </Text>
    </Card>
  );
}

type Remover = {
  /** Deletes at once what nothing uses; asks about the others. */
  remove: (segment: Segment) => void;
  dialog: React.ReactNode;
};

/** Deleting a segment: what uses it is shown first, with what becomes of it. */
export function useDeleteSegment(leave = false): Remover {
  const { t } = useTranslation("segments");
  const navigate = useNavigate();
  const [asked, setAsked] = useState<Segment | null>(null);
  const { data } = useReached(asked?.id ?? 0, asked !== null);
  const run = async (segment: Segment) => {
    const params = { path: { id: segment.id } };
    const gone = await removeWithUndo(segment.name, ["/segments"], {
      remove: () => take(http.DELETE("/segments/{id}", { params })),
      restore: () => take(http.POST("/segments/{id}/restore", { params })),
    });
    if (gone && leave) navigate({ to: "/segments" });
  };
  const blocked = data?.some((use) => !use.yields) ?? true;
  return {
    remove: (segment) => {
      if (segment.used_by.length) setAsked(segment);
      else run(segment);
    },
    dialog: (
      <ConsequenceDialog
        opened={asked !== null}
        close={() => setAsked(null)}
        title={t("reached.deleteTitle", { name: asked?.name ?? "" })}
        confirm={t("common:delete")}
        disabled={blocked}
        run={() => run(asked!)}
      >
        <Text size="sm">{t(blocked ? "reached.blocked" : "reached.yields")}</Text>
        <ReachedList uses={data ?? []} />
        <Text size="sm" c="dimmed" className="hg-num">
          {t("reached.members", { count: asked?.count ?? 0, shown: number(asked?.count ?? 0) })}
        </Text>
      </ConsequenceDialog>
    ),
  };
}
