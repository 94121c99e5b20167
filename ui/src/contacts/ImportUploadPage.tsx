import { Box, Button, FileButton, Progress, SegmentedControl, Stack, Text } from "@mantine/core";
import { IconFileSpreadsheet } from "@tabler/icons-react";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { API, ApiError, csrfHeaders, refresh } from "../api/client";
import type { Import, Problem } from "../api/types";
import { PageHeader } from "../ui/PageHeader";
import { ErrorState } from "../ui/states";
import { ImportSteps } from "./ImportSteps";

/** Sends the file with progress: a plain request, since fetch does not tell how far an upload is. */
function upload(file: File, object: string, tell: (share: number) => void): Promise<Import> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", `${API}/imports?object=${object}`);
    for (const [name, value] of Object.entries(csrfHeaders())) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => tell(event.loaded / Math.max(1, event.total));
    const offline: Problem = { type: "/problems/offline", title: "offline", status: 0 };
    request.onerror = () => reject(new ApiError(offline));
    request.onload = () => {
      try {
        const body = JSON.parse(request.responseText) as Import & Problem;
        if (request.status < 300) resolve(body);
        else reject(new ApiError({ ...body, status: request.status }));
      } catch {
        reject(new ApiError({ ...offline, status: request.status }));
      }
    };
    const body = new FormData();
    body.append("file", file);
    request.send(body);
  });
}

export function ImportUploadPage() {
  const { t } = useTranslation("contacts");
  const navigate = useNavigate();
  const [share, setShare] = useState<number | null>(null);
  const [name, setName] = useState("");
  const [object, setObject] = useState("contact");
  const [over, setOver] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const take = async (file: File | null | undefined) => {
    if (!file) return;
    setName(file.name);
    setShare(0);
    setError(null);
    try {
      const made = await upload(file, object, setShare);
      await refresh("/imports");
      navigate({ to: "/imports/$id", params: { id: String(made.id) } });
    } catch (problem) {
      setError(problem);
      setShare(null);
    }
  };
  return (
    <>
      <PageHeader
        title={t("imports.uploadTitle")}
        description={t("imports.uploadText")}
        back={{ path: "/contacts", label: t("title") }}
      />
      <ImportSteps active={0} />
      {error != null && (
        <Box mb="md">
          <ErrorState error={error} />
        </Box>
      )}
      <Box
        className="hg-card"
        p={56}
        role="region"
        aria-label={t("imports.choose")}
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          event.preventDefault();
          setOver(false);
          take(event.dataTransfer.files[0]);
        }}
        style={{
          borderStyle: "dashed",
          borderWidth: 2,
          borderColor: over ? "var(--mantine-color-indigo-5)" : undefined,
        }}
      >
        <Stack align="center" gap="sm">
          <IconFileSpreadsheet size={44} stroke={1.3} aria-hidden />
          {share === null ? (
            <>
              <SegmentedControl
                aria-label={t("imports.object")}
                value={object}
                onChange={setObject}
                data={[
                  { value: "contact", label: t("imports.objects.contact") },
                  { value: "company", label: t("imports.objects.company") },
                ]}
              />
              <FileButton
                onChange={take}
                accept=".csv,.tsv,.txt,.xlsx,.jsonl,.ndjson,text/csv,text/tab-separated-values"
              >
                {(props) => (
                  <Button size="md" {...props}>
                    {t("imports.choose")}
                  </Button>
                )}
              </FileButton>
              <Text size="sm" c="dimmed">
                {t("imports.drop")}
              </Text>
              <Text size="xs" c="dimmed">
                {t("imports.formats")}
              </Text>
            </>
          ) : (
            <>
              <Text size="sm" role="status">
                {t("imports.uploading", { name })}
              </Text>
              <Progress w={320} value={share * 100} aria-label={t("imports.uploading", { name })} />
            </>
          )}
        </Stack>
      </Box>
    </>
  );
}
