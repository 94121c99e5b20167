import {
  Avatar,
  Button,
  Group,
  Menu,
  PasswordInput,
  Select,
  Stack,
  Table,
  Text,
  TextInput,
} from "@mantine/core";
import { useForm } from "@mantine/form";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { $api, http, refresh, take } from "../api/client";
import { showProblem } from "../api/forms";
import type { Role, User } from "../api/types";
import { initials } from "../app/Shell";
import { useMayGovern, useSession } from "../app/session";
import { DotsMenu } from "../ui/DotsMenu";
import { ago } from "../ui/format";
import { NewButton } from "../ui/NewButton";
import { Card, ConsequenceDialog, FormModal } from "../ui/parts";
import { ErrorState, ErrorSummary, Waiting } from "../ui/states";
import { said } from "../ui/toasts";

export function UsersSection() {
  const { t } = useTranslation("settings");
  const may = useMayGovern();
  const me = useSession().user.id;
  const query = $api.useQuery("get", "/users");
  const [editing, setEditing] = useState<User | "new" | null>(null);
  const [removing, setRemoving] = useState<User | null>(null);
  if (query.isError) return <ErrorState error={query.error} retry={query.refetch} />;
  if (!query.data) return <Waiting />;
  return (
    <Card
      title={t("users.title")}
      aside={may && <NewButton onClick={() => setEditing("new")}>{t("users.add")}</NewButton>}
    >
      <Table aria-label={t("users.title")}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th className="hg-th">{t("users.person")}</Table.Th>
            <Table.Th className="hg-th">{t("users.role")}</Table.Th>
            <Table.Th className="hg-th">{t("users.last")}</Table.Th>
            <Table.Th className="hg-th" w={60}>
              {t("common:actions")}
            </Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {query.data.items.map((user) => (
            <Table.Tr key={user.id}>
              <Table.Td>
                <Group gap="sm" wrap="nowrap">
                  <Avatar size={32} radius="xl" className="hg-avatar" aria-hidden>
                    {initials(fullName(user))}
                  </Avatar>
                  <div>
                    <Text size="sm" fw={550}>
                      {fullName(user)}
                    </Text>
                    {fullName(user) !== user.email && (
                      <Text size="xs" c="dimmed">
                        {user.email}
                      </Text>
                    )}
                  </div>
                </Group>
              </Table.Td>
              <Table.Td>{t(`users.roles.${user.role}`)}</Table.Td>
              <Table.Td>{user.last_sign_in_at ? ago(user.last_sign_in_at) : t("common:never")}</Table.Td>
              <Table.Td>
                {may && (
                  <DotsMenu label={t("common:moreActions", { name: user.email })}>
                    <Menu.Item onClick={() => setEditing(user)}>{t("common:edit")}</Menu.Item>
                    <Menu.Item disabled={user.id === me} onClick={() => setRemoving(user)}>
                      {t("users.remove")}
                    </Menu.Item>
                  </DotsMenu>
                )}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      <FormModal
        opened={editing !== null}
        close={() => setEditing(null)}
        title={editing === "new" ? t("users.add") : t("users.edit")}
      >
        {editing && <UserForm user={editing === "new" ? null : editing} close={() => setEditing(null)} />}
      </FormModal>
      <ConsequenceDialog
        opened={removing !== null}
        close={() => setRemoving(null)}
        title={t("users.removeTitle", { name: removing ? fullName(removing) : "" })}
        confirm={t("users.remove")}
        run={async () => {
          await take(http.DELETE("/users/{id}", { params: { path: { id: removing!.id } } }));
          said(t("users.removed"));
          await refresh("/users");
        }}
      >
        <Text size="sm">{t("users.removeText")}</Text>
      </ConsequenceDialog>
    </Card>
  );
}

function fullName(user: User) {
  return `${user.first_name} ${user.last_name}`.trim() || user.email;
}

function UserForm({ user, close }: { user: User | null; close: () => void }) {
  const { t } = useTranslation("settings");
  const [errors, setErrors] = useState<string[]>([]);
  const form = useForm({
    initialValues: {
      first_name: user?.first_name ?? "",
      last_name: user?.last_name ?? "",
      email: user?.email ?? "",
      role: (user?.role ?? "viewer") as Role,
      password: "",
    },
  });
  const submit = form.onSubmit(async ({ password, ...values }) => {
    const body = password ? { ...values, password } : values;
    try {
      if (user) {
        await take(
          http.PATCH("/users/{id}", {
            params: { path: { id: user.id } },
            body: { ...body, version: user.version },
          }),
        );
      } else {
        await take(http.POST("/users", { body: { ...values, password } }));
      }
      said(t("common:saved"));
      await refresh("/users");
      close();
    } catch (error) {
      setErrors(showProblem(form, error));
    }
  });
  return (
    <form onSubmit={submit}>
      <Stack>
        <ErrorSummary errors={errors} />
        <Group grow>
          <TextInput label={t("auth:firstName")} data-autofocus {...form.getInputProps("first_name")} />
          <TextInput label={t("auth:lastName")} {...form.getInputProps("last_name")} />
        </Group>
        <TextInput label={t("auth:email")} type="email" required {...form.getInputProps("email")} />
        <Select
          label={t("users.role")}
          description={t("users.roleHint")}
          allowDeselect={false}
          data={(["administrator", "author", "viewer"] as const).map((key) => ({
            value: key,
            label: t(`users.roles.${key}`),
          }))}
          {...form.getInputProps("role")}
        />
        <PasswordInput
          label={user ? t("users.newPassword") : t("auth:password")}
          description={user ? t("users.keepPassword") : t("auth:setup.passwordHint")}
          required={!user}
          autoComplete="new-password"
          visibilityToggleButtonProps={{ "aria-label": t("auth:showPassword") }}
          {...form.getInputProps("password")}
        />
        <Group justify="flex-end">
          <Button variant="default" onClick={close}>
            {t("common:cancel")}
          </Button>
          <Button type="submit">{t("common:save")}</Button>
        </Group>
      </Stack>
    </form>
  );
}
