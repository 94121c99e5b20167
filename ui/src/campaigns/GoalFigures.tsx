import { SimpleGrid } from "@mantine/core";
import { useTranslation } from "react-i18next";
import type { Campaign } from "../api/types";
import { number, percent } from "../ui/format";
import { StatTile } from "../ui/parts";

type Share = NonNullable<Campaign["goals"]>["people"];

/** How the campaign does by its goals, beside those who were held back. */
export function GoalFigures({ goals }: { goals: NonNullable<Campaign["goals"]> }) {
  const { t } = useTranslation("campaigns");
  const rate = (share: Share) => percent(share.reached, share.of);
  const note = (share: Share) =>
    share.low == null || share.high == null
      ? undefined
      : t("goal.between", { low: percent(share.low, 1), high: percent(share.high, 1) });
  const { people, held_back: held, mean_hours: hours } = goals;
  const took =
    hours == null
      ? "–"
      : hours < 48
        ? t("goal.hours", { hours: number(Math.round(hours)) })
        : t("goal.days", { days: number(Math.round(hours / 24)) });
  return (
    <SimpleGrid cols={{ base: 1, sm: held ? 4 : 3 }} mb="md">
      <StatTile
        label={t("goal.conversions")}
        value={number(people.reached)}
        note={t("goal.of", { of: number(people.of) })}
      />
      <StatTile label={t("goal.rate")} value={rate(people)} note={note(people)} />
      {held && <StatTile label={t("goal.held")} value={rate(held)} note={note(held)} />}
      <StatTile label={t("goal.time")} value={took} />
    </SimpleGrid>
  );
}
