import { Button, Group, NumberInput, Select, Stack, Textarea, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { $api } from "../api/client";
import type { BulkAction, ChannelRule } from "../api/types";
import { useSession } from "../app/session";
import { CompanySelect } from "../companies/CompanySelect";
import { number } from "../ui/format";
import { TagNames, type ThingKind, ThingSelect } from "../ui/pickers";
import { fromLocalInput } from "../ui/zoned";

/** Actions that need an answer before they run. */
export type Asked = Exclude<BulkAction["kind"], "delete" | "restore">;

type Props = {
  kind: Asked;
  count: number;
  /** The segment that the list shows. */
  segment?: number;
  run: (action: BulkAction) => void;
};

type One = "segment_id" | "campaign_id" | "stage_id" | "category_id";

/** Actions that ask for one thing by name: which, its key, and whether none may be chosen too. */
const THINGS: Partial<Record<Asked, { thing: ThingKind; key: One; hint: string; none?: boolean }>> = {
  add_to_segment: { thing: "segments", key: "segment_id", hint: "bulk.segmentHint" },
  remove_from_segment: { thing: "segments", key: "segment_id", hint: "bulk.leaveSegmentHint" },
  add_to_campaign: { thing: "campaigns", key: "campaign_id", hint: "bulk.campaignHint" },
  remove_from_campaign: { thing: "campaigns", key: "campaign_id", hint: "bulk.leaveHint" },
  subscribe: { thing: "categories", key: "category_id", hint: "bulk.categoryHint" },
  unsubscribe: { thing: "categories", key: "category_id", hint: "bulk.categoryHint" },
  change_stage: { thing: "stages", key: "stage_id", hint: "bulk.stageHint", none: true },
};

/** What an action on many contacts asks for. */
export function BulkForm({ kind, count, segment, run }: Props) {
  const { t } = useTranslation("contacts");
  const start: BulkAction =
    kind === "remove_from_segment" && segment ? { kind, segment_id: segment } : { kind };
  const [action, setAction] = useState<BulkAction>(start);
  const set = (patch: Partial<BulkAction>) => setAction((before) => ({ ...before, ...patch }));
  const asks = THINGS[kind];
  const ready =
    asks && !asks.none
      ? action[asks.key] != null
      : kind.endsWith("_tags")
        ? Boolean(action.tags?.length)
        : kind.endsWith("_company")
          ? action.company_id != null
          : kind !== "change_channel" ||
            Boolean(action.limit || action.pause) ||
            action.subscribed != null ||
            action.preferred != null;
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        run(action);
      }}
    >
      <Stack>
        {asks && (
          <ThingSelect
            kind={asks.thing}
            label={t(`bulk.things.${asks.thing}`)}
            description={t(asks.hint)}
            clearable={asks.none}
            value={action[asks.key] ?? null}
            onChange={(id) => set({ [asks.key]: id })}
          />
        )}
        {kind.endsWith("_tags") && (
          <TagNames
            label={t("tags")}
            description={t("tagsHint")}
            value={action.tags ?? []}
            onChange={(tags) => set({ tags })}
            autoFocus
          />
        )}
        {kind.endsWith("_company") && (
          <CompanySelect
            label={t("bulk.company")}
            value={action.company_id ?? null}
            onChange={(company_id) => set({ company_id })}
            autoFocus
          />
        )}
        {kind === "set_owner" && (
          <OwnerInput value={action.owner_id} onChange={(owner_id) => set({ owner_id })} />
        )}
        {["do_not_contact", "contact_again", "change_channel"].includes(kind) && (
          <ChannelInput
            hint={kind === "contact_again" ? t("bulk.againHint") : undefined}
            value={action.channel ?? "email"}
            onChange={(channel) => set({ channel })}
          />
        )}
        {kind === "do_not_contact" && (
          <Textarea
            label={t("bulk.reason")}
            description={t("bulk.reasonHint")}
            autosize
            minRows={2}
            value={action.comments ?? ""}
            onChange={(event) => set({ comments: event.currentTarget.value })}
          />
        )}
        {kind === "change_channel" && <ChannelParts action={action} set={set} />}
        <Group justify="flex-end">
          <Button type="submit" disabled={!ready}>
            {t("bulk.apply", { count, shown: number(count) })}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

type OwnerProps = { value?: number | null; onChange: (id: number | null) => void };

function OwnerInput({ value, onChange }: OwnerProps) {
  const { t } = useTranslation("contacts");
  const { data: owners } = $api.useQuery("get", "/contacts/owners");
  return (
    <Select
      label={t("persons:owner.label")}
      description={t("bulk.ownerHint")}
      placeholder={t("persons:owner.nobody")}
      clearable
      clearButtonProps={{ "aria-label": t("persons:owner.nobody"), "aria-hidden": false, tabIndex: 0 }}
      data={owners?.map((owner) => ({ value: String(owner.id), label: owner.name })) ?? []}
      value={value == null ? null : String(value)}
      onChange={(next) => onChange(next === null ? null : Number(next))}
      data-autofocus
    />
  );
}

type ChannelProps = { value: string; onChange: (channel: string) => void; hint?: string };

function ChannelInput({ value, onChange, hint }: ChannelProps) {
  const { t } = useTranslation("contacts");
  const channels = ["email", "sms", "notification"];
  return (
    <Select
      label={t("bulk.channel")}
      description={hint}
      allowDeselect={false}
      data={channels.map((key) => ({ value: key, label: t(`persons:reach.channels.${key}`) }))}
      value={value}
      onChange={(next) => onChange(next ?? "email")}
      data-autofocus
    />
  );
}

type PartsProps = { action: BulkAction; set: (patch: Partial<BulkAction>) => void };
type Period = NonNullable<ChannelRule["period"]>;

/** What may change on a channel; everything begins at "as it is". */
function ChannelParts({ action, set }: PartsProps) {
  const { t } = useTranslation("contacts");
  const zone = useSession().site.timezone;
  const [days, setDays] = useState({ from: "", until: "" });
  const pick = (
    label: string,
    value: string,
    words: [string, string],
    change: (next: string) => void,
    hint?: string,
  ) => (
    <Select
      label={label}
      description={hint}
      allowDeselect={false}
      data={[
        { value: "same", label: t("bulk.asItIs") },
        { value: "yes", label: words[0] },
        { value: "no", label: words[1] },
      ]}
      value={value}
      onChange={(next) => change(next ?? "same")}
    />
  );
  const three = (value: boolean | null | undefined) => (value == null ? "same" : value ? "yes" : "no");
  const back = (value: string) => (value === "same" ? undefined : value === "yes");
  const { limit } = action;
  const pauseDays = (next: typeof days) => {
    setDays(next);
    const instant = (text: string) => (text ? fromLocalInput(text, zone) : null);
    set({ pause: { from: instant(next.from), until: instant(next.until) } });
  };
  const [pauses, setPauses] = useState("same");
  return (
    <>
      {pick(
        t("bulk.takePart"),
        three(action.subscribed),
        [t("bulk.takesPart"), t("bulk.takesNoPart")],
        (next) => set({ subscribed: back(next) }),
        t("bulk.takePartHint"),
      )}
      {pick(
        t("bulk.preferredChannel"),
        three(action.preferred),
        [t("bulk.preferredYes"), t("bulk.preferredNo")],
        (next) => set({ preferred: back(next) }),
      )}
      {pick(
        t("bulk.howOften"),
        limit ? (limit.most ? "yes" : "no") : "same",
        [t("bulk.limitSet"), t("bulk.limitNone")],
        (next) =>
          set({
            limit:
              next === "same" ? undefined : next === "yes" ? { most: 1, period: "week" } : { most: null },
          }),
      )}
      {limit?.most && (
        <Group grow align="flex-start">
          <NumberInput
            label={t("persons:reach.most")}
            min={1}
            value={limit.most}
            onChange={(most) => set({ limit: { ...limit, most: Number(most) || 1 } })}
          />
          <Select
            label={t("persons:reach.period")}
            allowDeselect={false}
            data={(["day", "week", "month"] as const).map((key) => ({
              value: key,
              label: t(`persons:reach.periods.${key}`),
            }))}
            value={limit.period ?? "week"}
            onChange={(period) => set({ limit: { ...limit, period: (period ?? "week") as Period } })}
          />
        </Group>
      )}
      {pick(t("bulk.pause"), pauses, [t("bulk.pauseSet"), t("bulk.pauseNone")], (next) => {
        setPauses(next);
        setDays({ from: "", until: "" });
        set({ pause: next === "no" ? { from: null, until: null } : undefined });
      })}
      {pauses === "yes" && (
        <Group grow>
          <TextInput
            type="datetime-local"
            label={t("persons:reach.pauseFrom")}
            value={days.from}
            onChange={(event) => pauseDays({ ...days, from: event.currentTarget.value })}
          />
          <TextInput
            type="datetime-local"
            label={t("persons:reach.pauseUntil")}
            value={days.until}
            onChange={(event) => pauseDays({ ...days, until: event.currentTarget.value })}
          />
        </Group>
      )}
    </>
  );
}
