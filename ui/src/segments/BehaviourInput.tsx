import { Checkbox, Group, NumberInput, Select, Text, TextInput } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { CatalogueField } from "../api/types";
import { type ThingKind, ThingsSelect } from "../ui/pickers";
import { IntervalInput } from "./IntervalInput";

/** How often, about what, when and where: a block about one kind of act. */
type Block = {
  times?: number;
  last?: { interval: number; unit: string };
  from?: string;
  to?: string;
  of?: number[];
  url?: { op: string; text: string };
  machines?: boolean;
};

type Props = { field: CatalogueField; value: unknown; onChange: (value: Block) => void };

const PLACES = ["contains", "=", "startsWith", "endsWith"];

export function BehaviourInput({ field, value, onChange }: Props) {
  const { t } = useTranslation("segments");
  const block = (typeof value === "object" && value !== null ? value : {}) as Block;
  const set = (patch: Partial<Block>) => {
    const next = { ...block, ...patch };
    for (const key of Object.keys(next) as (keyof Block)[]) {
      if (next[key] === undefined) delete next[key];
    }
    onChange(next);
  };
  const when = block.last ? "last" : block.from !== undefined || block.to !== undefined ? "range" : "ever";
  return (
    <Group gap={6}>
      <NumberInput
        aria-label={t("behaviour.times")}
        w={80}
        min={0}
        allowDecimal={false}
        value={block.times ?? 1}
        onChange={(next) => set({ times: next === "" ? 1 : Number(next) })}
      />
      <Text size="sm">{t("behaviour.timesUnit", { count: block.times ?? 1 })}</Text>
      <Select
        aria-label={t("behaviour.when")}
        w={150}
        allowDeselect={false}
        data={["ever", "last", "range"].map((key) => ({ value: key, label: t(`behaviour.${key}`) }))}
        value={when}
        onChange={(next) => {
          const none = { last: undefined, from: undefined, to: undefined };
          if (next === "last") set({ ...none, last: { interval: 30, unit: "day" } });
          else if (next === "range") set({ ...none, from: "-30 days" });
          else set(none);
        }}
      />
      {when === "last" && (
        <IntervalInput
          label={t("behaviour.last")}
          value={block.last}
          onChange={(last) => set({ last: last as Block["last"] })}
        />
      )}
      {when === "range" && (
        <>
          <TextInput
            aria-label={t("builder.from")}
            w={120}
            placeholder="-30 days"
            value={block.from ?? ""}
            onChange={(event) => set({ from: event.currentTarget.value || undefined, to: block.to ?? "" })}
          />
          <TextInput
            aria-label={t("builder.to")}
            w={120}
            placeholder="today"
            value={block.to ?? ""}
            onChange={(event) => set({ to: event.currentTarget.value || undefined, from: block.from ?? "" })}
          />
        </>
      )}
      {field.source && (
        <ThingsSelect
          aria-label={t("behaviour.of")}
          placeholder={block.of?.length ? undefined : t("behaviour.any")}
          kind={field.source as ThingKind}
          w={240}
          value={block.of ?? []}
          onChange={(of) => set({ of: of.length ? of : undefined })}
        />
      )}
      {(field.field === "did:email_opened" || field.field === "did:email_clicked") && (
        <Checkbox
          size="sm"
          label={t("behaviour.peopleOnly")}
          checked={!block.machines}
          onChange={(event) => set({ machines: event.currentTarget.checked ? undefined : true })}
        />
      )}
      {field.field === "did:page_hit" && (
        <>
          <Select
            aria-label={t("behaviour.place")}
            w={140}
            clearable
            placeholder={t("behaviour.anyPlace")}
            data={PLACES.map((op) => ({ value: op, label: t(`behaviour.places.${op}`) }))}
            clearButtonProps={{ "aria-label": t("common:remove"), "aria-hidden": false, tabIndex: 0 }}
            value={block.url?.op ?? null}
            onChange={(op) => set({ url: op ? { op, text: block.url?.text ?? "" } : undefined })}
          />
          {block.url && (
            <TextInput
              aria-label={t("behaviour.address")}
              w={180}
              placeholder="/pricing"
              value={block.url.text}
              onChange={(event) => set({ url: { op: block.url!.op, text: event.currentTarget.value } })}
            />
          )}
        </>
      )}
    </Group>
  );
}
