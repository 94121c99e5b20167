import { Anchor, type AnchorProps, Button, type ButtonProps } from "@mantine/core";
import { createLink, useRouter } from "@tanstack/react-router";
import type { MouseEvent, ReactNode, Ref } from "react";

type WithRef<P> = P & { ref?: Ref<HTMLAnchorElement> };

/** A text link inside the app, with typed `to`, `params` and `search`. */
export const TextLink = createLink((props: WithRef<AnchorProps & { children?: ReactNode }>) => (
  <Anchor {...props} />
));

/** A button that goes somewhere: a real link, so that it can be opened in a new tab. */
export const ButtonLink = createLink((props: WithRef<ButtonProps & { children?: ReactNode }>) => (
  <Button component="a" {...props} />
));

/** An address below `/s` as the browser and the router want it. */
function useAddress(path: string) {
  const router = useRouter();
  const href = path.startsWith("/s/") ? path : `/s${path.startsWith("/") ? "" : "/"}${path}`;
  const onClick = (event: MouseEvent) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    router.history.push(href);
  };
  return { href, onClick };
}

type PathProps = { path: string; children?: ReactNode };

/** A link whose address comes from the server, as a path below `/s`. */
export function PathLink({ path, children, ...rest }: AnchorProps & PathProps & { className?: string }) {
  return (
    <Anchor {...useAddress(path)} {...rest}>
      {children}
    </Anchor>
  );
}

/** The same as a button. */
export function PathButton({ path, children, ...rest }: ButtonProps & PathProps) {
  return (
    <Button component="a" {...useAddress(path)} {...rest}>
      {children}
    </Button>
  );
}

/** Where a thing named by type and id lives. */
export function pathOf(type: string, id: number | string): string | null {
  const roots: Record<string, string> = {
    contact: "contacts",
    company: "companies",
    segment: "segments",
    company_segment: "companies/segments",
    campaign: "campaigns",
    email: "emails",
    page: "pages",
    form: "forms",
    import: "imports",
    outbox: "outbox",
  };
  return roots[type] ? `/${roots[type]}/${id}` : null;
}
