import { Button } from "@mantine/core";
import { IconPlus } from "@tabler/icons-react";
import type { ReactNode } from "react";

type Props = { onClick: () => void; children: ReactNode };

/** Makes a new one of what a page lists; the key for that finds it. */
export function NewButton({ onClick, children }: Props) {
  return (
    <Button data-shortcut="create" leftSection={<IconPlus size={16} aria-hidden />} onClick={onClick}>
      {children}
    </Button>
  );
}
