export const TIMELINE_GROUPS = ["kindEmail", "kindWeb", "kindCampaign", "kindChanges"] as const;
type TimelineGroup = (typeof TIMELINE_GROUPS)[number];

/** The kinds of events of each group, as the API names them. */
const KINDS: Record<TimelineGroup, string[]> = {
  kindEmail: [
    "email_sent",
    "email_opened",
    "email_clicked",
    "machine_opened",
    "machine_clicked",
    "email_replied",
    "email_failed",
    "email_bounced",
    "email_complained",
    "message_held",
    "preferences_changed",
    "do_not_contact_changed",
  ],
  kindWeb: ["page_hit", "form_submitted", "identified", "utm_recorded", "address_seen"],
  kindCampaign: ["campaign_joined", "campaign_left", "campaign_step"],
  kindChanges: [
    "created",
    "tag_changed",
    "points_changed",
    "consent_changed",
    "segment_joined",
    "segment_left",
    "company_changed",
    "imported",
    "merged",
    "unmerged",
    "api_changed",
  ],
};

/** The kinds to ask for when some groups are chosen; all of them when none is. */
export function kindsOf(groups: string[]): string | undefined {
  const chosen = TIMELINE_GROUPS.filter((group) => groups.includes(group));
  return chosen.length ? chosen.flatMap((group) => KINDS[group]).join(",") : undefined;
}

/** Whether an event belongs to the chosen groups. */
export function isIn(groups: string[], kind: string): boolean {
  return (
    !groups.length || TIMELINE_GROUPS.some((group) => groups.includes(group) && KINDS[group].includes(kind))
  );
}
