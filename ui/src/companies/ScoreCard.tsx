import { Button, Group, NumberInput, Select, Stack, Text, TextInput } from "@mantine/core";
import { useForm } from "@mantine/form";
import { useDisclosure } from "@mantine/hooks";
import { useTranslation } from "react-i18next";
import { http, refresh, take } from "../api/client";
import type { Company } from "../api/types";
import { useMayEdit } from "../app/session";
import { number } from "../ui/format";
import { Card, FormModal } from "../ui/parts";
import { attempt } from "../ui/toasts";

const OPERATORS = ["plus", "minus", "set", "times", "divide"] as const;

/** The score of a company, and the form that changes it. */
export function ScoreCard({ company }: { company: Company }) {
  const { t } = useTranslation("companies");
  const may = useMayEdit();
  const [opened, { open, close }] = useDisclosure();
  const form = useForm({ initialValues: { operator: "plus", value: 10, reason: "" } });
  const submit = form.onSubmit((body) =>
    attempt(async () => {
      await take(http.POST("/companies/{id}/score", { params: { path: { id: company.id } }, body }));
      close();
      form.reset();
      await refresh("/companies");
    }),
  );
  return (
    <Card
      title={t("score")}
      aside={
        may && (
          <Button size="compact-sm" variant="subtle" onClick={open}>
            {t("changeScore")}
          </Button>
        )
      }
    >
      <Text fz={26} fw={650} className="hg-num">
        {number(company.score)}
      </Text>
      <FormModal opened={opened} close={close} title={t("score")}>
        <form onSubmit={submit}>
          <Stack>
            <Group grow>
              <Select
                label={t("scoreOperator")}
                allowDeselect={false}
                data={OPERATORS.map((key) => ({ value: key, label: t(`operators.${key}`) }))}
                {...form.getInputProps("operator")}
              />
              <NumberInput label={t("scoreValue")} {...form.getInputProps("value")} />
            </Group>
            <TextInput label={t("scoreReason")} {...form.getInputProps("reason")} />
            <Group justify="flex-end">
              <Button type="submit">{t("common:save")}</Button>
            </Group>
          </Stack>
        </form>
      </FormModal>
    </Card>
  );
}
