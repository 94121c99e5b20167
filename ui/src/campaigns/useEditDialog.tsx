import { type ReactNode, useState } from "react";
import type { PeopleChoice, Step, StepDifference } from "../api/types";
import { EditDialog } from "./EditDialog";

type Question = {
  title: string;
  confirm: string;
  differences: StepDifference[];
  steps: Pick<Step, "key" | "name" | "type">[];
};

/** Asks what becomes of the people inside; null: nothing is to be published. */
export function useEditDialog(): {
  ask: (question: Question) => Promise<PeopleChoice | null>;
  dialog: ReactNode;
} {
  const [asked, setAsked] = useState<(Question & { answer: (choice: PeopleChoice | null) => void }) | null>(
    null,
  );
  const ask = (question: Question) =>
    new Promise<PeopleChoice | null>((resolve) => {
      setAsked({
        ...question,
        answer: (choice) => {
          setAsked(null);
          resolve(choice);
        },
      });
    });
  return { ask, dialog: asked && <EditDialog {...asked} /> };
}
