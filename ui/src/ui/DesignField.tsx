import { Skeleton } from "@mantine/core";
import { lazy, Suspense } from "react";
import type { DesignEditorProps } from "../editors/design/DesignEditor";

const DesignEditor = lazy(() => import("../editors/design/DesignEditor"));

/** The design editor, loaded when it is needed. */
export function DesignField(props: DesignEditorProps) {
  return (
    <Suspense fallback={<Skeleton h={520} animate={false} />}>
      <DesignEditor {...props} />
    </Suspense>
  );
}
