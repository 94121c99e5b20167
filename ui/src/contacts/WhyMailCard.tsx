import { Modal, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { WhyAnswer } from "../emails/WhyPanel";
import { Card } from "../ui/parts";
import { ThingSelect } from "../ui/pickers";

/** Choose an email, and read why this contact got it or did not. */
export function WhyMailCard({ id }: { id: number }) {
  const { t } = useTranslation("contacts");
  const [email, setEmail] = useState<number | null>(null);
  return (
    <Card title={t("whyMail.title")}>
      <Stack gap="sm">
        <Text size="sm" c="dimmed">
          {t("whyMail.text")}
        </Text>
        <ThingSelect
          kind="emails"
          aria-label={t("whyMail.which")}
          placeholder={t("whyMail.which")}
          value={email}
          onChange={setEmail}
        />
      </Stack>
      <Modal
        opened={email !== null}
        onClose={() => setEmail(null)}
        title={t("whyMail.title")}
        size="xl"
        closeButtonProps={{ "aria-label": t("common:close") }}
      >
        {email !== null && <WhyAnswer email={email} contact={id} />}
      </Modal>
    </Card>
  );
}
