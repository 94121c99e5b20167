//! Making variants and translations.

use hg_core::emails::Criterion;
use hg_core::ids::{EmailId, UserId};
use hg_core::time::Timestamp;
use hg_store::Tx;

use super::store::{self, Member, Role};
use super::trial::{FamilyView, view};
use crate::audit::{self, Changes, Deed};
use crate::cx::{Action, Area, Cx};
use crate::emails::model::{Email, EmailError, NewEmail};
use crate::emails::{service, store as emails};
use crate::error::{Error, FieldError, Result};

/// Variants of one email: more cannot be told apart in any audience.
const MOST_VARIANTS: usize = 8;

/// An email that may have children.
pub(super) fn parent(tx: &mut Tx<'_>, id: EmailId) -> Result<Email> {
    let email = emails::find(tx, id)?.ok_or_else(|| Error::not_found("email", id))?;
    if email.parent.is_some() { Err(EmailError::IsChild.into()) } else { Ok(email) }
}

/// The variants, translations and tests of an email; of a child, those of its parent.
pub async fn family_of(cx: &Cx, id: EmailId) -> Result<FamilyView> {
    cx.may(Action::View(Area::Emails))?;
    cx.db()
        .read(move |tx| {
            let email = emails::find(tx, id)?.ok_or_else(|| Error::not_found("email", id))?;
            let parent = match email.parent {
                Some((parent, _)) => emails::find(tx, parent)?.ok_or_else(|| Error::not_found("email", parent))?,
                None => email,
            };
            view(tx, &parent)
        })
        .await
}

/// Copies the email as another variant. It takes part once a test begins.
pub async fn add_variant(cx: &Cx, id: EmailId, name: Option<String>, weight: Option<i64>) -> Result<FamilyView> {
    cx.may(Action::Edit(Area::Emails))?;
    let (who, now, by) = (cx.who(), cx.now(), cx.user_id());
    cx.db()
        .write(move |tx| {
            let email = parent(tx, id)?;
            if store::running(tx, id)?.is_some() {
                return Err(EmailError::TestRuns.into());
            }
            let variants: Vec<_> = store::children(tx, id)?.into_iter().filter(|m| m.role == Role::Variant).collect();
            if variants.len() >= MOST_VARIANTS {
                return Err(Error::field("/weight", "too-many", format!("An email has at most {MOST_VARIANTS} variants.")));
            }
            let taken: i64 = variants.iter().map(|v| v.weight).sum();
            let fair = 100 / (variants.len() as i64 + 2);
            let weight = weight.unwrap_or_else(|| fair.min(100 - taken).max(0));
            check_weight(weight, taken)?;
            let letter = char::from(b'B' + u8::try_from(variants.len()).unwrap_or(0));
            let name = name.clone().filter(|n| !n.trim().is_empty()).unwrap_or_else(|| format!("{} · {letter}", email.name));
            let child = copy(tx, now, by, &email, name)?;
            store::attach(tx, child, id, Role::Variant, weight)?;
            let made = emails::find(tx, child)?.ok_or_else(|| Error::not_found("email", child))?;
            audit::record(tx, &who, service::entry(Deed::Create, &made))?;
            view(tx, &email)
        })
        .await
}

/// Copies the email as a translation, not yet published.
pub async fn add_translation(cx: &Cx, id: EmailId, language: String) -> Result<FamilyView> {
    cx.may(Action::Edit(Area::Emails))?;
    let language = language.trim().to_owned();
    let plausible = language.len() >= 2
        && language.len() <= 12
        && language.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    if !plausible {
        return Err(Error::field("/language", "language", "Choose a language such as de or fr_CA."));
    }
    let (who, now, by) = (cx.who(), cx.now(), cx.user_id());
    cx.db()
        .write(move |tx| {
            let email = parent(tx, id)?;
            let same = |other: &str| other.eq_ignore_ascii_case(&language);
            let there = store::children(tx, id)?.into_iter().any(|m| m.role == Role::Translation && same(&m.language));
            if there || same(&email.content.language) {
                return Err(Error::field("/language", "taken", "The email has this language already."));
            }
            let child = copy(tx, now, by, &email, format!("{} · {language}", email.name))?;
            store::attach(tx, child, id, Role::Translation, 0)?;
            let mut made = emails::find(tx, child)?.ok_or_else(|| Error::not_found("email", child))?;
            made.content.language = language.clone();
            emails::save(tx, now, &made)?;
            audit::record(tx, &who, service::entry(Deed::Create, &made))?;
            view(tx, &email)
        })
        .await
}

/// Changes the share of a variant.
pub async fn set_weight(cx: &Cx, id: EmailId, variant: EmailId, weight: i64) -> Result<FamilyView> {
    cx.may(Action::Edit(Area::Emails))?;
    let (who, now) = (cx.who(), cx.now());
    cx.db()
        .write(move |tx| {
            let email = parent(tx, id)?;
            if store::running(tx, id)?.is_some() {
                return Err(EmailError::TestRuns.into());
            }
            let members = store::children(tx, id)?;
            let own = members.iter().find(|m| m.id == variant && m.role == Role::Variant);
            let own = own.ok_or_else(|| Error::not_found("email", variant))?;
            let others = members.iter().filter(|m| m.role == Role::Variant && m.id != variant).map(|m| m.weight).sum();
            check_weight(weight, others)?;
            store::set_weight(tx, now, variant, weight)?;
            let changed = emails::find(tx, variant)?.ok_or_else(|| Error::not_found("email", variant))?;
            let changes = Changes::new().field("weight", &own.weight, &weight);
            audit::record(tx, &who, service::entry(Deed::Update, &changed).changes(changes))?;
            view(tx, &email)
        })
        .await
}

/// What a client of the old API says an email is to another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Joining {
    pub parent: EmailId,
    pub role: Role,
    /// Percent, of variants; none: as it is.
    pub weight: Option<i64>,
    pub criterion: Criterion,
}

/// Makes an email the variant or translation of another one, as old clients do: a published variant takes part at once.
pub async fn join(cx: &Cx, id: EmailId, joining: Joining) -> Result<()> {
    cx.may(Action::Edit(Area::Emails))?;
    let (who, now, by) = (cx.who(), cx.now(), cx.user_id());
    cx.db()
        .write(move |tx| {
            let child = emails::find(tx, id)?.ok_or_else(|| Error::not_found("email", id))?;
            let pointer = if joining.role == Role::Variant { "/variantParent" } else { "/translationParent" };
            let wrong = |detail: &str| Err(Error::field(pointer, "parent", detail));
            let Some(parent) = emails::find(tx, joining.parent)? else { return wrong("There is no such email.") };
            if parent.id == id || parent.parent.is_some() || !store::children(tx, id)?.is_empty() {
                return wrong("Variants and translations belong to an email that belongs to none itself.");
            }
            if parent.kind != child.kind {
                return wrong("Both emails need the same emailType.");
            }
            let others = store::children(tx, parent.id)?.into_iter().filter(|m| m.role == Role::Variant && m.id != id);
            let weight = joining.weight.unwrap_or(child.weight);
            if joining.role == Role::Variant {
                check_weight(weight, others.map(|m| m.weight).sum())?;
            }
            store::attach(tx, id, parent.id, joining.role, weight)?;
            if joining.role == Role::Variant && child.published {
                super::trial::begin_for_client(tx, now, by, parent.id, joining.criterion)?;
            }
            audit::record(tx, &who, service::entry(Deed::Update, &child).changes(Changes::new().touched("parent", true)))
        })
        .await
}

/// An email's parent and children, for clients that show them with the email.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Relatives {
    pub parent: Option<Member>,
    pub children: Vec<Member>,
    /// When the running test began, and what its variants got.
    pub test: Option<(Timestamp, i64, i64)>,
}

pub async fn relatives(cx: &Cx, email: &Email) -> Result<Relatives> {
    cx.may(Action::View(Area::Emails))?;
    let (id, parent) = (email.id, email.parent);
    cx.db()
        .read(move |tx| {
            let children = store::children(tx, id)?;
            let parent = match parent {
                Some((parent, role)) => emails::find(tx, parent)?.map(|e| Member {
                    id: e.id,
                    role,
                    name: e.name,
                    subject: e.content.subject,
                    language: e.content.language,
                    weight: 0,
                    published: e.published,
                    revision: e.revision,
                    updated_at: e.updated_at,
                    empty: e.content.source.is_empty(),
                    sent: e.counts.sent,
                    opened: e.counts.opened,
                    clicked: e.counts.clicked,
                }),
                None => None,
            };
            let variants = || children.iter().filter(|m| m.role == Role::Variant);
            let test = match variants().next() {
                Some(_) => store::running(tx, id)?
                    .map(|t| (t.started_at, variants().map(|m| m.sent).sum(), variants().map(|m| m.opened).sum())),
                None => None,
            };
            Ok(Relatives { parent, children, test })
        })
        .await
}

fn check_weight(weight: i64, others: i64) -> Result<()> {
    let left = 100 - others;
    if (0..=left).contains(&weight) {
        return Ok(());
    }
    let detail = format!("The weights of all variants together are at most 100 percent: choose from 0 to {left}.");
    Err(Error::invalid(vec![FieldError::new("/weight", "weight", detail)]))
}

fn copy(tx: &mut Tx<'_>, now: Timestamp, by: Option<UserId>, email: &Email, name: String) -> Result<EmailId> {
    let new = NewEmail {
        name: name.chars().take(190).collect(),
        content: email.content.clone(),
        kind: email.kind,
        published: false,
        publish_up: None,
        publish_down: None,
        segments: Vec::new(),
        excluded_segments: Vec::new(),
        evergreen: false,
        extra: email.extra.clone(),
    };
    emails::insert(tx, now, by, &new)
}
