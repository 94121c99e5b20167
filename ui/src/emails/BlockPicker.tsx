import { Button } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconBookmarks } from "@tabler/icons-react";
import { lazy, Suspense } from "react";
import { useTranslation } from "react-i18next";
import type { SavedBlock } from "../api/types";
import { FormModal } from "../ui/parts";
import { Waiting } from "../ui/states";

// Loaded when it is opened: the editors are large enough.
const BlockChoices = lazy(() => import("./BlockChoices"));

export type PickerProps = {
  format: SavedBlock["format"];
  onPick: (block: SavedBlock, source: string) => void;
};

/** Saved blocks to put in: as a copy that goes its own way, or linked. */
export function BlockPicker({ format, onPick }: PickerProps) {
  const { t } = useTranslation("emails");
  const [opened, dialog] = useDisclosure();
  const pick = (block: SavedBlock, source: string) => {
    dialog.close();
    onPick(block, source);
  };
  return (
    <>
      <Button
        size="xs"
        variant="default"
        leftSection={<IconBookmarks size={15} aria-hidden />}
        onClick={dialog.open}
      >
        {t("blocks.pick")}
      </Button>
      <FormModal opened={opened} close={dialog.close} title={t("blocks.title")} size="lg">
        {opened && (
          <Suspense fallback={<Waiting lines={3} />}>
            <BlockChoices format={format} onPick={pick} />
          </Suspense>
        )}
      </FormModal>
    </>
  );
}
