import { Anchor, Button, Group, SegmentedControl, Stack, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, http, refresh, take } from "../api/client";
import { showProblem } from "../api/forms";
import type { MediaFile } from "../api/types";
import { useMayEdit } from "../app/session";
import { PathLink, pathOf } from "../ui/links";
import { PageHeader } from "../ui/PageHeader";
import { Copyable, FormModal } from "../ui/parts";
import { ErrorSummary } from "../ui/states";
import { removeWithUndo } from "../ui/toasts";
import { Library, UploadButton, useImageFacts } from "./Library";
import { Unused } from "./Unused";

/** Images for emails and pages. */
export function MediaPage() {
  const { t } = useTranslation("media");
  const may = useMayEdit();
  const [shown, setShown] = useState<MediaFile | null>(null);
  const [unused, setUnused] = useState(false);
  return (
    <>
      <PageHeader title={t("title")} description={t("text")} actions={may && <UploadButton />} />
      <SegmentedControl
        mb="md"
        aria-label={t("show")}
        value={unused ? "unused" : "all"}
        onChange={(value) => setUnused(value === "unused")}
        data={[
          { value: "all", label: t("all") },
          { value: "unused", label: t("unused.title") },
        ]}
      />
      {unused ? <Unused onPick={setShown} /> : <Library onPick={setShown} />}
      <FormModal opened={shown !== null} close={() => setShown(null)} title={shown?.name ?? ""} size="lg">
        {shown && <Image file={shown} close={() => setShown(null)} />}
      </FormModal>
    </>
  );
}

/** The page on which a use of an image can be seen. */
function placeOf({ kind, id }: { kind: string; id: number }) {
  if (kind === "brand") return "/settings/brand";
  if (kind === "email_block") return "/emails/blocks";
  return pathOf(kind, id) ?? "/";
}

function Image({ file, close }: { file: MediaFile; close: () => void }) {
  const { t } = useTranslation("media");
  const may = useMayEdit();
  const facts = useImageFacts();
  const params = { path: { id: file.id } };
  const uses = $api.useQuery("get", "/media/{id}/uses", { params });
  const [errors, setErrors] = useState<string[]>([]);
  const form = useForm({ initialValues: { alt: file.alt, folder: file.folder } });
  const submit = form.onSubmit(async (values) => {
    try {
      await take(http.PATCH("/media/{id}", { params, body: { ...values, version: file.version } }));
      await refresh("/media");
      close();
    } catch (error) {
      setErrors(showProblem(form, error));
    }
  });
  const remove = () => {
    close();
    return removeWithUndo(file.name, ["/media"], {
      remove: () => take(http.DELETE("/media/{id}", { params })),
      restore: () => take(http.POST("/media/{id}/restore", { params })),
    });
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        <ErrorSummary errors={errors} />
        <span className="hg-image-frame" style={{ height: 260 }}>
          <img src={file.url} alt={file.alt} />
        </span>
        <Text size="sm" c="dimmed">
          {facts(file)}
        </Text>
        <TextInput
          label={t("alt")}
          description={t("altHint")}
          disabled={!may}
          data-autofocus
          {...form.getInputProps("alt")}
        />
        <TextInput
          label={t("folder")}
          description={t("folderHint")}
          disabled={!may}
          {...form.getInputProps("folder")}
        />
        <Copyable label={t("address")} value={file.url} />
        <div>
          <Text size="sm" fw={550}>
            {t("uses")}
          </Text>
          {uses.data?.length ? (
            uses.data.map((use) => (
              <Text key={`${use.kind}-${use.id}`} size="sm">
                <PathLink path={placeOf(use)}>{use.kind === "brand" ? t("brand") : use.name}</PathLink>
              </Text>
            ))
          ) : (
            <Text size="sm" c="dimmed">
              {t("noUses")}
            </Text>
          )}
        </div>
        <Group justify="space-between">
          <Anchor href={file.url} target="_blank" rel="noreferrer" size="sm">
            {t("open")}
          </Anchor>
          {may && (
            <Group gap="xs">
              <Button variant="default" onClick={remove}>
                {t("common:delete")}
              </Button>
              <Button type="submit">{t("common:save")}</Button>
            </Group>
          )}
        </Group>
      </Stack>
    </form>
  );
}
