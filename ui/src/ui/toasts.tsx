import { Button, Group, Text } from "@mantine/core";
import { notifications } from "@mantine/notifications";
import { IconAlertTriangle, IconCheck } from "@tabler/icons-react";
import { refresh } from "../api/client";
import i18n from "../app/i18n";

/** Says that something worked. */
export function said(message: string) {
  notifications.show({
    message,
    color: "indigo",
    icon: <IconCheck size={16} aria-hidden />,
    autoClose: 4000,
    closeButtonProps: { "aria-label": i18n.t("common:close") },
  });
}

/** Says that something failed, in the words of the server. */
export function failed(error: unknown) {
  const text = error instanceof Error ? error.message : String(error);
  notifications.show({
    title: i18n.t("common:error.didNotWork"),
    message: text === "offline" ? i18n.t("common:error.offlineText") : text,
    color: "red",
    icon: <IconAlertTriangle size={16} aria-hidden />,
    autoClose: 10_000,
    closeButtonProps: { "aria-label": i18n.t("common:close") },
  });
}

/** Acts at once and offers to take it back for ten seconds. */
export function undoable(message: string, undo: () => Promise<unknown>) {
  const id = notifications.show({
    autoClose: 10_000,
    color: "indigo",
    icon: <IconCheck size={16} aria-hidden />,
    closeButtonProps: { "aria-label": i18n.t("common:close") },
    message: (
      <Group justify="space-between" wrap="nowrap">
        <Text size="sm">{message}</Text>
        <Button
          size="compact-sm"
          variant="default"
          onClick={async () => {
            notifications.hide(id);
            try {
              await undo();
              said(i18n.t("common:undone"));
            } catch (error) {
              failed(error);
            }
          }}
        >
          {i18n.t("common:undo")}
        </Button>
      </Group>
    ),
  });
}

/** Runs an action and shows its failure; returns whether it worked. */
export async function attempt(run: () => Promise<unknown>, done?: string): Promise<boolean> {
  try {
    await run();
    if (done) said(done);
    return true;
  } catch (error) {
    failed(error);
    return false;
  }
}

type Removal = { remove: () => Promise<unknown>; restore: () => Promise<unknown> };

/** Deletes what has this name and offers it back; both read these routes anew. Returns whether it worked. */
export function removeWithUndo(name: string, routes: string[], { remove, restore }: Removal) {
  return attempt(async () => {
    await remove();
    undoable(i18n.t("common:deleted", { name }), async () => {
      await restore();
      await refresh(...routes);
    });
    await refresh(...routes);
  });
}
