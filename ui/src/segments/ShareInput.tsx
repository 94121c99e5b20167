import { Group, NumberInput, Text, TextInput } from "@mantine/core";
import { useTranslation } from "react-i18next";

/** A part of all contacts, drawn by chance and the same every time. */
type Share = { percent?: number; from?: number; draw?: string };

export function ShareInput({ value, onChange }: { value: unknown; onChange: (value: Share) => void }) {
  const { t } = useTranslation("segments");
  const share = (typeof value === "object" && value !== null ? value : {}) as Share;
  const set = (patch: Share) => {
    const { percent, from, draw } = { ...share, ...patch };
    onChange({ percent, ...(from ? { from } : {}), ...(draw ? { draw } : {}) });
  };
  return (
    <Group gap={6}>
      <NumberInput
        aria-label={t("share.percent")}
        w={90}
        min={0.01}
        max={100}
        decimalScale={2}
        suffix=" %"
        value={share.percent ?? ""}
        onChange={(next) => set({ percent: next === "" ? undefined : Number(next) })}
      />
      <Text size="sm">{t("share.from")}</Text>
      <NumberInput
        aria-label={t("share.begins")}
        w={90}
        min={0}
        max={99.99}
        decimalScale={2}
        suffix=" %"
        value={share.from ?? 0}
        onChange={(next) => set({ from: Number(next) || 0 })}
      />
      <TextInput
        aria-label={t("share.draw")}
        placeholder={t("share.drawHint")}
        title={t("share.drawHelp")}
        w={150}
        value={share.draw ?? ""}
        onChange={(event) => set({ draw: event.currentTarget.value })}
      />
    </Group>
  );
}
