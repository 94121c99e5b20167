import type { UseFormReturnType } from "@mantine/form";
import { ApiError } from "./client";

/** `/fields/city` or `/sender_email` as the path that a Mantine form knows: `fields.city`. */
export function fieldOf(pointer: string): string {
  return pointer.replace(/^\//, "").replaceAll("~1", "/").replaceAll("~0", "~").replaceAll("/", ".");
}

/**
 * Puts the errors of a problem onto the fields of a form. Returns the sentences that belong to no field,
 * for the summary on top; empty when the error was no problem document.
 */
export function showProblem<V extends Record<string, unknown>>(
  form: UseFormReturnType<V>,
  error: unknown,
): string[] {
  if (!(error instanceof ApiError)) return [String(error)];
  const rest: string[] = [];
  for (const { pointer, detail } of error.problem.errors ?? []) {
    const field = pointer ? fieldOf(pointer) : "";
    const top = field.split(".")[0] ?? "";
    if (field && top in form.getValues()) form.setFieldError(field, detail);
    else rest.push(detail);
  }
  if (!error.problem.errors?.length) rest.push(error.message);
  return rest;
}
