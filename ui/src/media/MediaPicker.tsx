import { ActionIcon, Group, TextInput, type TextInputProps } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconPhoto } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { MediaFile } from "../api/types";
import { useMayEdit } from "../app/session";
import { FormModal } from "../ui/parts";
import { Library, UploadButton } from "./Library";

type Props = Omit<TextInputProps, "onChange" | "value"> & {
  value: string;
  /** The address, and the image when it was chosen from the library. */
  onChange: (url: string, file?: MediaFile) => void;
};

/** The address of an image: written, or chosen from the media library. */
export function ImageInput({ value, onChange, ...rest }: Props) {
  const { t } = useTranslation("media");
  const [opened, dialog] = useDisclosure();
  const may = useMayEdit();
  const pick = (file: MediaFile) => {
    onChange(file.url, file);
    dialog.close();
  };
  return (
    <>
      <TextInput
        {...rest}
        value={value}
        onChange={(event) => onChange(event.currentTarget.value)}
        rightSection={
          <ActionIcon
            variant="subtle"
            color="gray"
            c="dimmed"
            aria-label={t("choose")}
            title={t("choose")}
            onClick={dialog.open}
          >
            <IconPhoto size={16} aria-hidden />
          </ActionIcon>
        }
      />
      <FormModal opened={opened} close={dialog.close} title={t("choose")} size="72rem">
        {may && (
          <Group justify="flex-end" mb="sm">
            <UploadButton onDone={pick} />
          </Group>
        )}
        <Library onPick={pick} />
      </FormModal>
    </>
  );
}
