import { Button, Group, Menu, Text } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { $api, http, refresh, take } from "../api/client";
import { attempt, undoable } from "../ui/toasts";

type Deed = "publish" | "unpublish" | "delete" | "restore" | "category";

const BACK = { publish: "unpublish", unpublish: "publish", delete: "restore" } as const;

/** What can be done to many segments at once: all of them, or none. */
export function SegmentsBulk({ ids, clear }: { ids: number[]; clear: () => void }) {
  const { t } = useTranslation("segments");
  const { data } = $api.useQuery("get", "/categories", {
    params: { query: { bundle: "segment", limit: 200, sort: "title" } },
  });
  const write = async (action: Deed, category_id: number | null = null) => {
    const { affected } = await take(http.POST("/segments/bulk", { body: { ids, action, category_id } }));
    await refresh("/segments", "/categories");
    return affected;
  };
  const act = (action: keyof typeof BACK) =>
    attempt(async () => {
      const count = await write(action);
      undoable(t(`bulk.done.${action}`, { count }), () => write(BACK[action]));
      clear();
    });
  const place = (category: number | null) =>
    attempt(async () => {
      await write("category", category);
      clear();
    }, t("bulk.done.category"));
  const categories = data?.items ?? [];
  return (
    <Group className="hg-bulk" justify="space-between" mb="sm">
      <Text size="sm">{t("bulk.selected", { count: ids.length })}</Text>
      <Group gap="xs">
        <Button size="xs" variant="default" onClick={() => act("publish")}>
          {t("publish")}
        </Button>
        <Button size="xs" variant="default" onClick={() => act("unpublish")}>
          {t("unpublish")}
        </Button>
        {categories.length > 0 && (
          <Menu>
            <Menu.Target>
              <Button size="xs" variant="default">
                {t("common:category")}
              </Button>
            </Menu.Target>
            <Menu.Dropdown>
              {categories.map((one) => (
                <Menu.Item key={one.id} onClick={() => place(one.id)}>
                  {one.title}
                </Menu.Item>
              ))}
              <Menu.Divider />
              <Menu.Item onClick={() => place(null)}>{t("bulk.noCategory")}</Menu.Item>
            </Menu.Dropdown>
          </Menu>
        )}
        <Button size="xs" variant="default" onClick={() => act("delete")}>
          {t("common:delete")}
        </Button>
        <Button size="xs" variant="subtle" onClick={clear}>
          {t("bulk.clear")}
        </Button>
      </Group>
    </Group>
  );
}
