import { expect, it } from "vitest";
import { ApiError } from "../api/client";
import { fieldOf } from "../api/forms";
import { problemParts } from "../ui/editor";
import { PLACES, placeOf } from "./main-nav";
import { isTyping } from "./shortcuts";

it("keys typed into a text field are never shortcuts", () => {
  const input = document.createElement("input");
  document.body.append(input);
  expect(isTyping(input)).toBe(true);
  expect(isTyping(document.body)).toBe(false);
});

it("a pointer of a problem names the field of the form", () => {
  expect(fieldOf("/fields/city")).toBe("fields.city");
  const error = new ApiError({
    type: "/problems/contact.invalid",
    title: "Invalid",
    status: 422,
    errors: [{ pointer: "/email", code: "email.syntax", detail: "This is no email address" }],
  });
  expect(error.code).toBe("contact.invalid");
  expect(problemParts(error).fields).toEqual({ email: "This is no email address" });
});

it("every place has a key of its own, so that all of them can be reached", () => {
  const keys = PLACES.map((place) => place.keys);
  expect(keys.length).toBe(new Set(keys).size);
});

it("an address belongs to one place of the navigation only", () => {
  expect(placeOf("/")).toBe("/");
  expect(placeOf("/contacts/12")).toBe("/contacts");
  expect(placeOf("/contacts/duplicates")).toBe("/contacts/duplicates");
  expect(placeOf("/settings/audit")).toBe("/settings/audit");
  expect(placeOf("/settings/brand")).toBe("/settings/general");
});
