use std::collections::HashMap;

use hg_core::ids::UserId;
use hg_core::time::Timestamp;
use hg_store::{Row, Sql, Tx};

use super::model::{User, UserPatch};
use crate::cx::Role;
use crate::error::{Error, Result};

const COLUMNS: &str = "id, version, created_at, updated_at, email, first_name, last_name, role, timezone, last_sign_in_at";

fn read(r: &Row<'_>) -> hg_store::Result<User> {
    Ok(User {
        id: r.get(0)?,
        version: r.get(1)?,
        created_at: r.get(2)?,
        updated_at: r.get(3)?,
        email: r.get(4)?,
        first_name: r.get(5)?,
        last_name: r.get(6)?,
        role: Role::from_key(&r.get::<String>(7)?).unwrap_or(Role::Viewer),
        timezone: r.get(8)?,
        last_sign_in_at: r.get(9)?,
    })
}

pub(super) fn find(tx: &mut Tx<'_>, id: UserId) -> Result<Option<User>> {
    Ok(tx.opt(Sql::new(format!("SELECT {COLUMNS} FROM users WHERE id = $1 AND deleted_at IS NULL")).bind(id), read)?)
}

pub(super) fn list(tx: &mut Tx<'_>) -> Result<Vec<User>> {
    Ok(tx.all(format!("SELECT {COLUMNS} FROM users WHERE deleted_at IS NULL ORDER BY id"), read)?)
}

/// The user with this address and the stored hash of the password.
pub(super) fn by_address(tx: &mut Tx<'_>, email_key: &str) -> Result<Option<(User, String)>> {
    let text = format!("SELECT {COLUMNS}, password_hash FROM users WHERE email_key = $1 AND deleted_at IS NULL");
    Ok(tx.opt(Sql::new(text).bind(email_key), |r| Ok((read(r)?, r.get(10)?)))?)
}

pub(super) fn password_hash(tx: &mut Tx<'_>, id: UserId) -> Result<Option<String>> {
    Ok(tx.opt(Sql::new("SELECT password_hash FROM users WHERE id = $1 AND deleted_at IS NULL").bind(id), |r| r.get(0))?)
}

pub(super) fn count(tx: &mut Tx<'_>) -> Result<i64> {
    Ok(tx.scalar("SELECT count(*) FROM users WHERE deleted_at IS NULL")?)
}

pub(super) fn other_administrators(tx: &mut Tx<'_>, than: UserId) -> Result<i64> {
    Ok(tx.scalar(
        Sql::new("SELECT count(*) FROM users WHERE deleted_at IS NULL AND role = 'administrator' AND id <> $1").bind(than),
    )?)
}

pub(super) struct Insert<'a> {
    pub email: &'a str,
    pub email_key: &'a str,
    pub first_name: &'a str,
    pub last_name: &'a str,
    pub hash: &'a str,
    pub role: Role,
    pub timezone: Option<&'a str>,
}

pub(super) fn insert(tx: &mut Tx<'_>, now: Timestamp, new: &Insert<'_>) -> Result<User> {
    let text = format!(
        "INSERT INTO users (created_at, updated_at, email, email_key, first_name, last_name, password_hash, role, timezone) \
         VALUES ($1, $1, $2, $3, $4, $5, $6, $7, $8) RETURNING {COLUMNS}"
    );
    let sql = Sql::new(text)
        .bind(now)
        .bind(new.email)
        .bind(new.email_key)
        .bind(new.first_name)
        .bind(new.last_name)
        .bind(new.hash)
        .bind(new.role.key())
        .bind(new.timezone);
    Ok(tx.one(sql, read)?)
}

pub(super) fn update(
    tx: &mut Tx<'_>,
    now: Timestamp,
    id: UserId,
    patch: &UserPatch,
    email_key: Option<&str>,
    hash: Option<&str>,
) -> Result<Option<User>> {
    let text = format!(
        "UPDATE users SET version = version + 1, updated_at = $2, email = coalesce($3, email), email_key = coalesce($4, email_key), \
         first_name = coalesce($5, first_name), last_name = coalesce($6, last_name), role = coalesce($7, role), \
         timezone = CASE WHEN $8 = 1 THEN $9 ELSE timezone END, password_hash = coalesce($10, password_hash) \
         WHERE id = $1 AND deleted_at IS NULL RETURNING {COLUMNS}"
    );
    let sql = Sql::new(text)
        .bind(id)
        .bind(now)
        .bind(patch.email.as_deref())
        .bind(email_key)
        .bind(patch.first_name.as_deref())
        .bind(patch.last_name.as_deref())
        .bind(patch.role.map(Role::key))
        .bind(patch.timezone.is_some())
        .bind(patch.timezone.clone().flatten())
        .bind(hash);
    Ok(tx.opt(sql, read)?)
}

pub(super) fn delete(tx: &mut Tx<'_>, now: Timestamp, id: UserId) -> Result<bool> {
    let n = tx.exec(
        Sql::new("UPDATE users SET deleted_at = $2, updated_at = $2 WHERE id = $1 AND deleted_at IS NULL").bind(id).bind(now),
    )?;
    end_sessions(tx, id)?;
    tx.exec(Sql::new("DELETE FROM notices WHERE user_id = $1").bind(id))?;
    Ok(n > 0)
}

pub(super) fn signed_in(tx: &mut Tx<'_>, now: Timestamp, id: UserId) -> Result<()> {
    tx.exec(Sql::new("UPDATE users SET last_sign_in_at = $2 WHERE id = $1").bind(id).bind(now))?;
    Ok(())
}

pub(super) fn start_session(
    tx: &mut Tx<'_>,
    now: Timestamp,
    expires: Timestamp,
    token_hash: &str,
    csrf: &str,
    user: UserId,
) -> Result<()> {
    tx.exec(Sql::new("DELETE FROM sessions WHERE expires_at <= $1").bind(now))?;
    tx.exec(
        Sql::new("INSERT INTO sessions (token_hash, user_id, csrf_token, created_at, seen_at, expires_at) VALUES ($1, $2, $3, $4, $4, $5)")
            .bind(token_hash)
            .bind(user)
            .bind(csrf)
            .bind(now)
            .bind(expires),
    )?;
    Ok(())
}

/// The session's user, its CSRF token and when it was last seen.
pub(super) fn session(tx: &mut Tx<'_>, now: Timestamp, token_hash: &str) -> Result<Option<(UserId, String, Timestamp)>> {
    let sql = Sql::new("SELECT user_id, csrf_token, seen_at FROM sessions WHERE token_hash = $1 AND expires_at > $2")
        .bind(token_hash)
        .bind(now);
    Ok(tx.opt(sql, |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?)
}

pub(super) fn touch_session(tx: &mut Tx<'_>, now: Timestamp, expires: Timestamp, token_hash: &str) -> Result<()> {
    tx.exec(
        Sql::new("UPDATE sessions SET seen_at = $2, expires_at = $3 WHERE token_hash = $1")
            .bind(token_hash)
            .bind(now)
            .bind(expires),
    )?;
    Ok(())
}

pub(super) fn end_session(tx: &mut Tx<'_>, token_hash: &str) -> Result<()> {
    tx.exec(Sql::new("DELETE FROM sessions WHERE token_hash = $1").bind(token_hash))?;
    Ok(())
}

pub(super) fn end_sessions(tx: &mut Tx<'_>, user: UserId) -> Result<()> {
    tx.exec(Sql::new("DELETE FROM sessions WHERE user_id = $1").bind(user))?;
    Ok(())
}

/// Until when this account or address is locked out.
pub(super) fn locked_until(tx: &mut Tx<'_>, now: Timestamp, subjects: &[String]) -> Result<Option<Timestamp>> {
    let mut latest = None;
    for subject in subjects {
        let sql = Sql::new("SELECT locked_until FROM sign_in_failures WHERE subject = $1 AND locked_until > $2")
            .bind(subject)
            .bind(now);
        let until: Option<Timestamp> = tx.opt(sql, |r| r.get(0))?;
        latest = latest.max(until);
    }
    Ok(latest)
}

/// Counts a failure; the `limit`th within the window locks until its end.
pub(super) fn count_failure(
    tx: &mut Tx<'_>,
    now: Timestamp,
    window_start: Timestamp,
    lock_until: Timestamp,
    subject: &str,
    limit: i64,
) -> Result<()> {
    tx.exec(
        Sql::new("DELETE FROM sign_in_failures WHERE first_at < $1 AND (locked_until IS NULL OR locked_until < $2)")
            .bind(window_start)
            .bind(now),
    )?;
    tx.exec(
        Sql::new(
            "INSERT INTO sign_in_failures (subject, failures, first_at) VALUES ($1, 1, $2) \
             ON CONFLICT (subject) DO UPDATE SET failures = sign_in_failures.failures + 1, \
             locked_until = CASE WHEN sign_in_failures.failures + 1 >= $3 THEN $4 ELSE sign_in_failures.locked_until END",
        )
        .bind(subject)
        .bind(now)
        .bind(limit)
        .bind(lock_until),
    )?;
    Ok(())
}

/// Everybody has to sign in anew.
pub(super) fn end_all_sessions(tx: &mut Tx<'_>) -> Result<u64> {
    Ok(tx.exec("DELETE FROM sessions")?)
}

pub(super) fn forget_failures(tx: &mut Tx<'_>, subject: &str) -> Result<()> {
    tx.exec(Sql::new("DELETE FROM sign_in_failures WHERE subject = $1").bind(subject))?;
    Ok(())
}

/// Refuses an owner who is no user.
pub fn checked_owner(tx: &mut Tx<'_>, owner: Option<Option<UserId>>) -> Result<()> {
    let Some(Some(id)) = owner else { return Ok(()) };
    let user = Sql::new("SELECT id FROM users WHERE id = $1 AND deleted_at IS NULL").bind(id);
    if tx.opt(user, |r| r.get::<i64>(0))?.is_none() {
        let detail = format!("There is no user {id} who could be the owner; choose one of the people who sign in.");
        return Err(Error::field("/owner_id", "owner.unknown", detail));
    }
    Ok(())
}

/// The names of users, also of deleted ones.
pub fn names(tx: &mut Tx<'_>, ids: &[i64]) -> Result<HashMap<i64, String>> {
    let sql = Sql::new("SELECT id, first_name, last_name, email FROM users WHERE id @in($1)").bind(ids);
    let rows = tx.all(sql, |r| {
        let name = format!("{} {}", r.get::<String>(1)?, r.get::<String>(2)?).trim().to_owned();
        Ok((r.get(0)?, if name.is_empty() { r.get(3)? } else { name }))
    })?;
    Ok(rows.into_iter().collect())
}
