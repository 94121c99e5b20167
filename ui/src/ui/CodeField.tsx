import { Skeleton } from "@mantine/core";
import { lazy, Suspense } from "react";
import type { CodeEditorProps } from "../editors/code/CodeEditor";

const CodeEditor = lazy(() => import("../editors/code/CodeEditor"));

/** The code editor, loaded when it is needed. */
export function CodeField(props: CodeEditorProps) {
  return (
    <Suspense fallback={<Skeleton h={props.height ?? 520} animate={false} />}>
      <CodeEditor {...props} />
    </Suspense>
  );
}
