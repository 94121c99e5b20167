import "grapesjs/dist/css/grapes.min.css";
import "./design.css";
import { Group, SegmentedControl, Tabs, Text } from "@mantine/core";
import { IconDeviceDesktop, IconDeviceMobile } from "@tabler/icons-react";
import { useEffect, useReducer, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { TokenMenu } from "../../ui/TokenMenu";
import { type Engine, element, startEngine } from "./engine";
import { Layers } from "./Layers";
import { Look } from "./Look";
import { Palette } from "./Palette";
import { Settings } from "./Settings";
import { linkedBlock, split } from "./source";

export type DesignEditorProps = {
  value: string;
  onChange: (source: string) => void;
  onSave: () => void;
  undo: () => void;
  redo: () => void;
};

/** MJML as blocks on a canvas. The only folder that knows GrapesJS; every panel around the canvas is our own. */
export default function DesignEditor(props: DesignEditorProps) {
  const { t } = useTranslation("design");
  const host = useRef<HTMLDivElement>(null);
  const [engine, setEngine] = useState<Engine | null>(null);
  const [, look] = useReducer((count: number) => count + 1, 0);
  const [device, setDevice] = useState("desktop");
  const latest = useRef(props);
  latest.current = props;

  useEffect(() => {
    if (!host.current) return;
    const made = startEngine({
      container: host.current,
      title: t("canvas"),
      keptLabel: (name, source) => {
        const block = linkedBlock(source);
        return block ? t("linked.label", { name: block.name }) : t("kept", { name });
      },
      onChange: (source) => latest.current.onChange(source),
      onSelect: look,
      onSave: () => latest.current.onSave(),
      undo: () => latest.current.undo(),
      redo: () => latest.current.redo(),
    });
    made.editor.onReady(() => {
      made.load(latest.current.value);
      setEngine(made);
    });
    return () => {
      setEngine(null);
      made.stop();
    };
  }, [t]);

  // A step back, or what somebody else saved: the canvas follows.
  useEffect(() => {
    if (engine && props.value !== engine.holds()) engine.load(props.value);
  }, [engine, props.value]);

  const selected = element(engine?.editor.getSelected());
  return (
    <div className="hg-design">
      <section aria-label={t("blocks")} className="hg-card hg-design-side">
        {engine && <Palette engine={engine} />}
      </section>
      <section aria-label={t("canvas")} className="hg-design-middle">
        <Group justify="space-between" mb="xs">
          <SegmentedControl
            size="xs"
            aria-label={t("common:preview.device")}
            value={device}
            onChange={(next) => {
              setDevice(next);
              engine?.editor.setDevice(next === "phone" ? "phone" : "desktop");
            }}
            data={[
              {
                value: "desktop",
                label: <Device icon={IconDeviceDesktop} text={t("common:preview.desktop")} />,
              },
              { value: "phone", label: <Device icon={IconDeviceMobile} text={t("common:preview.phone")} /> },
            ]}
          />
          <TokenMenu
            where="email"
            compact
            onPick={(token) => {
              if (engine) putToken(engine, token);
            }}
          />
        </Group>
        <div className="hg-design-canvas">
          <div ref={host} />
        </div>
        <Text size="xs" c="dimmed" mt={6}>
          {t("canvasHint")}
        </Text>
      </section>
      <section aria-label={t("settings")} className="hg-card hg-design-side">
        {engine && (
          <Tabs defaultValue="element" keepMounted={false}>
            <Tabs.List grow>
              <Tabs.Tab value="element">{t("tab.element")}</Tabs.Tab>
              <Tabs.Tab value="layers">{t("tab.layers")}</Tabs.Tab>
              <Tabs.Tab value="look">{t("tab.look")}</Tabs.Tab>
            </Tabs.List>
            <Tabs.Panel value="element" pt="sm">
              <Settings engine={engine} selected={selected} />
            </Tabs.Panel>
            <Tabs.Panel value="layers" pt="sm">
              <Layers engine={engine} selected={selected} />
            </Tabs.Panel>
            <Tabs.Panel value="look" pt="sm">
              <Look
                head={split(props.value)?.head ?? ""}
                source={props.value}
                onChange={props.onChange}
                engine={engine}
              />
            </Tabs.Panel>
          </Tabs>
        )}
      </section>
    </div>
  );
}

function Device({ icon: Icon, text }: { icon: typeof IconDeviceDesktop; text: string }) {
  return (
    <Group gap={4} wrap="nowrap">
      <Icon size={15} aria-hidden /> {text}
    </Group>
  );
}

/** At the cursor while words are written, else at the end of the selected words. */
function putToken(engine: Engine, token: string) {
  const { editor } = engine;
  if (editor.getEditing()) {
    editor.RichTextEditor.globalRte?.insertHTML(token);
    return;
  }
  element(editor.getSelected())?.append(token);
}
