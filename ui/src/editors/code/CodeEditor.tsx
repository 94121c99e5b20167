import { html } from "@codemirror/lang-html";
import { useComputedColorScheme } from "@mantine/core";
import CodeMirror, { EditorView, type ReactCodeMirrorRef } from "@uiw/react-codemirror";
import { useEffect, useMemo, useRef } from "react";

export type CodeEditorProps = {
  value: string;
  onChange: (value: string) => void;
  label: string;
  height?: string;
  readOnly?: boolean;
  /** Filled with a function that writes text at the cursor, for the token menu. */
  insert?: { current: ((text: string) => void) | null };
};

/** HTML and MJML with colours, folding and search. The only file that knows CodeMirror. */
export default function CodeEditor({ value, onChange, label, height, readOnly, insert }: CodeEditorProps) {
  const scheme = useComputedColorScheme("light");
  const editor = useRef<ReactCodeMirrorRef>(null);
  const extensions = useMemo(
    () => [
      html({ autoCloseTags: true }),
      EditorView.lineWrapping,
      EditorView.contentAttributes.of({ "aria-label": label, spellcheck: "true" }),
      EditorView.theme({
        "&": { fontSize: "13px", backgroundColor: "var(--hg-surface)" },
        ".cm-gutters": {
          backgroundColor: "var(--hg-soft)",
          border: "none",
          color: "var(--mantine-color-dimmed)",
        },
        "&.cm-focused": { outline: "2px solid var(--mantine-color-indigo-5)", outlineOffset: "-1px" },
      }),
    ],
    [label],
  );
  useEffect(() => {
    if (!insert) return;
    insert.current = (text) => {
      const view = editor.current?.view;
      if (!view) return;
      view.dispatch(view.state.replaceSelection(text));
      view.focus();
    };
    return () => {
      insert.current = null;
    };
  }, [insert]);
  return (
    <div className="hg-code">
      <CodeMirror
        ref={editor}
        value={value}
        onChange={onChange}
        theme={scheme}
        height={height ?? "520px"}
        readOnly={readOnly}
        extensions={extensions}
        indentWithTab={false}
        basicSetup={{ highlightActiveLine: false, autocompletion: false }}
      />
    </div>
  );
}
