//! Sign-in with a session, and Basic sign-in for the APIs.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hg_core::time::{Millis, Timestamp};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use super::model::{SessionInfo, User, UserError};
use super::password::{self, Gate};
use super::service::address_key;
use super::store;
use crate::cx::{Actor, Cx};
use crate::error::{Error, Result};

const SESSION_LIFE: Millis = Millis::days(14);
/// A session's last use is written at most this often.
const TOUCH_EVERY: Millis = Millis::minutes(10);
const WINDOW: Millis = Millis::minutes(15);
/// Wrong passwords that lock an account, and an address (behind which several people may sit).
const ACCOUNT_LIMIT: i64 = 5;
const ADDRESS_LIMIT: i64 = 20;
const REMEMBER_FOR: Millis = Millis::minutes(5);

/// Signs in with address and password; `from` is the network address the request came from.
pub async fn sign_in(cx: &Cx, email: &str, password: &str, from: &str) -> Result<SessionInfo> {
    let user = check(cx, email, password, from).await?;
    let token = random_token(cx);
    let csrf_token = random_token(cx);
    let (now, hash, csrf, id) = (cx.now(), token_hash(&token), csrf_token.clone(), user.id);
    cx.db()
        .write(move |tx| {
            store::signed_in(tx, now, id)?;
            store::start_session(tx, now, now.plus(SESSION_LIFE), &hash, &csrf, id)
        })
        .await?;
    Ok(SessionInfo { token, csrf_token, user })
}

/// Ends the session of this token.
pub async fn sign_out(cx: &Cx, token: &str) -> Result<()> {
    let hash = token_hash(token);
    cx.db().write(move |tx| store::end_session(tx, &hash)).await
}

/// Whose session this is; `None` when it has ended.
pub async fn who(cx: &Cx, token: &str) -> Result<Option<SessionInfo>> {
    let (hash, now) = (token_hash(token), cx.now());
    let looked_up = hash.clone();
    let found = cx
        .db()
        .read(move |tx| {
            let Some((user, csrf, seen)) = store::session(tx, now, &looked_up)? else { return Ok(None) };
            Ok::<_, Error>(store::find(tx, user)?.map(|user| (user, csrf, seen)))
        })
        .await?;
    let Some((user, csrf_token, seen)) = found else { return Ok(None) };
    if now.since(seen) > TOUCH_EVERY {
        cx.db().write(move |tx| store::touch_session(tx, now, now.plus(SESSION_LIFE), &hash)).await?;
    }
    Ok(Some(SessionInfo { token: token.to_owned(), csrf_token, user }))
}

/// Basic sign-in of an API client.
pub async fn authenticate_basic(cx: &Cx, email: &str, password: &str, from: &str) -> Result<User> {
    let remembered = cx.ws.part::<Remembered>();
    let key = remembered_key(&cx.ws.site.secret_key, email, password);
    let now = cx.now();
    if let Some(user) = remembered.find(&key, now) {
        return Ok(user);
    }
    let user = check(cx, email, password, from).await?;
    remembered.keep(key, user.clone(), now.plus(REMEMBER_FOR));
    Ok(user)
}

async fn check(cx: &Cx, email: &str, password: &str, from: &str) -> Result<User> {
    let now = cx.now();
    let key = address_key(email);
    let subjects = vec![format!("account:{key}"), format!("address:{from}")];
    let lookup = (key.clone(), subjects.clone());
    let (locked, found) = cx
        .db()
        .read(move |tx| Ok::<_, Error>((store::locked_until(tx, now, &lookup.1)?, store::by_address(tx, &lookup.0)?)))
        .await?;
    if let Some(until) = locked {
        return Err(UserError::Locked { retry_after: u64::try_from(until.since(now).0 / 1_000).unwrap_or(0).max(1) }.into());
    }
    let gate = cx.ws.part::<Gate>();
    let right = match &found {
        Some((_, hash)) => password::verify(&gate, password, hash).await?,
        None => {
            password::pretend(&gate, password).await?;
            false
        }
    };
    let Some((user, _)) = found.filter(|_| right) else {
        cx.db()
            .write(move |tx| {
                store::count_failure(tx, now, now.minus(WINDOW), now.plus(WINDOW), &subjects[0], ACCOUNT_LIMIT)?;
                store::count_failure(tx, now, now.minus(WINDOW), now.plus(WINDOW), &subjects[1], ADDRESS_LIMIT)
            })
            .await?;
        return Err(UserError::WrongPassword.into());
    };
    cx.db().write(move |tx| store::forget_failures(tx, &subjects[0])).await?;
    Ok(user)
}

impl User {
    /// The actor that this user's requests run as.
    pub fn actor(&self, api: bool) -> Actor {
        Actor::User { id: self.id, name: self.name(), role: self.role, api }
    }
}

/// Verified Basic credentials under a keyed hash, so that each API call does not cost a password hash.
#[derive(Default)]
pub(super) struct Remembered(Mutex<HashMap<[u8; 32], (User, Timestamp)>>);

impl Remembered {
    fn find(&self, key: &[u8; 32], now: Timestamp) -> Option<User> {
        let map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        map.get(key).filter(|(_, until)| *until > now).map(|(user, _)| user.clone())
    }

    fn keep(&self, key: [u8; 32], user: User, until: Timestamp) {
        let mut map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if map.len() > 1_000 {
            map.clear();
        }
        map.insert(key, (user, until));
    }

    /// Drops everything, when any account changed.
    pub(super) fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

fn remembered_key(secret: &[u8], email: &str, password: &str) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).unwrap_or_else(|_| unreachable!("HMAC takes keys of any length"));
    mac.update(b"basic\0");
    mac.update(address_key(email).as_bytes());
    mac.update(b"\0");
    mac.update(password.as_bytes());
    mac.finalize().into_bytes().into()
}

fn random_token(cx: &Cx) -> String {
    let mut bytes = [0u8; 32];
    cx.chance().fill(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

fn token_hash(token: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(token.as_bytes()))
}
