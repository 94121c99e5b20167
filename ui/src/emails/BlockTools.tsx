import { Button, Stack, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconBookmark } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { TextLink } from "../ui/links";
import { FormModal } from "../ui/parts";
import { BlockForm } from "./BlockForm";

/** What can be kept: what stands below another section, or in a column. */
const KEPT = /^mj-(section|wrapper|hero|text|button|image|divider|spacer|navbar)$/;

/** Keeps the selected element as a block for other emails. */
export function SaveBlock({ tag, source }: { tag: string; source: () => string }) {
  const { t } = useTranslation("design");
  const [opened, dialog] = useDisclosure();
  if (!KEPT.test(tag)) return null;
  return (
    <>
      <Button
        size="xs"
        variant="default"
        leftSection={<IconBookmark size={15} aria-hidden />}
        onClick={dialog.open}
      >
        {t("linked.save")}
      </Button>
      <FormModal opened={opened} close={dialog.close} title={t("linked.save")} size="lg">
        {opened && <BlockForm made={{ format: "mjml", source: source() }} close={dialog.close} />}
      </FormModal>
    </>
  );
}

/** What a box is linked to, where that is changed, and the way to end the link. */
export function LinkedBlock({ name, onUnlink }: { name: string; onUnlink: () => void }) {
  const { t } = useTranslation("design");
  return (
    <Stack gap="xs">
      <Text size="sm">{t("linked.hint", { name: name })}</Text>
      <TextLink to="/emails/blocks" search={{ search: name }} size="sm" td="underline">
        {t("linked.open")}
      </TextLink>
      <Button size="xs" variant="default" onClick={onUnlink}>
        {t("linked.unlink")}
      </Button>
    </Stack>
  );
}
