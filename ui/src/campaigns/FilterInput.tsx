import { Skeleton, Text } from "@mantine/core";
import { useState } from "react";
import { $api } from "../api/client";
import type { Group as SegmentFilter } from "../api/types";
import { Builder } from "../segments/Builder";
import { type Tree, toGroup, toTree } from "../segments/filter";

type Props = { label: string; value: unknown; onChange: (filter: SegmentFilter) => void };

const NO_COUNTS = new Map<string, number>();

/** The conditions that segments know, for one step. */
export default function FilterInput({ label, value, onChange }: Props) {
  const query = $api.useQuery("get", "/segments/catalogue", {}, { staleTime: 60_000 });
  const [tree, setTree] = useState<Tree>(() => toTree((value ?? null) as SegmentFilter | null));
  if (!query.data) return <Skeleton h={80} animate={false} />;
  return (
    <div>
      <Text size="sm" fw={500} mb={6}>
        {label}
      </Text>
      <Builder
        tree={tree}
        catalogue={query.data}
        counts={NO_COUNTS}
        onChange={(next) => {
          setTree(next);
          onChange(toGroup(next));
        }}
      />
    </div>
  );
}
