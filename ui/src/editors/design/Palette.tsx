import { Stack, Text, UnstyledButton } from "@mantine/core";
import {
  IconColumns1,
  IconColumns2,
  IconColumns3,
  IconHeading,
  IconLetterCase,
  IconMailOff,
  IconPhoto,
  IconPhotoSquareRounded,
  IconSeparatorHorizontal,
  IconSpacingVertical,
  IconSquareRoundedArrowRight,
} from "@tabler/icons-react";
import { lazy, Suspense } from "react";
import { useTranslation } from "react-i18next";
import { type Engine, insert } from "./engine";
import { BLOCKS } from "./kinds";
import { boxed } from "./source";

const BlockPicker = lazy(async () => ({ default: (await import("../../emails/BlockPicker")).BlockPicker }));

const ICONS: Record<string, typeof IconHeading> = {
  text: IconLetterCase,
  heading: IconHeading,
  button: IconSquareRoundedArrowRight,
  image: IconPhoto,
  divider: IconSeparatorHorizontal,
  spacer: IconSpacingVertical,
  unsubscribe: IconMailOff,
  one: IconColumns1,
  two: IconColumns2,
  three: IconColumns3,
  picture: IconPhotoSquareRounded,
};

/** Blocks to put in: by a click behind what is selected, or drawn to a place. */
export function Palette({ engine }: { engine: Engine }) {
  const { t } = useTranslation("design");
  const { Blocks } = engine.editor;
  const draw = (key: string, source: string, event: Event) => {
    const block = Blocks.get(key) ?? Blocks.add(key, { label: key, content: source });
    Blocks.startDrag(block, event);
  };
  const group = (place: "body" | "column") => (
    <div className="hg-design-blocks">
      {BLOCKS.filter((block) => block.in === place).map((block) => {
        const Icon = ICONS[block.key] ?? IconLetterCase;
        return (
          <UnstyledButton
            key={block.key}
            className="hg-design-block"
            draggable
            onClick={() => insert(engine.editor, block)}
            onDragStart={(event) => draw(block.key, block.source, event.nativeEvent)}
            onDragEnd={() => Blocks.endDrag(false)}
          >
            <Icon size={22} stroke={1.6} aria-hidden />
            <Text size="xs">{t(`block.${block.key}`)}</Text>
          </UnstyledButton>
        );
      })}
    </div>
  );
  return (
    <Stack gap="xs">
      <Text size="sm" fw={600}>
        {t("contents")}
      </Text>
      {group("column")}
      <Text size="sm" fw={600} mt="xs">
        {t("sections")}
      </Text>
      {group("body")}
      <Suspense>
        <BlockPicker
          format="mjml"
          onPick={(block, source) =>
            insert(engine.editor, { in: block.section ? "body" : "column", source: boxed(source) })
          }
        />
      </Suspense>
      <Text size="xs" c="dimmed">
        {t("blocksHint")}
      </Text>
    </Stack>
  );
}
