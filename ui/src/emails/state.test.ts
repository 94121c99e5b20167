import { expect, it } from "vitest";
import { emailState } from "./state";

const NOW = Date.parse("2026-03-01T12:00:00Z");
const mail = {
  kind: "template",
  send_state: "idle",
  published: true,
  publish_up: null,
  publish_down: null,
  evergreen: false,
} as const;

it("says of an email for campaigns whether it may be used now", () => {
  const up = "2026-03-01T12:00:00.000Z";
  expect(emailState(mail, NOW)).toBe("published");
  expect(emailState({ ...mail, published: false, publish_up: up }, NOW)).toBe("unpublished");
  expect(emailState({ ...mail, publish_up: up }, NOW)).toBe("published");
  expect(emailState({ ...mail, publish_up: up }, NOW - 1)).toBe("scheduled");
  expect(emailState({ ...mail, publish_down: up }, NOW - 1)).toBe("published");
  expect(emailState({ ...mail, publish_down: up }, NOW)).toBe("finished");
});

it("says of an email for segments how far its send is", () => {
  expect(emailState({ ...mail, kind: "segment", send_state: "sending", published: false }, NOW)).toBe(
    "sending",
  );
});
