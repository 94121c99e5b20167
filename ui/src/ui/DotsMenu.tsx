import { ActionIcon, Button, Menu } from "@mantine/core";
import { IconDots } from "@tabler/icons-react";
import type { ReactNode } from "react";

type Props = {
  /** What the three dots say to those who do not see them. */
  label: string;
  /** As a button of a page's head; quiet, as in a row, when absent. */
  button?: boolean;
  /** Smaller dots, for notes and other small things. */
  small?: boolean;
  /** `Menu.Item`s. */
  children: ReactNode;
};

/** Three dots, and what can be done with the thing that they stand at. */
export function DotsMenu({ label, button, small, children }: Props) {
  const dots = <IconDots size={small ? 16 : 18} aria-hidden />;
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        {button ? (
          <Button variant="default" px={9} aria-label={label}>
            {dots}
          </Button>
        ) : (
          <ActionIcon variant="subtle" color="gray" c="dimmed" aria-label={label}>
            {dots}
          </ActionIcon>
        )}
      </Menu.Target>
      <Menu.Dropdown>{children}</Menu.Dropdown>
    </Menu>
  );
}
