import "@xyflow/react/dist/style.css";
import { ActionIcon, Box, Group, Menu, Text, useComputedColorScheme } from "@mantine/core";
import { IconAlertCircle, IconClock, IconPlus, IconUsersGroup } from "@tabler/icons-react";
import {
  Background,
  BaseEdge,
  Controls,
  type Edge,
  EdgeLabelRenderer,
  type EdgeProps,
  getSmoothStepPath,
  Handle,
  type Node,
  type NodeProps,
  Position,
  ReactFlow,
  ReactFlowProvider,
  useReactFlow,
  useStore,
} from "@xyflow/react";
import { createContext, useContext, useEffect, useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { CampaignSource, Step } from "../../api/types";
import type { StepType } from "../../campaigns/catalogue";
import { type Layout, layout, type Placed } from "../../campaigns/layout";
import { type Note, placeNotes } from "../../campaigns/notes";
import { StepTypeItems } from "../../campaigns/StepTypeItems";
import { isUnfinished, type Slot } from "../../campaigns/tree";
import { stepIcon, useStepWords, useTimingWords } from "../../campaigns/words";
import { number } from "../../ui/format";

export type CanvasProps = {
  steps: Step[];
  sources: CampaignSource[];
  counts: Map<string, NonNullable<Step["counts"]>>;
  members: number;
  selected: string | null;
  editable: boolean;
  problems: Set<string>;
  notes: Note[];
  onSelect: (key: string | "source") => void;
  onAdd: (slot: Slot, type: StepType, between: boolean) => void;
};

const Flow = createContext<CanvasProps | null>(null);
const useFlow = () => useContext(Flow) as CanvasProps;

/** The campaign as a picture: laid out by itself, with plus signs where steps can go. */
export default function Canvas(props: CanvasProps) {
  const { t } = useTranslation("campaigns");
  const scheme = useComputedColorScheme("light");
  // Only a change of the tree moves anything: saving or renaming must not touch what is open on the canvas.
  const shape = JSON.stringify(props.steps.map(({ key, parent, path, kind }) => [key, parent, path, kind]));
  // biome-ignore lint/correctness/useExhaustiveDependencies: the shape stands for the steps
  const placed = useMemo(() => layout(props.steps), [shape]);
  const nodes = useMemo((): Node[] => {
    const fixed = { draggable: false, connectable: false, selectable: false, focusable: false };
    const size = ({ width, height }: Pick<Placed, "width" | "height">) => ({
      width,
      height,
      measured: { width, height },
    });
    const boxes = [placed.source, ...placed.steps, ...placed.ends];
    const left = Math.min(...boxes.map((one) => one.x)) - 248 - 44;
    return [
      {
        id: "source",
        type: "source",
        position: { x: placed.source.x, y: placed.source.y },
        data: {},
        ...size(placed.source),
        ...fixed,
      },
      ...placed.steps.map((step) => ({
        id: step.key,
        type: "step",
        position: { x: step.x, y: step.y },
        data: { key: step.key },
        ...size(step),
        ...fixed,
      })),
      ...placeNotes(props.notes, placed.steps, placed.source, left).map((note) => ({
        id: `note:${note.id}`,
        type: "note",
        position: { x: note.x, y: note.y },
        data: { text: note.text },
        ...size({ width: 248, height: 104 }),
        ...fixed,
      })),
      ...placed.ends.map((end) => ({
        id: end.id,
        type: "end",
        position: { x: end.x, y: end.y },
        data: { slot: end.slot },
        ...size(end),
        ...fixed,
      })),
    ];
  }, [placed, props.notes]);
  const edges = useMemo(
    (): Edge[] =>
      placed.links.map((link) => ({
        id: link.id,
        source: link.source,
        target: link.target,
        sourceHandle: link.slot.path ?? "out",
        type: "slot",
        focusable: false,
        data: { slot: link.slot, toEnd: link.toEnd },
      })),
    [placed],
  );
  return (
    <Flow.Provider value={props}>
      <ReactFlowProvider>
        <ReactFlow
          nodes={nodes}
          edges={edges}
          nodeTypes={NODE_TYPES}
          edgeTypes={EDGE_TYPES}
          colorMode={scheme}
          minZoom={0.4}
          maxZoom={1.5}
          panOnScroll
          nodesDraggable={false}
          nodesConnectable={false}
          elementsSelectable={false}
          aria-label={t("canvas")}
        >
          <Background gap={22} size={1.2} />
          <Controls showInteractive={false} />
          <Refit shape={shape} open={props.selected !== null} placed={placed} />
        </ReactFlow>
      </ReactFlowProvider>
    </Flow.Provider>
  );
}

/** Below this size a step cannot be read: a flow that needs more room shows its beginning instead. */
const READABLE = 0.85;

/** Keeps the flow in view when steps come or go and when the side panel takes room. */
function Refit({ shape, open, placed }: { shape: string; open: boolean; placed: Layout }) {
  const { fitView, setViewport } = useReactFlow();
  const width = useStore((state) => state.width);
  const height = useStore((state) => state.height);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the shape and the room are the causes
  useEffect(() => {
    if (!width || !height) return;
    const all = [placed.source, ...placed.steps, ...placed.ends];
    const left = Math.min(...all.map((one) => one.x));
    const right = Math.max(...all.map((one) => one.x + one.width));
    const bottom = Math.max(...all.map((one) => one.y + one.height));
    const whole = Math.min((width - 64) / (right - left), (height - 64) / bottom);
    if (whole >= READABLE) {
      fitView({ maxZoom: 1, padding: 0.1, duration: 0 });
      return;
    }
    const middle = placed.source.x + placed.source.width / 2;
    setViewport({ zoom: READABLE, x: width / 2 - middle * READABLE, y: 28 });
  }, [shape, open, width, height]);
  return null;
}

function SourceNode() {
  const { t } = useTranslation("campaigns");
  const { sources, selected, onSelect, members } = useFlow();
  return (
    <>
      <button
        type="button"
        className="hg-node hg-node-source nodrag nopan"
        data-selected={selected === "source" || undefined}
        onClick={() => onSelect("source")}
      >
        <Group gap={10} wrap="nowrap" align="flex-start">
          <span className="hg-node-icon">
            <IconUsersGroup size={18} stroke={1.7} aria-hidden />
          </span>
          <Box style={{ minWidth: 0 }}>
            <Text size="xs" c="dimmed">
              {t("starts")}
            </Text>
            <Text size="sm" fw={600} lineClamp={2}>
              {sources.length ? sources.map((source) => source.name).join(", ") : t("chooseSource")}
            </Text>
            <Text size="xs" c="dimmed" className="hg-num">
              {t("members", { count: members, shown: number(members) })}
            </Text>
          </Box>
        </Group>
      </button>
      <Handle type="source" id="out" position={Position.Bottom} />
    </>
  );
}

function StepNode({ data }: NodeProps) {
  const { t } = useTranslation("campaigns");
  const flow = useFlow();
  const words = useStepWords();
  const timingWords = useTimingWords();
  const step = flow.steps.find((one) => one.key === data.key);
  if (!step) return null;
  const Icon = stepIcon(step.type);
  const counts = flow.counts.get(step.key);
  const parent = flow.steps.find((one) => one.key === step.parent);
  const when = timingWords(step.timing, parent?.kind === "decision" && step.path === "no");
  const unfinished = isUnfinished(step) || flow.problems.has(step.key);
  return (
    <>
      <Handle type="target" position={Position.Top} />
      <button
        type="button"
        className={`hg-node hg-node-${step.kind} nodrag nopan`}
        data-selected={flow.selected === step.key || undefined}
        data-unfinished={unfinished || undefined}
        onClick={() => flow.onSelect(step.key)}
      >
        <Group gap={10} wrap="nowrap" align="flex-start">
          <span className="hg-node-icon">
            <Icon size={18} stroke={1.7} aria-hidden />
          </span>
          <Box style={{ minWidth: 0, flex: 1 }}>
            <Text size="xs" c="dimmed" truncate>
              {when ? (
                <>
                  <IconClock size={11} aria-hidden /> {when}
                </>
              ) : (
                t(`kind.${step.kind}`)
              )}
            </Text>
            <Text size="sm" fw={600} truncate>
              {step.name || t(`type.${step.type}`)}
            </Text>
            <Text size="xs" c="dimmed" truncate>
              {unfinished && <IconAlertCircle size={12} aria-label={t("unfinished")} />} {words(step)}
            </Text>
          </Box>
        </Group>
        {counts && (
          <Group gap={10} mt={6} className="hg-num">
            <Text size="xs">
              <b>{number(counts.done)}</b> {t("done")}
            </Text>
            {counts.waiting > 0 && (
              <Text size="xs">
                <b>{number(counts.waiting)}</b> {t("waiting")}
              </Text>
            )}
            {counts.failed > 0 && (
              <Text size="xs" c="var(--mantine-color-error)">
                <b>{number(counts.failed)}</b> {t("failed")}
              </Text>
            )}
          </Group>
        )}
      </button>
      {step.kind === "action" ? (
        <Handle type="source" id="out" position={Position.Bottom} />
      ) : (
        <>
          <Handle type="source" id="yes" position={Position.Bottom} style={{ left: "25%" }} />
          <Handle type="source" id="no" position={Position.Bottom} style={{ left: "75%" }} />
        </>
      )}
    </>
  );
}

function NoteNode({ id, data }: NodeProps) {
  const { t } = useTranslation("campaigns");
  const { selected, onSelect } = useFlow();
  const text = String(data.text ?? "").trim();
  return (
    <button
      type="button"
      className="hg-note nodrag nopan"
      data-selected={selected === id || undefined}
      aria-label={t("note.open", { text: text || t("note.blank") })}
      onClick={() => onSelect(id)}
    >
      <Text size="xs" lineClamp={5} style={{ whiteSpace: "pre-wrap" }}>
        {text || t("note.blank")}
      </Text>
    </button>
  );
}

function EndNode({ data }: NodeProps) {
  const { editable } = useFlow();
  const slot = data.slot as Slot;
  return (
    <Box style={{ width: 44, height: 44, display: "grid", placeItems: "center" }}>
      <Handle type="target" position={Position.Top} />
      {editable ? <PlusMenu slot={slot} between={false} big /> : <span className="hg-end" />}
    </Box>
  );
}

/** The line of a slot: its path, how many took it, and a plus sign to put a step between. */
function SlotEdge(props: EdgeProps) {
  const { t } = useTranslation("campaigns");
  const { counts, editable } = useFlow();
  const slot = props.data?.slot as Slot;
  const [path] = getSmoothStepPath({ ...props, borderRadius: 14 });
  const middle = (props.sourceY + props.targetY) / 2;
  const placed = (x: number, y: number) => `translate(-50%, -50%) translate(${x}px, ${y}px)`;
  const taken = slot.parent && slot.path ? counts.get(slot.parent)?.[slot.path] : undefined;
  return (
    <>
      <BaseEdge id={props.id} path={path} style={{ strokeWidth: 1.6 }} />
      <EdgeLabelRenderer>
        {slot.path && (
          <span
            className={`hg-edge hg-path ${slot.path === "yes" ? "hg-badge-teal" : "hg-badge-orange"}`}
            style={{ transform: placed(props.sourceX, props.sourceY + 18) }}
          >
            {t(`path.${slot.path}`)}
            {taken ? ` ${number(taken)}` : ""}
          </span>
        )}
        {editable && !props.data?.toEnd && (
          <span
            className="nodrag nopan hg-edge"
            style={{ transform: placed(props.targetX, slot.path ? props.targetY - 20 : middle) }}
          >
            <PlusMenu slot={slot} between />
          </span>
        )}
      </EdgeLabelRenderer>
    </>
  );
}

type PlusProps = { slot: Slot; between: boolean; big?: boolean };

/** What may be added at a place. */
function PlusMenu({ slot, between, big }: PlusProps) {
  const { t } = useTranslation("campaigns");
  const { steps, onAdd } = useFlow();
  const size = big ? 34 : 24;
  // However far the picture is zoomed out, the sign keeps the 24 pixels that a finger or a shaky hand needs.
  const grow = useStore((state) => Math.max(1, 24 / (size * state.transform[2])));
  const parent = steps.find((step) => step.key === slot.parent);
  const where = parent ? parent.name || t(`type.${parent.type}`) : t("starts");
  const label = between
    ? t("addBetween", { name: where })
    : slot.path
      ? t("addOnPath", { name: where, path: t(`path.${slot.path}`) })
      : t("addAfter", { name: where });
  return (
    <Menu position="right-start" withinPortal>
      <Menu.Target>
        <ActionIcon
          variant={big ? "filled" : "default"}
          radius="xl"
          size={size}
          style={grow > 1 ? { transform: `scale(${grow})` } : undefined}
          aria-label={label}
          title={label}
        >
          <IconPlus size={big ? 18 : 14} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <StepTypeItems steps={steps} slot={slot} onPick={(type) => onAdd(slot, type, between)} />
      </Menu.Dropdown>
    </Menu>
  );
}

const NODE_TYPES = { source: SourceNode, step: StepNode, note: NoteNode, end: EndNode };
const EDGE_TYPES = { slot: SlotEdge };
