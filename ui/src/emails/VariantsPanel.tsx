import {
  Alert,
  Badge,
  Button,
  Group,
  NumberInput,
  Select,
  SimpleGrid,
  Stack,
  Switch,
  Table,
  Text,
  VisuallyHidden,
} from "@mantine/core";
import { modals } from "@mantine/modals";
import { IconArrowsSplit2, IconPlus } from "@tabler/icons-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, http, refresh, take } from "../api/client";
import type { Email, EmailFamily, EmailTest } from "../api/types";
import { useMayEdit } from "../app/session";
import { dateTime, number, percent } from "../ui/format";
import { TextLink } from "../ui/links";
import { Card } from "../ui/parts";
import { EmptyState, ErrorState, Waiting } from "../ui/states";
import { attempt } from "../ui/toasts";

/** Reads anew whatever shows a family. */
export const refreshFamily = () => refresh("/emails/{id}/family", "/emails/{id}", "/emails");

/** The variants of an email, the test between them, and the tests before. */
export function VariantsPanel({ email }: { email: Email }) {
  const { t } = useTranslation("emails");
  const may = useMayEdit();
  const params = { path: { id: email.id } };
  const query = $api.useQuery("get", "/emails/{id}/family", { params });
  if (query.isError) return <ErrorState error={query.error} retry={query.refetch} />;
  const family = query.data;
  if (!family) return <Waiting />;
  const add = () =>
    attempt(async () => {
      await take(http.POST("/emails/{id}/variants", { params: { path: { id: family.id } }, body: {} }));
      await refreshFamily();
    }, t("variants.added"));
  const button = may && !family.test && (
    <Button variant="default" leftSection={<IconPlus size={16} aria-hidden />} onClick={add}>
      {t("variants.add")}
    </Button>
  );
  if (!family.variants.length) {
    return (
      <Stack>
        <div className="hg-card">
          <EmptyState icon={IconArrowsSplit2} title={t("variants.none.title")} action={button}>
            {t("variants.none.text")}
          </EmptyState>
        </div>
        <Past family={family} />
      </Stack>
    );
  }
  return (
    <Stack>
      {family.test ? (
        <Running family={family} test={family.test} may={may} />
      ) : (
        <Shares family={family} may={may} />
      )}
      {!family.test && may && <Begin family={family} />}
      <Group>{button}</Group>
      <Past family={family} />
    </Stack>
  );
}

/** Whose variant or translation this is, and what a change does to a running test. */
export function FamilyNotice({ email }: { email: Email }) {
  const { t } = useTranslation("emails");
  const { data: family } = $api.useQuery("get", "/emails/{id}/family", {
    params: { path: { id: email.id } },
  });
  const child = email.parent_id != null;
  const tested = family?.test && email.parent_as !== "translation";
  if (!family || (!child && !tested)) return null;
  return (
    <Alert variant="default" mb="md">
      {child && t(`family.${email.parent_as ?? "variant"}`)}{" "}
      {child && (
        <TextLink
          to="/emails/$id"
          params={{ id: String(family.id) }}
          search={{ tab: email.parent_as === "translation" ? "languages" : "variants" }}
        >
          {family.name}
        </TextLink>
      )}{" "}
      {tested && t("family.tested")}
    </Alert>
  );
}

function Shares({ family, may }: { family: EmailFamily; may: boolean }) {
  const { t } = useTranslation("emails");
  const setWeight = (variant: number, weight: number) =>
    attempt(async () => {
      const path = { id: family.id, variant };
      await take(http.PATCH("/emails/{id}/variants/{variant}", { params: { path }, body: { weight } }));
      await refreshFamily();
    });
  const remove = (id: number) =>
    attempt(async () => {
      await take(http.DELETE("/emails/{id}", { params: { path: { id } } }));
      await refreshFamily();
    }, t("variants.removed"));
  return (
    <Card p={0} scroll>
      <Table aria-label={t("variants.title")} className="hg-table">
        <Table.Thead>
          <Table.Tr>
            <Table.Th className="hg-th">{t("variants.variant")}</Table.Th>
            <Table.Th className="hg-th">{t("subject")}</Table.Th>
            <Table.Th className="hg-th" w={150}>
              {t("variants.weight")}
            </Table.Th>
            {RESULTS.map((key) => (
              <Table.Th key={key} className="hg-th" ta="right">
                {t(`counts.${key}`)}
              </Table.Th>
            ))}
            <Table.Th className="hg-th" w={110}>
              <VisuallyHidden>{t("variants.actions")}</VisuallyHidden>
            </Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          <Table.Tr>
            <Table.Td>{family.name}</Table.Td>
            <Table.Td>{family.subject}</Table.Td>
            <Table.Td>{t("variants.rest", { weight: family.weight })}</Table.Td>
            <Results of={family} />
            <Table.Td />
          </Table.Tr>
          {family.variants.map((variant) => (
            <Table.Tr key={variant.id}>
              <Table.Td>
                <TextLink to="/emails/$id/edit" params={{ id: String(variant.id) }} size="sm" fw={550}>
                  {variant.name}
                </TextLink>
              </Table.Td>
              <Table.Td>{variant.subject}</Table.Td>
              <Table.Td>
                <NumberInput
                  key={variant.weight}
                  aria-label={t("variants.weightOf", { name: variant.name })}
                  size="xs"
                  suffix=" %"
                  min={0}
                  max={100}
                  disabled={!may}
                  defaultValue={variant.weight}
                  onBlur={(event) => {
                    const weight = Number.parseInt(event.currentTarget.value, 10);
                    if (!Number.isNaN(weight) && weight !== variant.weight) setWeight(variant.id, weight);
                  }}
                />
              </Table.Td>
              <Results of={variant} />
              <Table.Td>
                {may && (
                  <Button
                    variant="subtle"
                    size="xs"
                    aria-label={t("variants.removeOf", { name: variant.name })}
                    onClick={() => remove(variant.id)}
                  >
                    {t("common:remove")}
                  </Button>
                )}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Card>
  );
}

const RESULTS = ["sent", "opened", "clicked"] as const;

/** What one variant got, as cells of a row. */
function Results({ of }: { of: Record<(typeof RESULTS)[number], number> }) {
  return RESULTS.map((key) => (
    <Table.Td key={key} ta="right">
      {number(of[key])}
      {key !== "sent" && of.sent > 0 && (
        <Text span size="xs" c="dimmed" ml={6}>
          {percent(of[key], of.sent)}
        </Text>
      )}
    </Table.Td>
  ));
}

function Begin({ family }: { family: EmailFamily }) {
  const { t } = useTranslation("emails");
  const [criterion, setCriterion] = useState<"clicks" | "opens">("clicks");
  const [share, setShare] = useState(100);
  const [automatic, setAutomatic] = useState(true);
  const [hours, setHours] = useState<number | null>(null);
  const begin = () =>
    attempt(async () => {
      const body = { criterion, share, automatic, hours };
      await take(http.POST("/emails/{id}/variants/begin", { params: { path: { id: family.id } }, body }));
      await refreshFamily();
    }, t("variants.begun"));
  return (
    <Card title={t("variants.test")}>
      <Stack>
        <SimpleGrid cols={{ base: 1, sm: 3 }}>
          <Select
            label={t("variants.criterion")}
            allowDeselect={false}
            data={[
              { value: "clicks", label: t("variants.criteria.clicks") },
              { value: "opens", label: t("variants.criteria.opens") },
            ]}
            value={criterion}
            onChange={(next) => next && setCriterion(next as "clicks" | "opens")}
          />
          <NumberInput
            label={t("variants.share")}
            description={t("variants.shareHint")}
            inputWrapperOrder={["label", "input", "description"]}
            suffix=" %"
            min={1}
            max={100}
            value={share}
            onChange={(next) => setShare(Number(next) || 100)}
          />
          <NumberInput
            label={t("variants.hours")}
            description={t("variants.hoursHint")}
            inputWrapperOrder={["label", "input", "description"]}
            min={1}
            max={2160}
            value={hours ?? ""}
            onChange={(next) => setHours(Number(next) || null)}
          />
        </SimpleGrid>
        <Switch
          label={t("variants.automatic")}
          description={t("variants.automaticHint")}
          checked={automatic}
          onChange={(event) => setAutomatic(event.currentTarget.checked)}
        />
        <Group>
          <Button onClick={begin}>{t("variants.begin")}</Button>
        </Group>
      </Stack>
    </Card>
  );
}

type RunningProps = { family: EmailFamily; test: EmailTest; may: boolean };

function Running({ family, test, may }: RunningProps) {
  const { t } = useTranslation("emails");
  const params = { path: { id: family.id } };
  const clear = test.arms.find((arm) => arm.id === test.clear_id);
  const stop = () =>
    attempt(async () => {
      await take(http.POST("/emails/{id}/variants/stop", { params }));
      await refreshFamily();
    }, t("variants.stopped"));
  const win = (arm: EmailTest["arms"][number]) =>
    modals.openConfirmModal({
      title: t("variants.winTitle", { name: arm.name }),
      children: (
        <Text size="sm">{arm.id === test.clear_id ? t("variants.winClear") : t("variants.winUnclear")}</Text>
      ),
      labels: { confirm: t("variants.win"), cancel: t("common:cancel") },
      onConfirm: () =>
        attempt(
          async () => {
            await take(http.POST("/emails/{id}/variants/win", { params, body: { winner: arm.id } }));
            await refreshFamily();
          },
          t("variants.won", { name: arm.name }),
        ),
    });
  return (
    <Stack>
      <Alert variant="default">
        {clear ? t("variants.clear", { name: clear.name }) : t("variants.notYet")}{" "}
        {test.decide_at && t("variants.decideAt", { at: dateTime(test.decide_at) })}{" "}
        {test.share < 100 && t("variants.onShare", { share: test.share })}
      </Alert>
      <Arms
        test={test}
        action={(arm) => may && <WinButton onClick={() => win(arm)} name={arm.name} />}
        links
      />
      {may && (
        <Group>
          <Button variant="default" onClick={stop}>
            {t("variants.stop")}
          </Button>
        </Group>
      )}
    </Stack>
  );
}

function WinButton({ name, onClick }: { name: string; onClick: () => void }) {
  const { t } = useTranslation("emails");
  return (
    <Button size="xs" variant="default" aria-label={t("variants.winOf", { name })} onClick={onClick}>
      {t("variants.win")}
    </Button>
  );
}

type ArmsProps = {
  test: EmailTest;
  action?: (arm: EmailTest["arms"][number]) => React.ReactNode;
  links?: boolean;
};

/** The variants of a test with what they got, and how sure that is. */
function Arms({ test, action, links }: ArmsProps) {
  const { t } = useTranslation("emails");
  const against = (arm: EmailTest["arms"][number]) => {
    if (arm.ratio == null) return arm === test.arms[0] ? t("variants.original") : t("variants.unknown");
    const low = signed(arm.ratio_low ?? 0);
    return arm.ratio_high == null
      ? t("variants.atLeast", { guess: signed(arm.ratio), low })
      : t("variants.between", { guess: signed(arm.ratio), low, high: signed(arm.ratio_high) });
  };
  return (
    <Card p={0} scroll>
      <Table aria-label={t("variants.results")} className="hg-table">
        <Table.Thead>
          <Table.Tr>
            <Table.Th className="hg-th">{t("variants.variant")}</Table.Th>
            <Table.Th className="hg-th" ta="right">
              {t("counts.sent")}
            </Table.Th>
            <Table.Th className="hg-th" ta="right">
              {t(`variants.criteria.${test.criterion}`)}
            </Table.Th>
            <Table.Th className="hg-th">{t("variants.against")}</Table.Th>
            {action && (
              <Table.Th className="hg-th" w={140}>
                <VisuallyHidden>{t("variants.actions")}</VisuallyHidden>
              </Table.Th>
            )}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {test.arms.map((arm) => (
            <Table.Tr key={arm.id}>
              <Table.Td>
                <Group gap="xs">
                  {links ? (
                    <TextLink to="/emails/$id/edit" params={{ id: String(arm.id) }} size="sm" fw={550}>
                      {arm.name}
                    </TextLink>
                  ) : (
                    <Text size="sm">{arm.name}</Text>
                  )}
                  {test.winner_id === arm.id && <Badge variant="light">{t("variants.winner")}</Badge>}
                </Group>
              </Table.Td>
              <Table.Td ta="right">{number(arm.sent)}</Table.Td>
              <Table.Td ta="right">
                {percent(arm.responses, arm.sent)} ({number(arm.responses)})
              </Table.Td>
              <Table.Td>{against(arm)}</Table.Td>
              {action && <Table.Td>{action(arm)}</Table.Td>}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Card>
  );
}

/** A ratio as a difference: 1.2 is +20 %. */
function signed(ratio: number): string {
  const points = Math.round((ratio - 1) * 100);
  return `${points > 0 ? "+" : points < 0 ? "−" : "±"}${Math.abs(points)} %`;
}

function Past({ family }: { family: EmailFamily }) {
  const { t } = useTranslation("emails");
  return family.past.map((test) => (
    <Stack key={test.id} gap="xs">
      <Text size="sm" fw={550}>
        {t("variants.past", { from: dateTime(test.started_at), to: dateTime(test.ended_at) })}
      </Text>
      <Text size="sm" c="dimmed">
        {test.ended_how && t(`variants.ended.${test.ended_how}`)}
      </Text>
      <Arms test={test} />
    </Stack>
  ));
}
