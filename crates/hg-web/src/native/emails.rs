//! Emails: written, previewed, tested, sent; and who got them.

use axum::Json;
use axum::http::StatusCode;
use hg_app::emails::{self, Content, Email, EmailPatch, EmailWarning, Kind, NewEmail, PreviewRequest};
use hg_app::sending;
use hg_app::{Error, contacts};
use hg_core::ids::{ContactId, EmailId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::email_blocks::DynamicBlock;
use super::maybe::{Maybe, instant};
use crate::Web;
use crate::auth::Caller;
use crate::input::{Body, ListParams, PageOut, Path, Query};
use crate::problem::Answer;

pub fn router() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, update, delete))
        .routes(routes!(restore))
        .routes(routes!(preview))
        .routes(routes!(test))
        .routes(routes!(audience))
        .routes(routes!(recipients))
        .routes(routes!(links))
}

/// Campaign parameters of links.
#[derive(Debug, Default, Clone, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct UtmBody {
    source: String,
    medium: String,
    campaign: String,
    content: String,
}

/// Numbers of an email.
#[derive(Debug, Serialize, ToSchema)]
pub struct CountsOut {
    queued: i64,
    sent: i64,
    opened: i64,
    clicked: i64,
    /// Messages that mail scanners opened; not among those that people opened, unless the settings say so.
    machine_opened: i64,
    machine_clicked: i64,
    unsubscribed: i64,
    failed: i64,
    unknown: i64,
    skipped: i64,
    /// Came back for good.
    bounced: i64,
    /// Reported as spam.
    complained: i64,
    replied: i64,
}

/// Something the author should look at.
#[derive(Debug, Serialize, ToSchema)]
pub struct WarningOut {
    code: String,
    detail: String,
}

impl From<EmailWarning> for WarningOut {
    fn from(w: EmailWarning) -> Self {
        Self { code: w.code.to_owned(), detail: w.detail }
    }
}

/// An email.
#[derive(Debug, Serialize, ToSchema)]
pub struct EmailOut {
    id: i64,
    version: i64,
    created_at: String,
    updated_at: String,
    name: String,
    subject: String,
    preheader: String,
    from_name: String,
    from_address: String,
    reply_to: String,
    #[schema(value_type = super::words::EmailFormat)]
    format: String,
    source: String,
    /// Null: made automatically.
    plain_text: Option<String>,
    /// The text made from the source; empty in lists.
    plain_text_auto: String,
    #[schema(value_type = super::words::EmailWord)]
    kind: String,
    #[schema(value_type = super::words::PurposeWord)]
    purpose: String,
    published: bool,
    /// Not sent before; null: no limit.
    publish_up: Option<String>,
    /// Not sent any more from here on; null: no limit.
    publish_down: Option<String>,
    segments: Vec<i64>,
    excluded_segments: Vec<i64>,
    /// A send to the segments goes on: whoever joins them later gets it too.
    evergreen: bool,
    language: String,
    utm: UtmBody,
    /// Blocks that differ from person to person.
    dynamic: Vec<DynamicBlock>,
    /// Ids of the files that go out with it.
    attachments: Vec<i64>,
    /// The contact's owner is the sender.
    owner_sends: bool,
    /// The email that this one is a variant or a translation of.
    parent_id: Option<i64>,
    #[schema(value_type = Option<super::words::EmailRoleWord>)]
    parent_as: Option<String>,
    #[schema(value_type = super::words::SendState)]
    send_state: String,
    /// Why its send stopped by itself, if it did.
    stopped_reason: Option<String>,
    counts: CountsOut,
    /// Empty in lists.
    warnings: Vec<WarningOut>,
}

impl From<Email> for EmailOut {
    fn from(e: Email) -> Self {
        let (c, n) = (e.content, e.counts);
        Self {
            id: e.id.0,
            version: e.version,
            created_at: e.created_at.rfc3339(),
            updated_at: e.updated_at.rfc3339(),
            name: e.name,
            subject: c.subject,
            preheader: c.preheader,
            from_name: c.from_name,
            from_address: c.from_address,
            reply_to: c.reply_to,
            format: c.format,
            source: c.source,
            plain_text: c.plain_text,
            plain_text_auto: String::new(),
            kind: e.kind.key().to_owned(),
            purpose: c.purpose,
            published: e.published,
            publish_up: e.publish_up.map(|t| t.rfc3339()),
            publish_down: e.publish_down.map(|t| t.rfc3339()),
            segments: e.segments,
            excluded_segments: e.excluded_segments,
            evergreen: e.evergreen,
            language: c.language,
            utm: UtmBody { source: c.utm_source, medium: c.utm_medium, campaign: c.utm_campaign, content: c.utm_content },
            dynamic: c.dynamic.into_iter().map(DynamicBlock::from).collect(),
            attachments: c.attachments,
            owner_sends: c.owner_sends,
            parent_id: e.parent.map(|(id, _)| id.0),
            parent_as: e.parent.map(|(_, role)| role.key().to_owned()),
            send_state: e.send_state.key().to_owned(),
            stopped_reason: e.stopped_reason,
            counts: CountsOut {
                queued: n.queued,
                sent: n.sent,
                opened: n.opened,
                clicked: n.clicked,
                machine_opened: n.machine_opened,
                machine_clicked: n.machine_clicked,
                unsubscribed: n.unsubscribed,
                failed: n.failed,
                unknown: n.unknown,
                skipped: n.skipped,
                bounced: n.bounced,
                complained: n.complained,
                replied: n.replied,
            },
            warnings: Vec::new(),
        }
    }
}

/// The email with what can only be said after compiling it.
async fn detailed(cx: &hg_app::Cx, email: Email) -> Answer<Json<EmailOut>> {
    let request = PreviewRequest { email_id: email.id.0, content: email.content.clone(), contact: None };
    let mut out = EmailOut::from(email);
    // A source that does not compile any more is still shown, so that it can be mended.
    if let Ok(preview) = emails::preview(cx, request).await {
        out.plain_text_auto = preview.automatic_text;
        out.warnings = preview.warnings.into_iter().map(WarningOut::from).collect();
    }
    Ok(Json(out))
}

/// What is sent to make or change an email; absent keys stay as they are.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct EmailIn {
    version: Option<i64>,
    name: Option<String>,
    subject: Option<String>,
    preheader: Option<String>,
    from_name: Option<String>,
    from_address: Option<String>,
    reply_to: Option<String>,
    #[schema(value_type = Option<super::words::EmailFormat>)]
    format: Option<String>,
    source: Option<String>,
    /// Null or empty: made automatically.
    #[serde(deserialize_with = "present")]
    plain_text: Option<Option<String>>,
    #[schema(value_type = Option<super::words::EmailWord>)]
    kind: Option<String>,
    #[schema(value_type = Option<super::words::PurposeWord>)]
    purpose: Option<String>,
    published: Option<bool>,
    #[schema(value_type = Option<String>)]
    publish_up: Maybe<String>,
    #[schema(value_type = Option<String>)]
    publish_down: Maybe<String>,
    segments: Option<Vec<i64>>,
    excluded_segments: Option<Vec<i64>>,
    /// A send to the segments goes on: whoever joins them later gets it too. Taken away from a send that goes on, it is
    /// over when those who wait have it.
    evergreen: Option<bool>,
    language: Option<String>,
    utm: Option<UtmBody>,
    dynamic: Option<Vec<DynamicBlock>>,
    /// Ids of the files that go out with it, put in with `POST /attachments`.
    attachments: Option<Vec<i64>>,
    /// The contact's owner is the sender, where she has one.
    owner_sends: Option<bool>,
}

/// Tells an absent key from a null.
pub(super) fn present<'de, D: serde::Deserializer<'de>, T: Deserialize<'de>>(d: D) -> Result<Option<Option<T>>, D::Error> {
    Option::<T>::deserialize(d).map(Some)
}

impl EmailIn {
    pub(super) fn version(&self) -> Option<i64> {
        self.version
    }

    pub(super) fn content(&self, before: Content) -> Result<Content, Error> {
        let take = |new: &Option<String>, old: String| new.clone().unwrap_or(old);
        let purpose = take(&self.purpose, before.purpose);
        if !matches!(purpose.as_str(), "marketing" | "transactional") {
            return Err(Error::field("/purpose", "purpose", "Choose marketing or transactional."));
        }
        let utm = self.utm.clone().unwrap_or(UtmBody {
            source: before.utm_source,
            medium: before.utm_medium,
            campaign: before.utm_campaign,
            content: before.utm_content,
        });
        Ok(Content {
            subject: take(&self.subject, before.subject),
            preheader: take(&self.preheader, before.preheader),
            from_name: take(&self.from_name, before.from_name),
            from_address: take(&self.from_address, before.from_address),
            reply_to: take(&self.reply_to, before.reply_to),
            format: take(&self.format, before.format),
            source: take(&self.source, before.source),
            plain_text: self.plain_text.clone().unwrap_or(before.plain_text).filter(|t| !t.trim().is_empty()),
            purpose,
            language: take(&self.language, before.language),
            utm_source: utm.source,
            utm_medium: utm.medium,
            utm_campaign: utm.campaign,
            utm_content: utm.content,
            headers: before.headers,
            dynamic: match &self.dynamic {
                Some(blocks) => blocks.iter().cloned().map(Into::into).collect(),
                None => before.dynamic,
            },
            attachments: self.attachments.clone().unwrap_or(before.attachments),
            owner_sends: self.owner_sends.unwrap_or(before.owner_sends),
        })
    }

    fn kind(&self) -> Result<Option<Kind>, Error> {
        let wrong = || Error::field("/kind", "kind", "Choose template or segment.");
        self.kind.as_deref().map(|key| Kind::from_key(key).ok_or_else(wrong)).transpose()
    }
}

#[derive(Deserialize, utoipa::IntoParams)]
struct KindParam {
    /// `template` or `segment`.
    kind: Option<String>,
}

/// Emails, newest first.
#[utoipa::path(get, path = "/emails", tag = "emails", params(ListParams, KindParam), responses((status = 200, body = PageOut<EmailOut>)))]
async fn list(Caller(cx): Caller, Query(q): Query<ListParams>, Query(k): Query<KindParam>) -> Answer<Json<PageOut<EmailOut>>> {
    let kind = k.kind.as_deref().and_then(Kind::from_key);
    Ok(PageOut::of(emails::list(&cx, q.into(), kind).await?, EmailOut::from))
}

/// Makes an email.
#[utoipa::path(post, path = "/emails", tag = "emails", request_body = EmailIn, responses((status = 201, body = EmailOut)))]
async fn create(Caller(cx): Caller, Body(b): Body<EmailIn>) -> Answer<(StatusCode, Json<EmailOut>)> {
    let new = NewEmail {
        name: b.name.clone().unwrap_or_default(),
        content: b.content(Content::default())?,
        kind: b.kind()?.unwrap_or(Kind::Template),
        published: b.published.unwrap_or(true),
        publish_up: instant("/publish_up", b.publish_up.0.clone().flatten())?,
        publish_down: instant("/publish_down", b.publish_down.0.clone().flatten())?,
        segments: b.segments.clone().unwrap_or_default(),
        excluded_segments: b.excluded_segments.clone().unwrap_or_default(),
        evergreen: b.evergreen.unwrap_or_default(),
        ..NewEmail::default()
    };
    let email = emails::create(&cx, new).await?;
    Ok((StatusCode::CREATED, detailed(&cx, email).await?))
}

/// One email.
#[utoipa::path(get, path = "/emails/{id}", tag = "emails", params(("id" = i64, Path)), responses((status = 200, body = EmailOut)))]
async fn get(Caller(cx): Caller, Path(id): Path<EmailId>) -> Answer<Json<EmailOut>> {
    let email = emails::get(&cx, id).await?;
    detailed(&cx, email).await
}

/// Changes an email; only named keys change.
#[utoipa::path(patch, path = "/emails/{id}", tag = "emails", params(("id" = i64, Path)), request_body = EmailIn, responses((status = 200, body = EmailOut)))]
async fn update(Caller(cx): Caller, Path(id): Path<EmailId>, Body(b): Body<EmailIn>) -> Answer<Json<EmailOut>> {
    let before = emails::get(&cx, id).await?;
    let patch = EmailPatch {
        // Two people at once: without a version, the one read a moment ago counts.
        version: Some(b.version.unwrap_or(before.version)),
        name: b.name.clone(),
        content: Some(b.content(before.content)?),
        kind: b.kind()?,
        published: b.published,
        publish_up: b.publish_up.0.clone().map(|t| instant("/publish_up", t)).transpose()?,
        publish_down: b.publish_down.0.clone().map(|t| instant("/publish_down", t)).transpose()?,
        segments: b.segments.clone(),
        excluded_segments: b.excluded_segments.clone(),
        evergreen: b.evergreen,
        extra: None,
    };
    let email = emails::update(&cx, id, patch).await?;
    detailed(&cx, email).await
}

/// Deletes an email; it can be restored.
#[utoipa::path(delete, path = "/emails/{id}", tag = "emails", params(("id" = i64, Path)), responses((status = 204)))]
async fn delete(Caller(cx): Caller, Path(id): Path<EmailId>) -> Answer<StatusCode> {
    emails::delete(&cx, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Brings a deleted email back.
#[utoipa::path(post, path = "/emails/{id}/restore", tag = "emails", params(("id" = i64, Path)), responses((status = 200, body = EmailOut)))]
async fn restore(Caller(cx): Caller, Path(id): Path<EmailId>) -> Answer<Json<EmailOut>> {
    let email = emails::restore(&cx, id).await?;
    detailed(&cx, email).await
}

/// What to show, and to whom.
#[derive(Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(default)]
pub struct EmailPreviewIn {
    id: Option<i64>,
    #[serde(flatten)]
    email: EmailIn,
    /// Null: names of fields instead of values.
    contact_id: Option<i64>,
}

impl EmailPreviewIn {
    pub(super) fn request(self) -> Result<PreviewRequest, Error> {
        let content = self.email.content(Content::default())?;
        Ok(PreviewRequest { email_id: self.id.unwrap_or(0), content, contact: self.contact_id.map(ContactId) })
    }
}

/// A message that nobody gets.
#[derive(Debug, Serialize, ToSchema)]
pub struct EmailPreview {
    subject: String,
    preheader: String,
    html: String,
    text: String,
    warnings: Vec<WarningOut>,
}

/// An email as it stands in the editor, as somebody would get it.
#[utoipa::path(post, path = "/emails/preview", tag = "emails", request_body = EmailPreviewIn, responses((status = 200, body = EmailPreview)))]
async fn preview(Caller(cx): Caller, Body(b): Body<EmailPreviewIn>) -> Answer<Json<EmailPreview>> {
    let p = emails::preview(&cx, b.request()?).await?;
    let warnings = p.warnings.into_iter().map(WarningOut::from).collect();
    let m = p.message;
    Ok(Json(EmailPreview { subject: m.subject, preheader: m.preheader, html: m.html, text: m.text, warnings }))
}

#[derive(Debug, Deserialize, ToSchema)]
struct TestIn {
    /// Up to twenty addresses.
    to: Vec<String>,
    contact_id: Option<i64>,
}

/// How many messages went out.
#[derive(Debug, Serialize, ToSchema)]
pub struct TestOut {
    sent: usize,
}

/// Sends a test, outside every statistic.
#[utoipa::path(post, path = "/emails/{id}/test", tag = "emails", params(("id" = i64, Path)), request_body = TestIn, responses((status = 200, body = TestOut)))]
async fn test(Caller(cx): Caller, Path(id): Path<EmailId>, Body(b): Body<TestIn>) -> Answer<Json<TestOut>> {
    let sent = sending::send_test(&cx, id, b.to, b.contact_id.map(ContactId)).await?;
    Ok(Json(TestOut { sent }))
}

/// How many are skipped for one reason.
#[derive(Debug, Serialize, ToSchema)]
pub struct SkippedOut {
    reason: String,
    text: String,
    count: u64,
}

/// Somebody, for lists.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecipientRef {
    pub id: i64,
    pub name: String,
    pub email: Option<String>,
}

/// Who would get an email now, in numbers.
#[derive(Debug, Serialize, ToSchema)]
pub struct AudienceOut {
    will_receive: u64,
    skipped: Vec<SkippedOut>,
    sample: Vec<RecipientRef>,
}

/// What a send would do, before it does it.
#[utoipa::path(get, path = "/emails/{id}/audience", tag = "emails", params(("id" = i64, Path)), responses((status = 200, body = AudienceOut)))]
async fn audience(Caller(cx): Caller, Path(id): Path<EmailId>) -> Answer<Json<AudienceOut>> {
    let found = sending::audience(&cx, id).await?;
    let ids: Vec<i64> = found.sample.iter().map(|c| c.0).collect();
    let wanted = ids.clone();
    let mut names = cx.db().read(move |tx| contacts::names(tx, &wanted)).await?;
    let sample = ids.into_iter().filter_map(|id| names.remove(&id).map(|n| RecipientRef { id, name: n.name, email: n.email }));
    let skipped = found.skipped.into_iter();
    Ok(Json(AudienceOut {
        will_receive: found.will_receive,
        sample: sample.collect(),
        skipped: skipped
            .map(|(why, count)| SkippedOut { reason: why.as_str().to_owned(), text: why.text().to_owned(), count })
            .collect(),
    }))
}

#[derive(Deserialize, utoipa::IntoParams)]
struct StateParam {
    /// `queued`, `sent`, `failed`, `unknown`, `skipped`, `opened`, `clicked` or `unsubscribed`.
    state: Option<String>,
}

/// One message to one person.
#[derive(Debug, Serialize, ToSchema)]
pub struct RecipientOut {
    contact: RecipientRef,
    state: String,
    reason: Option<String>,
    sent_at: Option<String>,
    opened_at: Option<String>,
    clicked_at: Option<String>,
}

/// Who got an email, who not and why.
#[utoipa::path(get, path = "/emails/{id}/recipients", tag = "emails", params(("id" = i64, Path), ListParams, StateParam), responses((status = 200, body = PageOut<RecipientOut>)))]
async fn recipients(
    Caller(cx): Caller,
    Path(id): Path<EmailId>,
    Query(q): Query<ListParams>,
    Query(s): Query<StateParam>,
) -> Answer<Json<PageOut<RecipientOut>>> {
    let page = sending::recipients(&cx, id, s.state, q.into()).await?;
    Ok(PageOut::of(page, |r| RecipientOut {
        contact: RecipientRef { id: r.contact.0, name: r.name, email: Some(r.address).filter(|a| !a.is_empty()) },
        state: r.state.key().to_owned(),
        reason: r.reason,
        sent_at: r.sent_at.map(|t| t.rfc3339()),
        opened_at: r.opened_at.map(|t| t.rfc3339()),
        clicked_at: r.clicked_at.map(|t| t.rfc3339()),
    }))
}

/// A link and its clicks.
#[derive(Debug, Serialize, ToSchema)]
pub struct LinkStat {
    url: String,
    clicks: i64,
    people: i64,
    /// How often mail scanners followed it; not among the clicks.
    machines: i64,
}

impl From<sending::LinkCount> for LinkStat {
    fn from(l: sending::LinkCount) -> Self {
        Self { url: l.url, clicks: l.clicks, people: l.people, machines: l.machines }
    }
}

/// The links of an email, the most clicked first.
#[utoipa::path(get, path = "/emails/{id}/links", tag = "emails", params(("id" = i64, Path)), responses((status = 200, body = Vec<LinkStat>)))]
async fn links(Caller(cx): Caller, Path(id): Path<EmailId>) -> Answer<Json<Vec<LinkStat>>> {
    let found = sending::links(&cx, id).await?;
    Ok(Json(found.into_iter().map(LinkStat::from).collect()))
}
