import {
  IconBuilding,
  IconCoin,
  IconFilterQuestion,
  IconForms,
  IconMail,
  IconMailOpened,
  IconPointer,
  IconStairs,
  IconTag,
  IconWorld,
} from "@tabler/icons-react";
import type { ComponentType } from "react";
import { useTranslation } from "react-i18next";
import type { Step, Timing } from "../api/types";
import { useFields } from "../contacts/use-fields";
import { dateTime } from "../ui/format";
import { useThings } from "../ui/pickers";

type IconType = ComponentType<{ size?: number | string; stroke?: number; "aria-hidden"?: boolean }>;

const ICONS: Record<string, IconType> = {
  "email.send": IconMail,
  "contact.tags": IconTag,
  "contact.points": IconCoin,
  "contact.stage": IconStairs,
  "company.score": IconBuilding,
  "email.open": IconMailOpened,
  "email.click": IconPointer,
  "form.submit": IconForms,
  "page.visit": IconWorld,
  "contact.field": IconFilterQuestion,
};

export function stepIcon(type: string): IconType {
  return ICONS[type] ?? IconFilterQuestion;
}

/** What a step does, in a few words, with the names of the things it uses. */
export function useStepWords() {
  const { t } = useTranslation("campaigns");
  const emails = useThings("emails");
  const forms = useThings("forms");
  const pages = useThings("pages");
  const stages = useThings("stages");
  const groups = useThings("point_groups");
  const fields = useFields();
  const name = (list: { value: string; label: string }[], id: unknown) =>
    list.find((one) => one.value === String(id))?.label ?? `#${String(id)}`;
  const names = (list: { value: string; label: string }[], ids: unknown) =>
    (Array.isArray(ids) ? ids : []).map((id) => name(list, id)).join(", ");
  return (step: Step): string => {
    const { settings } = step;
    switch (step.type) {
      case "email.send":
        return settings.email_id ? name(emails, settings.email_id) : t("missing.email");
      case "contact.tags": {
        const add = ((settings.add as string[] | undefined) ?? []).map((tag) => `+ ${tag}`);
        const remove = ((settings.remove as string[] | undefined) ?? []).map((tag) => `− ${tag}`);
        return [...add, ...remove].join(", ") || t("missing.tags");
      }
      case "contact.points": {
        const points = Number(settings.points ?? 0);
        const group = settings.group_id ? ` (${name(groups, settings.group_id)})` : "";
        return t("pointsWords", { points: points > 0 ? `+${points}` : points }) + group;
      }
      case "company.score": {
        const score = Number(settings.score ?? 0);
        return t("scoreWords", { score: score > 0 ? `+${score}` : score });
      }
      case "contact.stage":
        return settings.stage_id ? name(stages, settings.stage_id) : t("missing.stage");
      case "email.open":
        return t("openWords");
      case "email.click": {
        const urls = (settings.urls as string[] | undefined) ?? [];
        return urls.length ? urls.join(", ") : t("anyLink");
      }
      case "form.submit":
        return names(forms, settings.forms) || t("anyForm");
      case "page.visit":
        return [names(pages, settings.pages), settings.url].filter(Boolean).join(", ") || t("anyPage");
      case "contact.field": {
        const field = fields.find((one) => one.alias === settings.field);
        if (!settings.field) return t("missing.field");
        const value = Array.isArray(settings.value)
          ? settings.value.join(", ")
          : String(settings.value ?? "");
        return `${field?.label ?? String(settings.field)} ${t(`op.${String(settings.op)}`, { defaultValue: String(settings.op) })} ${value}`.trim();
      }
      default:
        return step.type;
    }
  };
}

/** When a step runs, in words; nothing when it runs at once. */
export function useTimingWords() {
  const { t } = useTranslation("campaigns");
  return (timing: Timing, onNoPath: boolean): string | null => {
    if (timing.mode === "date") return timing.at ? dateTime(timing.at) : t("timing.noDate");
    if (timing.mode === "immediate") return null;
    const count = timing.interval ?? 0;
    const wait = t(`timing.units.${timing.unit ?? "d"}`, { count });
    const parts = [onNoPath ? t("timing.ifNot", { wait }) : t("timing.after", { wait })];
    if (timing.hour) parts.push(t("timing.atHour", { hour: timing.hour }));
    else if (timing.between)
      parts.push(t("timing.betweenWords", { from: timing.between[0], to: timing.between[1] }));
    if (timing.weekdays?.length && timing.weekdays.length < 7) {
      parts.push(timing.weekdays.map((day) => t(`timing.days.${day}`)).join(" "));
    }
    return parts.join(", ");
  };
}
