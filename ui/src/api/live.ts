import { useEffect, useRef, useSyncExternalStore } from "react";
import { API } from "./client";

type Topic = "activity" | "task" | "segment" | "campaign" | "send" | "dashboard" | "notice";
type Listener = (data: never) => void;

const TOPICS: Topic[] = ["activity", "task", "segment", "campaign", "send", "dashboard", "notice"];
const listeners = new Map<Topic, Set<Listener>>(TOPICS.map((t) => [t, new Set()]));
const stateListeners = new Set<() => void>();
let source: EventSource | null = null;
let connected = false;

function setConnected(value: boolean) {
  if (connected === value) return;
  connected = value;
  for (const tell of stateListeners) tell();
}

/** Opens the one stream of this tab. The browser reconnects by itself. */
export function openLive() {
  if (source) return;
  source = new EventSource(`${API}/live`);
  source.onopen = () => setConnected(true);
  source.onerror = () => setConnected(false);
  for (const topic of TOPICS) {
    source.addEventListener(topic, (event) => {
      try {
        const data = JSON.parse((event as MessageEvent<string>).data) as never;
        for (const tell of listeners.get(topic)!) tell(data);
      } catch {
        // A line we cannot read is skipped; the next read of the list corrects the screen.
      }
    });
  }
}

export function closeLive() {
  source?.close();
  source = null;
  setConnected(false);
}

/** Runs `handle` for each live message of a topic while the component is mounted. */
export function useLive<T>(topic: Topic, handle: (data: T) => void) {
  const latest = useRef(handle);
  latest.current = handle;
  useEffect(() => {
    const listener = ((data: T) => latest.current(data)) as Listener;
    listeners.get(topic)!.add(listener);
    return () => {
      listeners.get(topic)!.delete(listener);
    };
  }, [topic]);
}

export function useLiveConnected() {
  return useSyncExternalStore(
    (tell) => {
      stateListeners.add(tell);
      return () => stateListeners.delete(tell);
    },
    () => connected,
  );
}
