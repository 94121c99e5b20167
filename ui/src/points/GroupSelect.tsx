import { useTranslation } from "react-i18next";
import { ThingSelect, useThings } from "../ui/pickers";

/** Which score: the main one, or that of a group. Without groups there is nothing to choose. */
export function GroupSelect({
  value,
  onChange,
}: {
  value: number | null;
  onChange: (id: number | null) => void;
}) {
  const { t } = useTranslation("points");
  const groups = useThings("point_groups");
  if (!groups.length && value == null) return null;
  return (
    <ThingSelect
      kind="point_groups"
      label={t("score")}
      placeholder={t("mainScore")}
      clearable
      value={value}
      onChange={onChange}
    />
  );
}
