import {
  Accordion,
  Alert,
  Button,
  Group,
  NumberInput,
  Progress,
  SegmentedControl,
  SimpleGrid,
  Stack,
  Table,
  Text,
} from "@mantine/core";
import { useForm } from "@mantine/form";
import { IconAlertTriangle, IconFlask } from "@tabler/icons-react";
import { useParams } from "@tanstack/react-router";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, http, refresh, take } from "../api/client";
import { useLive } from "../api/live";
import type { CampaignSimulation, CampaignSimulationReport } from "../api/types";
import { useMayEdit } from "../app/session";
import { problemParts } from "../ui/editor";
import { ago, dateTime, number, percent } from "../ui/format";
import { TextLink } from "../ui/links";
import { PageHeader } from "../ui/PageHeader";
import { Card, StatTile } from "../ui/parts";
import { ContactSelect } from "../ui/pickers";
import { EmptyState, ErrorState, ErrorSummary, StateBadge, Waiting } from "../ui/states";

const MailsChart = lazy(() => import("./MailsChart"));

/** Tries the campaign before it runs: real people, real rules, a clock of its own, and nothing leaves. */
export function TryPage() {
  const { t } = useTranslation("campaigns");
  const { id } = useParams({ strict: false }) as { id: string };
  const may = useMayEdit();
  const params = { path: { id: Number(id) } };
  const [chosen, setChosen] = useState<number | null>(null);
  const campaign = $api.useQuery("get", "/campaigns/{id}", { params });
  const tried = $api.useQuery("get", "/campaigns/{id}/simulations", { params });
  useLive<{ kind: string }>("task", (event) => {
    if (event.kind === "campaigns.simulate") refresh("/campaigns/{id}/simulations");
  });
  const failed = [campaign, tried].find((query) => query.isError);
  if (failed) return <ErrorState page error={failed.error} retry={failed.refetch} />;
  if (!campaign.data || !tried.data) return <Waiting />;
  const all = tried.data.items;
  const shown = all.find((one) => one.id === chosen) ?? all[0];
  return (
    <>
      <PageHeader
        title={t("try.title", { name: campaign.data.name || t("untitled") })}
        description={t("try.text")}
        back={{ path: `/campaigns/${id}`, label: campaign.data.name || t("untitled") }}
      />
      <Stack>
        {may && <SetupForm id={Number(id)} last={all[0]} onStarted={() => setChosen(null)} />}
        {all.length > 1 && shown && (
          <Group gap="xs" role="group" aria-label={t("try.earlier")}>
            {all.slice(0, 6).map((one) => (
              <Button
                key={one.id}
                size="compact-sm"
                variant={one.id === shown.id ? "filled" : "default"}
                aria-pressed={one.id === shown.id}
                onClick={() => setChosen(one.id)}
              >
                {ago(one.created_at)}
              </Button>
            ))}
          </Group>
        )}
        {shown ? (
          <Outcome simulation={shown} />
        ) : (
          <EmptyState icon={IconFlask} title={t("try.empty.title")}>
            {t("try.empty.text")}
          </EmptyState>
        )}
      </Stack>
    </>
  );
}

function SetupForm({
  id,
  last,
  onStarted,
}: {
  id: number;
  last?: CampaignSimulation;
  onStarted: () => void;
}) {
  const { t } = useTranslation("campaigns");
  const [errors, setErrors] = useState<string[]>([]);
  const [person, setPerson] = useState<number | null>(last?.setup.contacts?.[0] ?? null);
  const form = useForm({
    mode: "uncontrolled",
    initialValues: {
      behaviour: last && !last.setup.replay ? "assumed" : "replay",
      most_people: last?.setup.most_people ?? 5000,
      days: last?.setup.days ?? 30,
      many_a_week: last?.setup.many_a_week ?? 3,
      open_percent: last?.setup.open_percent ?? 35,
      click_percent: last?.setup.click_percent ?? 5,
      submit_percent: last?.setup.submit_percent ?? 5,
      visit_percent: last?.setup.visit_percent ?? 10,
    },
  });
  const start = form.onSubmit(async ({ behaviour, ...values }) => {
    try {
      setErrors([]);
      const body = {
        ...values,
        replay: behaviour === "replay",
        seed: last?.setup.seed ?? 1,
        contacts: person == null ? [] : [person],
      };
      await take(http.POST("/campaigns/{id}/simulations", { params: { path: { id } }, body }));
      onStarted();
      await refresh("/campaigns/{id}/simulations", "/tasks");
    } catch (error) {
      const parts = problemParts(error);
      setErrors(parts.errors);
      form.setErrors(parts.fields);
    }
  });
  const field = (name: "most_people" | "days" | "many_a_week", max: number) => (
    <NumberInput
      label={t(`try.${name}`)}
      min={1}
      max={max}
      clampBehavior="none"
      {...form.getInputProps(name)}
    />
  );
  const share = (name: "open_percent" | "click_percent" | "submit_percent" | "visit_percent") => (
    <NumberInput
      label={t(`try.${name}`)}
      suffix=" %"
      min={0}
      max={100}
      decimalScale={1}
      clampBehavior="none"
      {...form.getInputProps(name)}
    />
  );
  return (
    <Card title={t("try.setup")}>
      <form onSubmit={start}>
        <Stack>
          <ErrorSummary errors={errors} />
          <SimpleGrid cols={{ base: 1, sm: 3 }}>
            {field("most_people", 100_000)}
            {field("days", 365)}
            {field("many_a_week", 1000)}
          </SimpleGrid>
          <SegmentedControl
            aria-label={t("try.behaviour")}
            data={[
              { value: "replay", label: t("try.replay") },
              { value: "assumed", label: t("try.assumed") },
            ]}
            {...form.getInputProps("behaviour")}
          />
          <SimpleGrid cols={{ base: 2, sm: 4 }}>
            {share("open_percent")}
            {share("click_percent")}
            {share("submit_percent")}
            {share("visit_percent")}
          </SimpleGrid>
          <ContactSelect
            label={t("try.person")}
            description={t("try.personHint")}
            value={person}
            onChange={setPerson}
          />
          <Group>
            <Button type="submit" loading={form.submitting} leftSection={<IconFlask size={16} aria-hidden />}>
              {t("try.start")}
            </Button>
          </Group>
        </Stack>
      </form>
    </Card>
  );
}

function Outcome({ simulation }: { simulation: CampaignSimulation }) {
  const { t } = useTranslation("campaigns");
  if (simulation.report)
    return <ReportView report={simulation.report} most={simulation.setup.many_a_week ?? 3} />;
  return (
    <Card>
      <Stack gap="xs" role="status">
        <Group gap="xs">
          <StateBadge state={simulation.state} />
          <Text size="sm">
            {simulation.message ?? t(`try.state.${simulation.state as "running" | "stopped"}`)}
          </Text>
        </Group>
        {simulation.state === "running" && (
          <Progress value={100} animated aria-label={t("try.state.running")} />
        )}
      </Stack>
    </Card>
  );
}

function ReportView({ report, most }: { report: CampaignSimulationReport; most: number }) {
  const { t } = useTranslation("campaigns");
  const warnings = [
    ...(report.unreached.length
      ? [
          t("try.unreached", {
            names: report.steps
              .filter((step) => report.unreached.includes(step.key))
              .map((step) => `“${step.name || step.key}”`)
              .join(", "),
          }),
        ]
      : []),
    ...(report.too_many
      ? [t("try.tooMany", { count: report.too_many, shown: number(report.too_many), most })]
      : []),
    ...(report.held ? [t("try.held", { count: report.held, shown: number(report.held) })] : []),
    ...report.not_sent.map((reason) => t("try.notSent", { times: number(reason.times), text: reason.text })),
  ];
  return (
    <Stack>
      <SimpleGrid cols={{ base: 2, sm: 4 }}>
        <StatTile
          label={t("try.people")}
          value={number(report.people)}
          note={t("try.ofAudience", { audience: number(report.audience) })}
        />
        <StatTile
          label={t("try.mails")}
          value={number(report.sent)}
          note={t("try.perPerson", { mails: (report.sent / Math.max(report.people, 1)).toFixed(1) })}
        />
        <StatTile
          label={t("try.heldTile")}
          value={number(report.held)}
          note={t("try.stillHeld", { shown: number(report.still_held) })}
        />
        <StatTile
          label={t("try.tooManyTile")}
          value={number(report.too_many)}
          note={percent(report.too_many, report.people)}
        />
      </SimpleGrid>
      {warnings.length > 0 && (
        <Alert variant="default" icon={<IconAlertTriangle aria-hidden />} title={t("try.warnings")}>
          <Stack gap={4}>
            {warnings.map((warning) => (
              <Text size="sm" key={warning}>
                {warning}
              </Text>
            ))}
          </Stack>
        </Alert>
      )}
      {report.days.length > 0 && (
        <Card title={t("try.perDay")}>
          <Suspense fallback={<Waiting lines={4} />}>
            <MailsChart days={report.days} />
          </Suspense>
        </Card>
      )}
      <Card title={t("steps")} scroll>
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t("steps")}</Table.Th>
              <Table.Th ta="right">{t("done")}</Table.Th>
              <Table.Th ta="right">{t("yes")}</Table.Th>
              <Table.Th ta="right">{t("no")}</Table.Th>
              <Table.Th ta="right">{t("waiting")}</Table.Th>
              <Table.Th ta="right">{t("failed")}</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {report.steps.map((step) => (
              <Table.Tr key={step.key}>
                <Table.Td>
                  <Text size="sm">{step.name || step.key}</Text>
                  {step.said.map((reason) => (
                    <Text size="xs" c="dimmed" key={reason.text}>
                      {t("try.said", { times: number(reason.times), text: reason.text })}
                    </Text>
                  ))}
                </Table.Td>
                {([step.done, step.yes, step.no, step.waiting, step.failed] as const).map((count, at) => (
                  <Table.Td key={at} ta="right" className="hg-num">
                    {number(count)}
                  </Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Card>
      {report.busiest.length > 0 && (
        <Card title={t("try.busiest")}>
          <Stack gap={4}>
            {report.busiest.map((person) => (
              <Group key={person.contact} gap="xs">
                <TextLink to="/contacts/$id" params={{ id: String(person.contact) }} size="sm">
                  {person.name || `#${person.contact}`}
                </TextLink>
                <Text size="sm" c="dimmed">
                  {t("try.inAWeek", { mails: number(person.mails), from: dateTime(person.from) })}
                </Text>
              </Group>
            ))}
          </Stack>
        </Card>
      )}
      {report.walks.length > 0 && (
        <Card title={t("journey")}>
          <Accordion defaultValue={String(report.walks[0]?.contact)}>
            {report.walks.map((walk) => (
              <Accordion.Item key={walk.contact} value={String(walk.contact)}>
                <Accordion.Control>{walk.name || `#${walk.contact}`}</Accordion.Control>
                <Accordion.Panel>
                  <Table aria-label={t("journey")}>
                    <Table.Tbody>
                      {walk.steps.map((step) => (
                        <Table.Tr key={`${step.step_key}-${step.from}`}>
                          <Table.Td className="hg-num">{dateTime(step.at)}</Table.Td>
                          <Table.Td>{step.name || step.step_key}</Table.Td>
                          <Table.Td>
                            <StateBadge
                              state={step.state}
                              label={step.path ? t(step.path as "yes" | "no") : undefined}
                            />
                          </Table.Td>
                          <Table.Td>{step.text}</Table.Td>
                        </Table.Tr>
                      ))}
                    </Table.Tbody>
                  </Table>
                </Accordion.Panel>
              </Accordion.Item>
            ))}
          </Accordion>
        </Card>
      )}
      <Text size="xs" c="dimmed">
        {t("try.took", {
          from: dateTime(report.from),
          until: dateTime(report.until),
          ms: number(report.took),
        })}
      </Text>
    </Stack>
  );
}
