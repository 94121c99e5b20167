import {
  ActionIcon,
  Button,
  Group,
  Menu,
  NumberInput,
  Select,
  Stack,
  Switch,
  TagsInput,
  Text,
  TextInput,
  Title,
} from "@mantine/core";
import { IconCopy, IconPlus, IconTrash, IconX } from "@tabler/icons-react";
import type { TFunction } from "i18next";
import { useId } from "react";
import { useTranslation } from "react-i18next";
import type { Step } from "../api/types";
import { useFields } from "../contacts/use-fields";
import { FieldInput } from "../contacts/values";
import { GroupSelect } from "../points/GroupSelect";
import { number } from "../ui/format";
import { TextLink } from "../ui/links";
import { TagNames, ThingSelect, ThingsSelect } from "../ui/pickers";
import { type StepType, typeOf } from "./catalogue";
import { SettingInputs } from "./SettingInputs";
import { StepTroubles } from "./StepTroubles";
import { StepTypeItems } from "./StepTypeItems";
import { TimingFields } from "./TimingFields";
import { allSlots, mayMove, type Slot } from "./tree";
import { stepIcon } from "./words";

type Props = {
  campaign: number;
  step: Step;
  steps: Step[];
  counts: Step["counts"];
  editable: boolean;
  errors: string[];
  onChange: (patch: Partial<Step>) => void;
  onMove: (slot: Slot) => void;
  onBeside: (type: StepType) => void;
  onCopy: () => void;
  onRemove: () => void;
  close: () => void;
};

/** The side panel of a step: what it does, when, and who is there. */
export function StepPanel(props: Props) {
  const { t } = useTranslation("campaigns");
  const { step, steps, counts, editable, onChange } = props;
  const heading = useId();
  const Icon = stepIcon(step.type);
  const parent = steps.find((one) => one.key === step.parent);
  const onNoPath = parent?.kind === "decision" && step.path === "no";
  const places = allSlots(steps).filter((slot) => mayMove(steps, step.key, slot));
  return (
    <section className="hg-card hg-panel" aria-labelledby={heading}>
      <Stack p="lg" gap="md">
        <Group justify="space-between" wrap="nowrap" align="flex-start">
          <Group gap={10} wrap="nowrap">
            <span className={`hg-node-${step.kind}`}>
              <span className="hg-node-icon">
                <Icon size={18} stroke={1.7} aria-hidden />
              </span>
            </span>
            <div>
              <Text size="xs" c="dimmed">
                {t(`kind.${step.kind}`)}
              </Text>
              <Title order={2} id={heading} fz={16}>
                {t(`type.${step.type}`)}
              </Title>
            </div>
          </Group>
          <ActionIcon
            variant="subtle"
            color="gray"
            c="dimmed"
            onClick={props.close}
            aria-label={t("closePanel")}
          >
            <IconX size={18} aria-hidden />
          </ActionIcon>
        </Group>
        {props.errors.map((error) => (
          <Text key={error} size="sm" c="var(--mantine-color-error)" role="alert">
            {error}
          </Text>
        ))}
        {counts && (
          <Group gap="lg" className="hg-num">
            {(["done", "waiting", "yes", "no", "failing", "failed"] as const)
              .filter((key) => counts[key] > 0 || key === "done")
              .filter((key) => step.kind !== "action" || (key !== "yes" && key !== "no"))
              .map((key) => (
                <TextLink
                  key={key}
                  to="/campaigns/$id/people"
                  params={{ id: String(props.campaign) }}
                  search={{
                    step: step.key,
                    state: key === "waiting" || key === "failed" ? key : undefined,
                  }}
                  size="sm"
                >
                  <b>{number(counts[key])}</b> {t(key)}
                </TextLink>
              ))}
          </Group>
        )}
        {counts && <StepTroubles {...props} counts={counts} />}
        <fieldset disabled={!editable} style={{ border: 0, padding: 0, margin: 0, minWidth: 0 }}>
          <Stack gap="md">
            <TextInput
              label={t("stepName")}
              value={step.name}
              onChange={(event) => onChange({ name: event.currentTarget.value })}
            />
            <StepSettings
              step={step}
              steps={steps}
              onChange={(settings) => onChange({ settings: { ...step.settings, ...settings } })}
            />
            {step.kind !== "decision" && (
              <TimingFields
                timing={step.timing}
                onNoPath={onNoPath}
                hasBestTime={step.type === "email.send" || step.type === "web.call"}
                onChange={(timing) => onChange({ timing })}
              />
            )}
            {step.kind === "decision" && (
              <Text size="sm" c="dimmed">
                {t("decisionHint")}
              </Text>
            )}
          </Stack>
        </fieldset>
        {editable && (
          <Stack gap="xs">
            {places.length > 0 && (
              <Select
                label={t("moveTo")}
                placeholder={t("movePlaceholder")}
                value={null}
                data={places.map((slot, index) => ({
                  value: String(index),
                  label: slotLabel(slot, steps, t),
                }))}
                onChange={(index) => index !== null && props.onMove(places[Number(index)]!)}
              />
            )}
            <Group gap="xs">
              <Menu position="top-start">
                <Menu.Target>
                  <Button size="xs" variant="default" leftSection={<IconPlus size={14} aria-hidden />}>
                    {t("addBeside")}
                  </Button>
                </Menu.Target>
                <Menu.Dropdown>
                  <StepTypeItems
                    steps={steps}
                    slot={{ parent: step.parent, path: step.path }}
                    onPick={props.onBeside}
                  />
                </Menu.Dropdown>
              </Menu>
              <Button
                size="xs"
                variant="default"
                leftSection={<IconCopy size={14} aria-hidden />}
                onClick={props.onCopy}
              >
                {t("copyBranch")}
              </Button>
              <Button
                size="xs"
                variant="default"
                leftSection={<IconTrash size={14} aria-hidden />}
                onClick={props.onRemove}
              >
                {t("removeBranch")}
              </Button>
            </Group>
          </Stack>
        )}
      </Stack>
    </section>
  );
}

/** A place in words: "After Invitation", "After Clicked?, yes". */
function slotLabel(slot: Slot, steps: Step[], t: TFunction<"campaigns">): string {
  const parent = steps.find((step) => step.key === slot.parent);
  if (!parent) return t("atStart");
  const name = parent.name || t(`type.${parent.type}`);
  return slot.path ? t("afterPath", { name, path: t(`path.${slot.path}`) }) : t("after", { name });
}

type SettingsProps = { step: Step; steps: Step[]; onChange: (settings: Record<string, unknown>) => void };

/** What a step of each type asks for. */
export function StepSettings({ step, steps, onChange }: SettingsProps) {
  const { t } = useTranslation("campaigns");
  const { settings } = step;
  const texts = (key: string) => (Array.isArray(settings[key]) ? (settings[key] as string[]) : []);
  const ids = (key: string) => (Array.isArray(settings[key]) ? (settings[key] as number[]) : []);
  switch (step.type) {
    case "email.send":
      return (
        <Stack gap={4}>
          <ThingSelect
            kind="emails"
            label={t("set.email")}
            required
            value={Number(settings.email_id) || null}
            onChange={(email_id) => onChange({ email_id })}
          />
          {Number(settings.email_id) > 0 && (
            <TextLink
              to="/emails/$id/edit"
              params={{ id: String(settings.email_id) }}
              size="xs"
              target="_blank"
            >
              {t("set.openEmail")}
            </TextLink>
          )}
        </Stack>
      );
    case "contact.tags":
      return (
        <>
          <TagNames label={t("set.addTags")} value={texts("add")} onChange={(add) => onChange({ add })} />
          <TagNames
            label={t("set.removeTags")}
            value={texts("remove")}
            onChange={(remove) => onChange({ remove })}
          />
        </>
      );
    case "company.score":
      return (
        <NumberInput
          label={t("set.score")}
          description={t("set.scoreHint")}
          value={Number(settings.score ?? 0)}
          onChange={(score) => onChange({ score: Number(score) || 0 })}
        />
      );
    case "contact.points":
      return (
        <>
          <NumberInput
            label={t("set.points")}
            description={t("set.pointsHint")}
            value={Number(settings.points ?? 0)}
            onChange={(points) => onChange({ points: Number(points) || 0 })}
          />
          <GroupSelect
            value={Number(settings.group_id) || null}
            onChange={(group_id) => onChange({ group_id })}
          />
        </>
      );
    case "contact.stage":
      return (
        <ThingSelect
          kind="stages"
          label={t("set.stage")}
          description={t("set.stageHint")}
          required
          value={Number(settings.stage_id) || null}
          onChange={(stage_id) => onChange({ stage_id })}
        />
      );
    case "email.open":
      return <PeopleOnly value={settings.machines} onChange={(machines) => onChange({ machines })} />;
    case "email.click":
      return (
        <>
          <TagsInput
            label={t("set.urls")}
            description={t("set.urlsHint")}
            value={texts("urls")}
            onChange={(urls) => onChange({ urls })}
          />
          <PeopleOnly value={settings.machines} onChange={(machines) => onChange({ machines })} />
        </>
      );
    case "form.submit":
      return (
        <ThingsSelect
          kind="forms"
          label={t("set.forms")}
          description={t("set.anyHint")}
          value={ids("forms")}
          onChange={(forms) => onChange({ forms })}
        />
      );
    case "page.visit":
      return (
        <>
          <ThingsSelect
            kind="pages"
            label={t("set.pages")}
            description={t("set.anyHint")}
            value={ids("pages")}
            onChange={(pages) => onChange({ pages })}
          />
          <TextInput
            label={t("set.url")}
            description={t("set.urlHint")}
            value={String(settings.url ?? "")}
            onChange={(event) => onChange({ url: event.currentTarget.value })}
          />
          <TextInput
            label={t("set.referrer")}
            description={t("set.urlHint")}
            value={String(settings.referrer ?? "")}
            onChange={(event) => onChange({ referrer: event.currentTarget.value })}
          />
        </>
      );
    case "contact.field":
      return <FieldCondition settings={settings} onChange={onChange} />;
    default: {
      const inputs = typeOf(step)?.inputs;
      return inputs ? <SettingInputs inputs={inputs} step={step} steps={steps} onChange={onChange} /> : null;
    }
  }
}

const OPERATORS = ["=", "!=", "gt", "gte", "lt", "lte", "empty", "!empty", "like", "!like", "in", "!in"];

function FieldCondition({
  settings,
  onChange,
}: Pick<SettingsProps, "onChange"> & { settings: Step["settings"] }) {
  const { t } = useTranslation("campaigns");
  const fields = useFields();
  const field = fields.find((one) => one.alias === settings.field);
  const op = String(settings.op ?? "=");
  const comparable = field && ["number", "date", "datetime"].includes(field.type);
  const offered = OPERATORS.filter((one) => {
    if (field?.type === "boolean") return one === "=" || one === "!=" || one === "empty" || one === "!empty";
    if (["gt", "gte", "lt", "lte"].includes(one)) return comparable;
    if (one === "in" || one === "!in") return field?.type === "select" || field?.type === "multiselect";
    return true;
  });
  return (
    <>
      <Select
        label={t("set.field")}
        required
        searchable
        allowDeselect={false}
        data={[
          ...fields.map((one) => ({ value: one.alias, label: one.label })),
          { value: "points", label: t("set.pointsField") },
        ].filter((one, index, list) => list.findIndex((other) => other.value === one.value) === index)}
        value={String(settings.field ?? "") || null}
        onChange={(alias) => onChange({ field: alias, value: "" })}
      />
      <Select
        label={t("set.operator")}
        allowDeselect={false}
        data={offered.map((one) => ({ value: one, label: t(`op.${one}`) }))}
        value={op}
        onChange={(next) => next && onChange({ op: next })}
      />
      {op !== "empty" &&
        op !== "!empty" &&
        (op === "in" || op === "!in" ? (
          <TagsInput
            label={t("set.value")}
            value={Array.isArray(settings.value) ? (settings.value as string[]) : []}
            onChange={(value) => onChange({ value })}
          />
        ) : field ? (
          <FieldInput
            field={{ ...field, label: t("set.value"), required: false }}
            value={(settings.value ?? "") as string}
            onChange={(value) => onChange({ value })}
          />
        ) : (
          <TextInput
            label={t("set.value")}
            value={String(settings.value ?? "")}
            onChange={(event) => onChange({ value: event.currentTarget.value })}
          />
        ))}
    </>
  );
}

/** What a mail scanner does answers no decision, unless the author wants it to. */
function PeopleOnly({ value, onChange }: { value: unknown; onChange: (machines: boolean) => void }) {
  const { t } = useTranslation("campaigns");
  return (
    <Switch
      label={t("set.peopleOnly")}
      description={t("set.peopleOnlyHint")}
      checked={!value}
      onChange={(event) => onChange(!event.currentTarget.checked)}
    />
  );
}
