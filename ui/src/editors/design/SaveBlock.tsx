import { Button } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconBookmark } from "@tabler/icons-react";
import type { Component } from "grapesjs";
import { useTranslation } from "react-i18next";
import { BlockForm } from "../../emails/BlockForm";
import { FormModal } from "../../ui/parts";

/** What can be kept: what stands below another section, or in a column. */
const KEPT = /^mj-(section|wrapper|hero|text|button|image|divider|spacer|navbar)$/;

/** Keeps the selected element as a block for other emails. */
export function SaveBlock({ component, tag }: { component: Component; tag: string }) {
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
        {opened && <BlockForm made={{ format: "mjml", source: component.toHTML() }} close={dialog.close} />}
      </FormModal>
    </>
  );
}
