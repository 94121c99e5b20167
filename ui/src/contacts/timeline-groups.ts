export const TIMELINE_GROUPS = ["kindEmail", "kindWeb", "kindCampaign", "kindChanges"] as const;
export type TimelineGroup = (typeof TIMELINE_GROUPS)[number];

const WORDS: Record<TimelineGroup, RegExp> = {
  kindCampaign: /campaign|step/,
  kindEmail: /mail|send|sent|open|click|unsub|bounce/,
  kindWeb: /page|hit|visit|form|submission|redirect|identif/,
  kindChanges: /./,
};

/** Which group a kind of event belongs to: the first whose words it contains. */
export function timelineGroup(kind: string): TimelineGroup {
  const order: TimelineGroup[] = ["kindCampaign", "kindEmail", "kindWeb", "kindChanges"];
  return order.find((group) => WORDS[group].test(kind)) ?? "kindChanges";
}
