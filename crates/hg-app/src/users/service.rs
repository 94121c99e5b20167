use hg_core::ids::UserId;

use super::model::{NewUser, Setup, User, UserError, UserPatch};
use super::password::{self, Gate};
use super::sign_in::Remembered;
use super::store;
use crate::audit::{self, Changes, Deed, Entry};
use crate::cx::{Action, Area, Cx, Role};
use crate::error::{Error, Result};
use crate::settings;

/// Everybody who can sign in.
pub async fn list(cx: &Cx) -> Result<Vec<User>> {
    cx.may(Action::View(Area::Users))?;
    cx.db().read(store::list).await
}

/// Who may own contacts: everybody who signs in, by name.
pub async fn owners(cx: &Cx) -> Result<Vec<User>> {
    cx.may(Action::View(Area::Contacts))?;
    cx.db().read(store::list).await
}

pub async fn get(cx: &Cx, id: UserId) -> Result<User> {
    if cx.user_id() != Some(id) {
        cx.may(Action::View(Area::Users))?;
    }
    cx.db().read(move |tx| store::find(tx, id)?.ok_or_else(|| Error::not_found("user", id))).await
}

/// Makes an account.
pub async fn create(cx: &Cx, new: NewUser) -> Result<User> {
    cx.may(Action::Edit(Area::Users))?;
    insert(cx, new, false).await
}

/// Whether nobody can sign in yet.
pub async fn needs_setup(cx: &Cx) -> Result<bool> {
    cx.db().read(|tx| Ok(store::count(tx)? == 0)).await
}

/// The first run: the administrator and the most needed settings. Works once.
pub async fn set_up(cx: &Cx, setup: Setup) -> Result<User> {
    if !needs_setup(cx).await? {
        // Before a password is hashed for somebody who may not set one.
        return Err(UserError::AlreadySetUp.into());
    }
    let system = Cx::system(&cx.ws);
    let user = insert(&system, NewUser { role: Role::Administrator, ..setup.user }, true).await?;
    let mut general = cx.ws.settings().general.clone();
    general.site_name = if setup.site_name.trim().is_empty() { general.site_name } else { setup.site_name };
    general.site_url = setup.site_url;
    general.timezone = if setup.timezone.trim().is_empty() { general.timezone } else { setup.timezone };
    settings::write_general(&system, general).await?;
    let mut sending = cx.ws.settings().sending.clone();
    sending.sender_name = setup.sender_name;
    sending.sender_email = setup.sender_email;
    settings::write_sending(&system, sending).await?;
    Ok(user)
}

/// Makes the administrator of the configuration if nobody with that address is there yet.
pub async fn ensure_first_administrator(cx: &Cx, email: &str, password: &str) -> Result<Option<User>> {
    let key = address_key(email);
    if cx.db().read(move |tx| store::by_address(tx, &key)).await?.is_some() {
        return Ok(None);
    }
    let new = NewUser {
        email: email.to_owned(),
        password: password.to_owned(),
        first_name: String::new(),
        last_name: String::new(),
        role: Role::Administrator,
        timezone: None,
    };
    insert(cx, new, false).await.map(Some)
}

fn entry(deed: Deed, user: &User) -> Entry {
    Entry::new(deed, "user", user.id.0, &user.email)
}

async fn insert(cx: &Cx, new: NewUser, only_first: bool) -> Result<User> {
    if !settings_address_ok(&new.email) {
        return Err(UserError::WrongAddress.into());
    }
    password::check_strength(&new.password, &new.email)?;
    let hash = password::hash(&cx.ws.part::<Gate>(), cx.chance(), &new.password).await?;
    let (who, now) = (cx.who(), cx.now());
    cx.db()
        .write(move |tx| {
            if only_first && store::count(tx)? > 0 {
                return Err(UserError::AlreadySetUp.into());
            }
            let email = new.email.trim();
            let insert = store::Insert {
                email,
                email_key: &address_key(email),
                first_name: new.first_name.trim(),
                last_name: new.last_name.trim(),
                hash: &hash,
                role: new.role,
                timezone: new.timezone.as_deref(),
            };
            let user = store::insert(tx, now, &insert).map_err(address_taken)?;
            audit::record(tx, &who, entry(Deed::Create, &user))?;
            Ok(user)
        })
        .await
}

/// Changes an account. The last administrator stays one.
pub async fn update(cx: &Cx, id: UserId, patch: UserPatch) -> Result<User> {
    cx.may(Action::Edit(Area::Users))?;
    if patch.email.as_deref().is_some_and(|e| !settings_address_ok(e)) {
        return Err(UserError::WrongAddress.into());
    }
    let hash = match &patch.password {
        Some(password) => {
            password::check_strength(password, patch.email.as_deref().unwrap_or(""))?;
            Some(password::hash(&cx.ws.part::<Gate>(), cx.chance(), password).await?)
        }
        None => None,
    };
    let (who, now) = (cx.who(), cx.now());
    let user = cx
        .db()
        .write(move |tx| {
            let before = store::find(tx, id)?.ok_or_else(|| Error::not_found("user", id))?;
            if patch.version.is_some_and(|v| v != before.version) {
                return Err(Error::changed_meanwhile("user"));
            }
            if before.role == Role::Administrator
                && patch.role.is_some_and(|role| role != Role::Administrator)
                && store::other_administrators(tx, id)? == 0
            {
                return Err(UserError::LastAdministrator.into());
            }
            if hash.is_some() {
                store::end_sessions(tx, id)?;
            }
            let key = patch.email.as_deref().map(address_key);
            let after = store::update(tx, now, id, &patch, key.as_deref(), hash.as_deref())
                .map_err(address_taken)?
                .ok_or_else(|| Error::not_found("user", id))?;
            let changes = Changes::new()
                .field("email", &before.email, &after.email)
                .field("first_name", &before.first_name, &after.first_name)
                .field("last_name", &before.last_name, &after.last_name)
                .field("role", before.role.key(), after.role.key())
                .touched("password", hash.is_some());
            audit::record(tx, &who, entry(Deed::Update, &after).changes(changes))?;
            Ok(after)
        })
        .await?;
    cx.ws.part::<Remembered>().forget();
    Ok(user)
}

pub async fn delete(cx: &Cx, id: UserId) -> Result<()> {
    cx.may(Action::Edit(Area::Users))?;
    let (who, now) = (cx.who(), cx.now());
    cx.db()
        .write(move |tx| {
            if store::other_administrators(tx, id)? == 0 {
                return Err(UserError::LastAdministrator.into());
            }
            let user = store::find(tx, id)?.ok_or_else(|| Error::not_found("user", id))?;
            store::delete(tx, now, id)?;
            audit::record(tx, &who, entry(Deed::Delete, &user))
        })
        .await?;
    cx.ws.part::<Remembered>().forget();
    Ok(())
}

/// Somebody changes the own password; every other session ends.
pub async fn change_password(cx: &Cx, current: &str, new: &str) -> Result<()> {
    let id = cx.user_id().ok_or_else(Error::unauthenticated)?;
    let gate = cx.ws.part::<Gate>();
    let stored = cx.db().read(move |tx| store::password_hash(tx, id)).await?.ok_or_else(Error::unauthenticated)?;
    if !password::verify(&gate, current, &stored).await? {
        return Err(UserError::WrongCurrent.into());
    }
    password::check_strength(new, "")?;
    let hash = password::hash(&gate, cx.chance(), new).await?;
    let now = cx.now();
    cx.db()
        .write(move |tx| {
            store::end_sessions(tx, id)?;
            store::update(tx, now, id, &UserPatch::default(), None, Some(&hash))
        })
        .await?;
    cx.ws.part::<Remembered>().forget();
    Ok(())
}

/// Ends the sessions of everybody, for instance after a backup came back: who was let in then need not be now.
pub async fn end_every_session(cx: &Cx) -> Result<u64> {
    cx.may(Action::Edit(Area::Users))?;
    cx.db().write(store::end_all_sessions).await
}

/// Addresses are compared without case and outer blanks.
pub(super) fn address_key(email: &str) -> String {
    email.trim().to_lowercase()
}

fn settings_address_ok(email: &str) -> bool {
    crate::settings::looks_like_an_address(email.trim())
}

fn address_taken(error: Error) -> Error {
    if error.store().is_some_and(|s| s.is_unique("email_key")) { UserError::AddressTaken.into() } else { error }
}
