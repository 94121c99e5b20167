import { ActionIcon, Menu, TextInput, type TextInputProps } from "@mantine/core";
import { IconBraces } from "@tabler/icons-react";
import { useRef } from "react";
import { useTranslation } from "react-i18next";
import { useFields } from "../contacts/use-fields";

type Props = Omit<TextInputProps, "onChange" | "value"> & {
  value: string;
  onChange: (value: string) => void;
};

/** A one-line text with a menu that puts the contact's facts at the cursor. */
export function TokenInput({ value, onChange, ...rest }: Props) {
  const { t } = useTranslation();
  const fields = useFields();
  const input = useRef<HTMLInputElement>(null);
  const put = (alias: string) => {
    const token = `{contactfield=${alias}}`;
    const at = input.current?.selectionStart ?? value.length;
    const end = input.current?.selectionEnd ?? at;
    onChange(value.slice(0, at) + token + value.slice(end));
  };
  return (
    <TextInput
      {...rest}
      ref={input}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      rightSection={
        <Menu position="bottom-end">
          <Menu.Target>
            <ActionIcon
              variant="subtle"
              color="gray"
              c="dimmed"
              aria-label={t("token.insertInto", { name: String(rest.label ?? "") })}
            >
              <IconBraces size={16} aria-hidden />
            </ActionIcon>
          </Menu.Target>
          <Menu.Dropdown mah={320} style={{ overflowY: "auto" }}>
            {fields.map((field) => (
              <Menu.Item key={field.alias} onClick={() => put(field.alias)}>
                {field.label}
              </Menu.Item>
            ))}
          </Menu.Dropdown>
        </Menu>
      }
    />
  );
}
