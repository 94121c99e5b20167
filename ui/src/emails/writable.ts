import type { Email, EmailWrite } from "../api/types";

/** What the server takes; counters and what it derives stay out. */
export function writable(email: Email): EmailWrite {
  const { name, subject, preheader, from_name, from_address, reply_to, format, source, plain_text } = email;
  const {
    kind,
    purpose,
    published,
    publish_up,
    publish_down,
    segments,
    excluded_segments,
    language,
    utm,
    dynamic,
    attachments,
    owner_sends,
    version,
  } = email;
  return {
    name,
    subject,
    preheader,
    from_name,
    from_address,
    reply_to,
    format,
    source,
    plain_text,
    kind,
    purpose,
    published,
    publish_up,
    publish_down,
    segments,
    excluded_segments,
    language,
    utm,
    dynamic,
    attachments,
    owner_sends,
    version,
  };
}
