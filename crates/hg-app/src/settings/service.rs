use hg_core::time;
use hg_store::{Db, Sql, Tx};

use super::model::{
    Campaigns, General, Identity, Imports, Mailbox, Outgoing, Pace, Preferences, Providers, Retention, Section, Sending,
    Settings, Tracking,
};
use crate::audit::{self, Changes, Deed, Entry};
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, FieldError, Result};

/// Reads all sections; what was never set has its default.
pub async fn load(db: &Db) -> Result<Settings> {
    db.read(|tx| {
        Ok(Settings {
            general: stored(tx)?,
            sending: stored(tx)?,
            tracking: stored(tx)?,
            identity: stored(tx)?,
            outgoing: stored(tx)?,
            imports: stored(tx)?,
            campaigns: stored(tx)?,
            mailbox: stored(tx)?,
            providers: stored(tx)?,
            pace: stored(tx)?,
            retention: stored(tx)?,
            preferences: stored(tx)?,
            brand: stored(tx)?,
        })
    })
    .await
}

fn stored<S: Section>(tx: &mut Tx<'_>) -> Result<S> {
    let body: Option<serde_json::Value> =
        tx.opt(Sql::new("SELECT body FROM settings WHERE section = $1").bind(S::KEY), |r| r.get(0))?;
    match body {
        None => Ok(S::default()),
        Some(body) => {
            serde_json::from_value(body).map_err(|e| Error::internal(format!("The {} settings cannot be read: {e}", S::KEY)))
        }
    }
}

pub fn read_general(cx: &Cx) -> Result<General> {
    cx.may(Action::View(Area::Settings))?;
    Ok(cx.ws.settings().general.clone())
}

pub fn read_sending(cx: &Cx) -> Result<Sending> {
    cx.may(Action::View(Area::Settings))?;
    Ok(cx.ws.settings().sending.clone())
}

pub fn read_tracking(cx: &Cx) -> Result<Tracking> {
    cx.may(Action::View(Area::Settings))?;
    Ok(cx.ws.settings().tracking.clone())
}

pub async fn write_general(cx: &Cx, mut new: General) -> Result<General> {
    cx.may(Action::Edit(Area::Settings))?;
    let mut wrong = Vec::new();
    new.site_url = new.site_url.trim().trim_end_matches('/').to_owned();
    if new.site_name.trim().is_empty() {
        wrong.push(FieldError::new("/site_name", "required", "Give the site a name."));
    }
    if time::zone(&new.timezone).is_err() {
        wrong.push(FieldError::new("/timezone", "zone", "Choose a time zone such as Europe/Prague."));
    }
    let has_scheme = ["http://", "https://"].iter().any(|scheme| new.site_url.starts_with(scheme));
    if !new.site_url.is_empty() && !has_scheme {
        wrong.push(FieldError::new("/site_url", "url", "Write the site's address with http:// or https:// in front."));
    }
    refuse(wrong)?;
    store(cx, new.clone()).await?;
    Ok(new)
}

pub async fn write_sending(cx: &Cx, new: Sending) -> Result<Sending> {
    cx.may(Action::Edit(Area::Settings))?;
    let mut wrong = Vec::new();
    for (pointer, address) in [("/sender_email", &new.sender_email), ("/reply_to", &new.reply_to)] {
        if !address.is_empty() && !looks_like_an_address(address) {
            wrong.push(FieldError::new(pointer, "email", "Write an email address such as team@example.org."));
        }
    }
    if !(1..=100).contains(&new.max_connections) {
        wrong.push(FieldError::new("/max_connections", "range", "Choose between 1 and 100 connections."));
    }
    if !new.unsubscribe_text.contains("|URL|") {
        wrong.push(FieldError::new(
            "/unsubscribe_text",
            "url-missing",
            "Keep |URL| in the text: it becomes the unsubscribe link.",
        ));
    }
    refuse(wrong)?;
    store(cx, new.clone()).await?;
    Ok(new)
}

pub async fn write_tracking(cx: &Cx, new: Tracking) -> Result<Tracking> {
    cx.may(Action::Edit(Area::Settings))?;
    store(cx, new.clone()).await?;
    Ok(new)
}

/// How contacts and companies are told apart, as it stands in the caller's transaction.
pub(crate) fn identity_in(tx: &mut Tx<'_>) -> Result<Identity> {
    stored(tx)
}

pub fn read_identity(cx: &Cx) -> Result<Identity> {
    cx.may(Action::View(Area::Settings))?;
    Ok(cx.ws.settings().identity.clone())
}

pub async fn write_identity(cx: &Cx, new: Identity) -> Result<Identity> {
    cx.may(Action::Edit(Area::Settings))?;
    store(cx, new.clone()).await?;
    Ok(new)
}

pub fn read_outgoing(cx: &Cx) -> Result<Outgoing> {
    cx.may(Action::View(Area::Settings))?;
    Ok(cx.ws.settings().outgoing.clone())
}

pub async fn write_outgoing(cx: &Cx, new: Outgoing) -> Result<Outgoing> {
    cx.may(Action::Edit(Area::Settings))?;
    store(cx, new.clone()).await?;
    Ok(new)
}

pub fn read_imports(cx: &Cx) -> Result<Imports> {
    cx.may(Action::View(Area::Settings))?;
    Ok(cx.ws.settings().imports.clone())
}

pub async fn write_imports(cx: &Cx, new: Imports) -> Result<Imports> {
    cx.may(Action::Edit(Area::Settings))?;
    if !(1..=2).contains(&new.parallel) {
        return Err(Error::field("/parallel", "range", "Let one or two imports run at once; the others wait."));
    }
    store(cx, new.clone()).await?;
    Ok(new)
}

/// How fast mail leaves, as it stands in the caller's transaction.
pub(crate) fn pace_in(tx: &mut Tx<'_>) -> Result<Pace> {
    stored(tx)
}

pub fn read_pace(cx: &Cx) -> Result<Pace> {
    cx.may(Action::View(Area::Settings))?;
    Ok(cx.ws.settings().pace.clone())
}

/// Sets how fast mail leaves. A warm-up begins when it is switched on.
pub async fn write_pace(cx: &Cx, mut new: Pace) -> Result<Pace> {
    cx.may(Action::Edit(Area::Settings))?;
    let before = cx.ws.settings().pace.clone();
    new.warm_up_since = if new.warm_up && before.warm_up { before.warm_up_since } else { cx.now() };
    let mut wrong = Vec::new();
    for (pointer, value, least, most, detail) in [
        ("/daily_most", new.daily_most, 0, 1_000_000_000, "Choose a number of mails, or 0 for no limit."),
        ("/warm_up_first", new.warm_up_first, 1, 1_000_000, "Choose between 1 and 1,000,000 mails for the first day."),
        ("/warm_up_growth", new.warm_up_growth, 1, 200, "Choose a growth between 1 and 200 per cent a day."),
        ("/quiet_from", new.quiet_from, 0, 1_439, "Choose a time of the day."),
        ("/quiet_until", new.quiet_until, 0, 1_439, "Choose a time of the day."),
        ("/stop_bounced_percent", new.stop_bounced_percent, 0, 100, "Choose between 0 and 100 per cent; 0 never stops."),
        (
            "/stop_complained_permille",
            new.stop_complained_permille,
            0,
            1_000,
            "Choose between 0 and 1,000 in a thousand; 0 never stops.",
        ),
        ("/undo_minutes", new.undo_minutes, 0, 60, "Choose between 0 and 60 minutes."),
    ] {
        if !(least..=most).contains(&value) {
            wrong.push(FieldError::new(pointer, "range", detail));
        }
    }
    if new.quiet && new.quiet_from == new.quiet_until {
        wrong.push(FieldError::new("/quiet_until", "range", "Choose another time than the one at which the quiet hours begin."));
    }
    refuse(wrong)?;
    store(cx, new.clone()).await?;
    // What waits may leave earlier now.
    cx.db()
        .write(|tx| {
            tx.wake(crate::sending::TOPIC);
            Ok::<_, Error>(())
        })
        .await?;
    Ok(new)
}

/// What holds for campaigns that do not say otherwise, as it stands in the caller's transaction.
pub(crate) fn campaigns_in(tx: &mut Tx<'_>) -> Result<Campaigns> {
    stored(tx)
}

pub fn read_campaigns(cx: &Cx) -> Result<Campaigns> {
    cx.may(Action::View(Area::Settings))?;
    Ok(cx.ws.settings().campaigns.clone())
}

pub async fn write_campaigns(cx: &Cx, new: Campaigns) -> Result<Campaigns> {
    cx.may(Action::Edit(Area::Settings))?;
    store(cx, new.clone()).await?;
    Ok(new)
}

pub fn read_retention(cx: &Cx) -> Result<Retention> {
    cx.may(Action::View(Area::Settings))?;
    Ok(cx.ws.settings().retention.clone())
}

pub async fn write_retention(cx: &Cx, new: Retention) -> Result<Retention> {
    cx.may(Action::Edit(Area::Settings))?;
    let mut wrong = Vec::new();
    for (pointer, days) in [
        ("/visitors_days", new.visitors_days),
        ("/contacts_days", new.contacts_days),
        ("/events_days", new.events_days),
        ("/addresses_days", new.addresses_days),
    ] {
        if days != 0 && !(7..=36_500).contains(&days) {
            wrong.push(FieldError::new(pointer, "range", "Choose at least 7 days, or 0 to keep it for ever."));
        }
    }
    refuse(wrong)?;
    let new = Retention { since: cx.now(), ..new };
    store(cx, new.clone()).await?;
    Ok(new)
}

pub fn read_preferences(cx: &Cx) -> Result<Preferences> {
    cx.may(Action::View(Area::Settings))?;
    Ok(cx.ws.settings().preferences.clone())
}

pub async fn write_preferences(cx: &Cx, new: Preferences) -> Result<Preferences> {
    cx.may(Action::Edit(Area::Settings))?;
    let mut wrong = Vec::new();
    for (pointer, most) in [("/email_most", new.email_most), ("/sms_most", new.sms_most)] {
        if !(0..=1_000_000).contains(&most) {
            wrong.push(FieldError::new(pointer, "range", "Choose a number of messages, or 0 for no limit."));
        }
    }
    refuse(wrong)?;
    store(cx, new.clone()).await?;
    Ok(new)
}

/// A rough check that catches slips of the pen; the mail server has the last word.
pub(crate) fn looks_like_an_address(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else { return false };
    !local.is_empty()
        && !domain.is_empty()
        && !domain.starts_with('.')
        && !domain.ends_with('.')
        && text.len() <= 254
        && !text.chars().any(char::is_whitespace)
}

fn refuse(wrong: Vec<FieldError>) -> Result<()> {
    if wrong.is_empty() { Ok(()) } else { Err(Error::invalid(wrong)) }
}

pub(crate) async fn store_mailbox(cx: &Cx, new: Mailbox) -> Result<()> {
    store(cx, new).await
}

pub(crate) async fn store_providers(cx: &Cx, new: Providers) -> Result<()> {
    store(cx, new).await
}

pub(super) async fn store<S: Section>(cx: &Cx, section: S) -> Result<()> {
    let (who, now) = (cx.who(), cx.now());
    let body = serde_json::to_value(section).map_err(|e| Error::internal(e.to_string()))?;
    cx.db()
        .write(move |tx| {
            let text = "SELECT body FROM settings WHERE section = $1";
            let before: Option<serde_json::Value> = tx.opt(Sql::new(text).bind(S::KEY), |r| r.get(0))?;
            let before = before.unwrap_or_default();
            let mut changes = Changes::new().between(&before, &body, S::SECRET);
            for name in S::SECRET {
                changes = changes.touched(name, before.get(name) != body.get(name));
            }
            audit::record(tx, &who, Entry::new(Deed::Update, "settings", 0, S::KEY).changes(changes))?;
            tx.exec(
                Sql::new(
                    "INSERT INTO settings (section, body, updated_at) VALUES ($1, $2, $3) \
                     ON CONFLICT (section) DO UPDATE SET body = excluded.body, version = settings.version + 1, updated_at = excluded.updated_at",
                )
                .bind(S::KEY)
                .bind(&body)
                .bind(now),
            )?;
            Ok::<_, Error>(())
        })
        .await?;
    cx.ws.replace_settings(load(cx.db()).await?);
    Ok(())
}
