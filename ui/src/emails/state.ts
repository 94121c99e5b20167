import type { Email } from "../api/types";

type Shown = Pick<Email, "kind" | "send_state" | "published" | "publish_up" | "publish_down" | "evergreen">;

/** The state to show: how far a segment email is, or whether a campaign email may be used now. */
export function emailState(email: Shown, now = Date.now()): string {
  if (email.kind === "segment")
    return email.evergreen && email.send_state === "sending" ? "ongoing" : email.send_state;
  if (!email.published) return "unpublished";
  if (email.publish_up && Date.parse(email.publish_up) > now) return "scheduled";
  if (email.publish_down && Date.parse(email.publish_down) <= now) return "finished";
  return "published";
}
