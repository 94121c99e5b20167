import { CloseButton, Group, Pill, TextInput } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { IconSearch } from "@tabler/icons-react";
import { type ReactNode, useEffect, useState } from "react";
import { useTranslation } from "react-i18next";

type Props = {
  search: string;
  onSearch: (text: string) => void;
  placeholder: string;
  chips?: { key: string; label: string; remove: () => void }[];
  children?: ReactNode;
};

/** Search box, filters and what is filtered by; all of it lives in the address of the page. */
export function FilterBar({ search, onSearch, placeholder, chips = [], children }: Props) {
  const { t } = useTranslation();
  const [text, setText] = useState(search);
  const tell = useDebouncedCallback(onSearch, 200);
  useEffect(() => setText(search), [search]);
  const change = (value: string) => {
    setText(value);
    tell(value);
  };
  return (
    <Group mb="md" gap="sm">
      <TextInput
        id="list-search"
        aria-label={placeholder}
        placeholder={placeholder}
        leftSection={<IconSearch size={16} aria-hidden />}
        rightSection={
          text ? <CloseButton size="sm" aria-label={t("clearSearch")} onClick={() => change("")} /> : null
        }
        value={text}
        onChange={(event) => change(event.currentTarget.value)}
        w={{ base: "100%", xs: Math.max(300, Math.min(440, placeholder.length * 9 + 40)) }}
      />
      {children}
      {chips.map((chip) => (
        <Pill
          key={chip.key}
          size="md"
          withRemoveButton
          onRemove={chip.remove}
          removeButtonProps={{
            "aria-label": t("removeFilter", { name: chip.label }),
            "aria-hidden": false,
            tabIndex: 0,
          }}
        >
          {chip.label}
        </Pill>
      ))}
    </Group>
  );
}
