import {
  IconArrowsSplit2,
  IconBrandSlack,
  IconBuilding,
  IconBuildingPlus,
  IconCoin,
  IconCornerUpLeft,
  IconDevices,
  IconFilter,
  IconFilterQuestion,
  IconForms,
  IconHandStop,
  IconHourglass,
  IconMail,
  IconMailCheck,
  IconMailOff,
  IconMailOpened,
  IconMessageReply,
  IconPencil,
  IconPointer,
  IconRoute,
  IconSpeakerphone,
  IconStairs,
  IconTag,
  IconTrash,
  IconUserCheck,
  IconUsersGroup,
  IconWebhook,
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
  "contact.segments": IconUsersGroup,
  "contact.update": IconPencil,
  "contact.owner": IconUserCheck,
  "contact.campaigns": IconRoute,
  "contact.stop": IconMailOff,
  "contact.again": IconMailCheck,
  "contact.delete": IconTrash,
  "company.add": IconBuildingPlus,
  "company.update": IconBuilding,
  "team.email": IconSpeakerphone,
  "team.slack": IconBrandSlack,
  "web.call": IconWebhook,
  "flow.jump": IconCornerUpLeft,
  "email.reply": IconMessageReply,
  "device.used": IconDevices,
  "contact.becomes": IconHourglass,
  "contact.filter": IconFilter,
  "contact.device": IconDevices,
  "contact.visited": IconWorld,
  "contact.has_tags": IconTag,
  "contact.in_segments": IconUsersGroup,
  "contact.in_stages": IconStairs,
  "contact.owned_by": IconUserCheck,
  "contact.in_campaigns": IconRoute,
  "contact.blocked": IconMailOff,
  "contact.points_are": IconCoin,
  "form.answer": IconForms,
  "email.valid": IconMailCheck,
  "flow.split": IconArrowsSplit2,
  "flow.holdout": IconHandStop,
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
  const segments = useThings("segments");
  const groups = useThings("point_groups");
  const fields = useFields();
  const name = (list: { value: string; label: string }[], id: unknown) =>
    list.find((one) => one.value === String(id))?.label ?? `#${String(id)}`;
  const names = (list: { value: string; label: string }[], ids: unknown) =>
    (Array.isArray(ids) ? ids : []).map((id) => name(list, id)).join(", ");
  const changed = (add: string, remove: string) =>
    [add && `+ ${add}`, remove && `− ${remove}`].filter(Boolean).join(", ");
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
      case "contact.update":
      case "company.update":
        return Object.keys((settings.fields as object | undefined) ?? {}).join(", ") || t("missing.field");
      case "flow.split":
        return t("splitWords", { percent: Number(settings.percent ?? 50) });
      case "flow.holdout":
        return t("holdoutWords", { percent: Number(settings.percent ?? 10) });
      case "web.call":
      case "team.slack":
        return String(settings.url || t("missing.address"));
      case "contact.segments":
        return (
          changed(names(segments, settings.add), names(segments, settings.remove)) || t("missing.segments")
        );
      case "contact.in_segments":
        return names(segments, settings.segments) || t("missing.segments");
      case "contact.in_stages":
        return names(stages, settings.stages) || t("missing.stage");
      case "contact.has_tags":
        return ((settings.tags as string[] | undefined) ?? []).join(", ") || t("missing.tags");
      case "contact.stop":
      case "contact.again":
      case "contact.blocked":
        return ((settings.channels as string[] | undefined) ?? []).join(", ");
      case "contact.points_are":
        return `${t(`op.${String(settings.op)}`, { defaultValue: String(settings.op) })} ${Number(settings.points ?? 0)}`;
      case "team.email":
        return settings.email_id ? name(emails, settings.email_id) : t("missing.email");
      default:
        return "";
    }
  };
}

/** When a step runs, in words; nothing when it runs at once. */
export function useTimingWords() {
  const { t } = useTranslation("campaigns");
  return (timing: Timing, onNoPath: boolean): string | null => {
    if (timing.mode === "date") return timing.at ? dateTime(timing.at) : t("timing.noDate");
    if (timing.mode === "immediate") return null;
    if (timing.mode === "optimized") return t(`timing.bestOf.${timing.best ?? "hour"}`);
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
