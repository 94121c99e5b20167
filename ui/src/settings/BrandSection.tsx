import {
  ActionIcon,
  Button,
  Group,
  NumberInput,
  Select,
  SimpleGrid,
  Stack,
  Text,
  TextInput,
} from "@mantine/core";
import { IconPlus, IconTrash } from "@tabler/icons-react";
import { useTranslation } from "react-i18next";
import { $api, http, take } from "../api/client";
import type { BrandSettings } from "../api/types";
import { ImageInput } from "../media/MediaPicker";
import { ColorField } from "../ui/ColorField";
import { FONTS } from "../ui/fonts";
import { Card } from "../ui/parts";
import { ErrorState, Waiting } from "../ui/states";
import { Panel, useSettingsForm } from "./SettingsPage";

/** How the house looks: templates and blocks of emails take from it. */
export function BrandSection() {
  const query = $api.useQuery("get", "/settings/brand");
  if (query.isError) return <ErrorState error={query.error} retry={query.refetch} />;
  return query.data ? <BrandForm value={query.data} /> : <Waiting />;
}

const COLOURS = ["primary", "text", "ground", "card"] as const;

function BrandForm({ value }: { value: BrandSettings }) {
  const { t } = useTranslation("settings");
  const { form, ...rest } = useSettingsForm(value, (body) => take(http.PUT("/settings/brand", { body })));
  const brand = form.getValues();
  const fonts = FONTS.includes(brand.font) ? FONTS : [brand.font, ...FONTS];
  const setProfile = (at: number, change: Partial<BrandSettings["profiles"][number]>) =>
    form.setFieldValue(
      "profiles",
      brand.profiles.map((one, place) => (place === at ? { ...one, ...change } : one)),
    );
  return (
    <Panel {...rest}>
      <Card title={t("brand.logo")}>
        <Text size="sm" c="dimmed" mb="md">
          {t("brand.about")}
        </Text>
        <SimpleGrid cols={{ base: 1, sm: 2 }}>
          <ImageInput
            label={t("brand.logoUrl")}
            placeholder="https://"
            value={brand.logo_url}
            error={form.errors.logo_url as string | undefined}
            onChange={(url) => form.setFieldValue("logo_url", url)}
          />
          <NumberInput
            label={t("brand.logoWidth")}
            min={20}
            max={600}
            {...form.getInputProps("logo_width")}
          />
        </SimpleGrid>
      </Card>
      <Card title={t("brand.looks")}>
        <SimpleGrid cols={{ base: 1, sm: 2 }}>
          {COLOURS.map((key) => (
            <ColorField
              key={key}
              label={t(`brand.${key}`)}
              value={brand[key]}
              error={form.errors[key] as string | undefined}
              onChange={(color) => form.setFieldValue(key, color)}
            />
          ))}
          <Select
            label={t("brand.font")}
            allowDeselect={false}
            data={fonts.map((font) => ({ value: font, label: font.split(",")[0]!.replaceAll("'", "") }))}
            {...form.getInputProps("font")}
          />
          <NumberInput label={t("brand.radius")} min={0} max={60} {...form.getInputProps("radius")} />
        </SimpleGrid>
      </Card>
      <Card title={t("brand.profiles")}>
        <Stack gap="sm">
          <Text size="sm" c="dimmed">
            {t("brand.profilesText")}
          </Text>
          {brand.profiles.map((profile, at) => (
            <Group key={at} align="flex-end" wrap="nowrap">
              <TextInput
                label={t("brand.profileName")}
                placeholder="Mastodon"
                value={profile.name}
                onChange={(event) => setProfile(at, { name: event.currentTarget.value })}
              />
              <TextInput
                label={t("brand.profileUrl")}
                placeholder="https://"
                style={{ flex: 1 }}
                value={profile.url}
                error={form.errors[`profiles/${at}`] as string | undefined}
                onChange={(event) => setProfile(at, { url: event.currentTarget.value })}
              />
              <ActionIcon
                variant="default"
                size={36}
                aria-label={t("brand.removeProfile", { name: profile.name })}
                onClick={() =>
                  form.setFieldValue(
                    "profiles",
                    brand.profiles.filter((_, place) => place !== at),
                  )
                }
              >
                <IconTrash size={16} aria-hidden />
              </ActionIcon>
            </Group>
          ))}
          <Button
            variant="default"
            leftSection={<IconPlus size={16} aria-hidden />}
            onClick={() => form.setFieldValue("profiles", [...brand.profiles, { name: "", url: "" }])}
            style={{ alignSelf: "flex-start" }}
          >
            {t("brand.addProfile")}
          </Button>
        </Stack>
      </Card>
    </Panel>
  );
}
