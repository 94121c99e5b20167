import { Group, Text } from "@mantine/core";
import { IconCheck, IconX } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import type { ExplainTree } from "../api/types";

/** A condition or group with its verdict and the value it saw. */
export function ExplainNode({ node }: { node: ExplainTree }) {
  const { t } = useTranslation("segments");
  return (
    <div className="hg-explain">
      <Group gap={8} wrap="nowrap" align="flex-start">
        <span className={node.verdict ? "hg-badge-teal hg-mark" : "hg-badge-red hg-mark"}>
          {node.verdict ? (
            <IconCheck size={13} aria-label={t("explain.yes")} />
          ) : (
            <IconX size={13} aria-label={t("explain.no")} />
          )}
        </span>
        <div>
          <Text size="sm">{node.label}</Text>
          {(node.actual != null || node.bounds != null) && (
            <Text size="xs" c="dimmed">
              {[
                node.actual != null && t("explain.actual", { value: node.actual === "" ? "–" : node.actual }),
                node.bounds,
              ]
                .filter(Boolean)
                .join(" · ")}
            </Text>
          )}
        </div>
      </Group>
      {node.children && node.children.length > 0 && (
        <div style={{ marginLeft: 28, marginTop: 6 }}>
          {node.children.map((child, index) => (
            <ExplainNode key={index} node={child} />
          ))}
        </div>
      )}
    </div>
  );
}
