import { Button, Group, Text } from "@mantine/core";
import { useDebouncedCallback } from "@mantine/hooks";
import { modals } from "@mantine/modals";
import { IconArrowBackUp, IconArrowForwardUp, IconCheck, IconPencil } from "@tabler/icons-react";
import { useBlocker } from "@tanstack/react-router";
import { useCallback, useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { ApiError } from "../api/client";
import i18n from "../app/i18n";
import { inTurn } from "./inturn";

type Options<T> = {
  initial: T;
  /** Writes the draft; the answer is what the server keeps. */
  save: (draft: T) => Promise<T>;
  /** Reads what the server has, after somebody else changed it. */
  reload: () => Promise<T>;
  /** Drafts save themselves; live things wait for the button. */
  autosave: boolean;
};

export type Editor<T> = {
  draft: T;
  set: (patch: Partial<T>) => void;
  replace: (next: T) => void;
  undo: () => void;
  redo: () => void;
  canUndo: boolean;
  canRedo: boolean;
  dirty: boolean;
  busy: boolean;
  errors: string[];
  fieldErrors: Record<string, string>;
  save: () => Promise<T | null>;
  /** Takes over what the server has after an action of its own, such as publishing. */
  adopt: (kept: T) => void;
};

/** Somebody was asked before saving and decided not to: nothing is wrong. */
export class Withdrawn extends Error {}

/** The sentences of a problem and the fields they belong to, by the first step of the pointer. */
export function problemParts(error: unknown): { errors: string[]; fields: Record<string, string> } {
  if (error instanceof Withdrawn) return { errors: [], fields: {} };
  if (!(error instanceof ApiError)) return { errors: [String(error)], fields: {} };
  const fields: Record<string, string> = {};
  for (const { pointer, detail } of error.problem.errors ?? []) {
    if (pointer) fields[pointer.replace(/^\//, "")] = detail;
  }
  const errors = (error.problem.errors ?? []).map((one) => one.detail);
  return { errors: errors.length ? errors : [error.message], fields };
}

/**
 * What every editor shares: a draft with undo and redo, saving with the version that was read,
 * a question when somebody else saved meanwhile, and a warning before unsaved work is left.
 */
export function useEditor<T extends { version: number }>({
  initial,
  save: write,
  reload,
  autosave,
}: Options<T>): Editor<T> {
  const [past, setPast] = useState<T[]>([]);
  const [future, setFuture] = useState<T[]>([]);
  const [draft, setDraft] = useState(initial);
  const [dirty, setDirty] = useState(false);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<{ errors: string[]; fields: Record<string, string> }>({
    errors: [],
    fields: {},
  });
  const latest = useRef(draft);
  latest.current = draft;
  const stamp = useRef(0);
  const lastPush = useRef(0);

  const put = useCallback((next: T) => {
    stamp.current += 1;
    latest.current = next;
    setDraft(next);
    setDirty(true);
  }, []);

  const replace = useCallback(
    (next: T) => {
      const now = Date.now();
      const before = latest.current;
      // Typing in one go is one step back, not one per letter.
      if (now - lastPush.current > 600) setPast((steps) => [...steps.slice(-99), before]);
      lastPush.current = now;
      setFuture([]);
      put(next);
    },
    [put],
  );
  const set = useCallback((patch: Partial<T>) => replace({ ...latest.current, ...patch }), [replace]);

  const undo = useCallback(() => {
    const before = past.at(-1);
    if (!before) return;
    setPast(past.slice(0, -1));
    setFuture([latest.current, ...future]);
    put({ ...before, version: latest.current.version });
  }, [past, future, put]);
  const redo = useCallback(() => {
    const after = future[0];
    if (!after) return;
    setFuture(future.slice(1));
    setPast([...past, latest.current]);
    put({ ...after, version: latest.current.version });
  }, [past, future, put]);

  const turn = useRef(inTurn<T | null>());
  const once = useCallback(async (): Promise<T | null> => {
    const mark = stamp.current;
    setBusy(true);
    try {
      const kept = await write(latest.current);
      setProblem({ errors: [], fields: {} });
      if (stamp.current === mark) {
        latest.current = kept;
        setDraft(kept);
        setDirty(false);
      } else {
        latest.current = { ...latest.current, version: kept.version };
        setDraft(latest.current);
      }
      return kept;
    } catch (error) {
      if (error instanceof ApiError && error.status === 409 && error.code === "changed-meanwhile") {
        askAboutConflict(
          async () => {
            const theirs = await reload();
            put({ ...latest.current, version: theirs.version });
            await turn.current(once);
          },
          async () => {
            const theirs = await reload();
            latest.current = theirs;
            setDraft(theirs);
            setDirty(false);
          },
          error.message,
        );
      } else {
        setProblem(problemParts(error));
      }
      return null;
    } finally {
      setBusy(false);
    }
  }, [write, reload, put]);
  // The automatic save, the button and the keys can meet; only one of them writes at a time.
  const save = useCallback(() => turn.current(once), [once]);

  const adopt = useCallback((kept: T) => {
    latest.current = kept;
    setDraft(kept);
    setDirty(false);
  }, []);

  const later = useDebouncedCallback(() => {
    if (autosave) save();
  }, 1200);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a change of the draft is the cause
  useEffect(() => {
    if (dirty && autosave) later();
  }, [draft, dirty, autosave]);

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey)) return;
      const inText = (event.target as HTMLElement | null)?.closest?.("input,textarea,[contenteditable=true]");
      if (event.key === "s") {
        event.preventDefault();
        save();
      } else if (!inText && event.key.toLowerCase() === "z") {
        event.preventDefault();
        if (event.shiftKey) redo();
        else undo();
      }
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, [save, undo, redo]);

  useBlocker({
    shouldBlockFn: ({ current, next }) =>
      dirty && current.pathname !== next.pathname && !window.confirm(i18n.t("common:leaveUnsaved")),
    enableBeforeUnload: dirty,
    disabled: !dirty,
  });

  return {
    draft,
    set,
    replace,
    undo,
    redo,
    canUndo: past.length > 0,
    canRedo: future.length > 0,
    dirty,
    busy,
    errors: problem.errors,
    fieldErrors: problem.fields,
    save,
    adopt,
  };
}

function askAboutConflict(keepMine: () => void, takeTheirs: () => void, who: string) {
  modals.openConfirmModal({
    title: i18n.t("common:error.changedTitle"),
    children: (
      <>
        <Text size="sm" mb="xs">
          {who}
        </Text>
        <Text size="sm">{i18n.t("common:error.changedText")}</Text>
      </>
    ),
    labels: { confirm: i18n.t("common:error.keepMine"), cancel: i18n.t("common:error.takeTheirs") },
    closeButtonProps: { "aria-label": i18n.t("common:close") },
    onConfirm: keepMine,
    onCancel: takeTheirs,
  });
}

/** Undo, redo, the state of saving, and the button when saving is not automatic. */
export function SaveTools<T>({ editor, label }: { editor: Editor<T>; label?: string }) {
  const { t } = useTranslation();
  return (
    <Group gap={6} wrap="nowrap">
      <Group gap={4} wrap="nowrap" className="hg-saved" justify="flex-end" role="status">
        {editor.busy ? (
          <Text size="xs" c="dimmed">
            {t("saving")}
          </Text>
        ) : editor.dirty ? (
          <Text size="xs" c="dimmed">
            <IconPencil size={12} aria-hidden /> {t("unsaved")}
          </Text>
        ) : (
          <Text size="xs" c="dimmed">
            <IconCheck size={12} aria-hidden /> {t("saved")}
          </Text>
        )}
      </Group>
      <Button
        variant="subtle"
        color="gray"
        c="dimmed"
        px={8}
        aria-label={t("undo")}
        title={t("undo")}
        disabled={!editor.canUndo}
        onClick={editor.undo}
      >
        <IconArrowBackUp size={18} aria-hidden />
      </Button>
      <Button
        variant="subtle"
        color="gray"
        c="dimmed"
        px={8}
        aria-label={t("redo")}
        title={t("redo")}
        disabled={!editor.canRedo}
        onClick={editor.redo}
      >
        <IconArrowForwardUp size={18} aria-hidden />
      </Button>
      <Button variant="default" onClick={() => editor.save()} disabled={!editor.dirty} loading={editor.busy}>
        {label ?? t("save")}
      </Button>
    </Group>
  );
}
