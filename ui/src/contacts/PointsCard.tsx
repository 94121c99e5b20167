import { Button, Group, NumberInput, Select, Stack, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useDisclosure } from "@mantine/hooks";
import { useTranslation } from "react-i18next";
import { http, refresh, take } from "../api/client";
import type { Contact } from "../api/types";
import { useMayEdit } from "../app/session";
import { number } from "../ui/format";
import { Card, FormModal } from "../ui/parts";
import { attempt } from "../ui/toasts";

const OPERATORS = ["plus", "minus", "set", "times", "divide"] as const;

export function PointsCard({ contact }: { contact: Contact }) {
  const { t } = useTranslation("contacts");
  const may = useMayEdit();
  const [opened, { open, close }] = useDisclosure();
  const form = useForm({ initialValues: { operator: "plus", value: 10, reason: "" } });
  const submit = form.onSubmit((body) =>
    attempt(async () => {
      await take(http.POST("/contacts/{id}/points", { params: { path: { id: contact.id } }, body }));
      close();
      form.reset();
      await refresh("/contacts");
    }),
  );
  return (
    <Card
      title={t("record.points")}
      aside={
        may && (
          <Button size="compact-sm" variant="subtle" onClick={open}>
            {t("record.changePoints")}
          </Button>
        )
      }
    >
      <Text fz={26} fw={650} className="hg-num">
        {number(contact.points)}
      </Text>
      <FormModal opened={opened} close={close} title={t("record.changePoints")}>
        <form onSubmit={submit}>
          <Stack>
            <Group grow>
              <Select
                label={t("record.pointsOperator")}
                allowDeselect={false}
                data={OPERATORS.map((key) => ({ value: key, label: t(`record.operators.${key}`) }))}
                {...form.getInputProps("operator")}
              />
              <NumberInput label={t("record.pointsValue")} {...form.getInputProps("value")} />
            </Group>
            <TextInput
              label={t("record.pointsReason")}
              description={t("record.pointsReasonHint")}
              {...form.getInputProps("reason")}
            />
            <Group justify="flex-end">
              <Button type="submit">{t("common:save")}</Button>
            </Group>
          </Stack>
        </form>
      </FormModal>
    </Card>
  );
}
