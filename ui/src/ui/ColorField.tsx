import { TextInput } from "@mantine/core";
import { useTranslation } from "react-i18next";

type Props = {
  label: string;
  value: string;
  placeholder?: string;
  size?: string;
  error?: string;
  onChange: (value: string) => void;
};

/** A colour: picked with the browser's own picker, or written as #rrggbb. */
export function ColorField({ label, value, onChange, ...rest }: Props) {
  const { t } = useTranslation();
  return (
    <TextInput
      {...rest}
      label={label}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
      leftSection={
        <input
          type="color"
          aria-label={t("pickColor", { name: label })}
          value={/^#[\da-f]{6}$/i.test(value) ? value : "#ffffff"}
          onChange={(event) => onChange(event.currentTarget.value)}
          style={{ width: 20, height: 20, padding: 0, border: 0, background: "none", cursor: "pointer" }}
        />
      }
    />
  );
}
