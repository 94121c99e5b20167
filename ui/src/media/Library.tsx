import { Button, FileButton, SimpleGrid, Stack, Text, UnstyledButton } from "@mantine/core";
import { IconPhoto, IconUpload } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, byCursor, refresh } from "../api/client";
import type { MediaFile } from "../api/types";
import { useMayEdit } from "../app/session";
import { FilterBar } from "../ui/FilterBar";
import { number } from "../ui/format";
import { EmptyState, ErrorState, NothingFound, Waiting } from "../ui/states";
import { attempt } from "../ui/toasts";
import { uploadImage } from "./upload";
import "./media.css";

/** Kilobytes and pixels of an image, in words. */
export function useImageFacts() {
  const { t } = useTranslation("media");
  return (file: MediaFile) =>
    t("facts", { width: file.width, height: file.height, size: number(Math.ceil(file.bytes / 1024)) });
}

export function UploadButton({ onDone }: { onDone?: (file: MediaFile) => void }) {
  const { t } = useTranslation("media");
  const [busy, setBusy] = useState(false);
  const put = async (files: File[]) => {
    setBusy(true);
    await attempt(async () => {
      for (const file of files) {
        const made = await uploadImage(file);
        onDone?.(made);
      }
    });
    await refresh("/media");
    setBusy(false);
  };
  return (
    <FileButton multiple accept="image/png,image/jpeg,image/gif,image/webp" onChange={put}>
      {(props) => (
        <Button {...props} loading={busy} leftSection={<IconUpload size={16} aria-hidden />}>
          {t("upload")}
        </Button>
      )}
    </FileButton>
  );
}

/** Small pictures with their facts. */
export function Images({ files, onPick }: { files: MediaFile[]; onPick: (file: MediaFile) => void }) {
  const facts = useImageFacts();
  return (
    <SimpleGrid cols={{ base: 2, sm: 3, md: 4, lg: 6 }}>
      {files.map((file) => (
        <UnstyledButton key={file.id} className="hg-image" onClick={() => onPick(file)}>
          <span className="hg-image-frame">
            <img src={file.url} alt={file.alt} loading="lazy" />
          </span>
          <Text size="sm" truncate mt={6}>
            {file.name}
          </Text>
          <Text size="xs" c="dimmed">
            {facts(file)}
          </Text>
        </UnstyledButton>
      ))}
    </SimpleGrid>
  );
}

/** The images as small pictures; choosing one is up to whoever shows them. */
export function Library({ onPick }: { onPick: (file: MediaFile) => void }) {
  const { t } = useTranslation("media");
  const may = useMayEdit();
  const [search, setSearch] = useState("");
  const query = $api.useInfiniteQuery(
    "get",
    "/media",
    { params: { query: { search: search || undefined, limit: 60 } } },
    byCursor,
  );
  const files = query.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Stack>
      <FilterBar search={search} onSearch={setSearch} placeholder={t("search")} />
      {query.isError ? (
        <ErrorState error={query.error} retry={query.refetch} />
      ) : query.isPending ? (
        <Waiting />
      ) : files.length ? (
        <Images files={files} onPick={onPick} />
      ) : search ? (
        <NothingFound icon={IconPhoto} />
      ) : (
        <EmptyState icon={IconPhoto} title={t("empty.title")} action={may && <UploadButton />}>
          {t("empty.text")}
        </EmptyState>
      )}
      {query.hasNextPage && (
        <Button variant="default" onClick={() => query.fetchNextPage()} style={{ alignSelf: "center" }}>
          {t("more")}
        </Button>
      )}
    </Stack>
  );
}
