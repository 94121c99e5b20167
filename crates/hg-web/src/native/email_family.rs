//! Variants, translations and tests of an email.

use axum::Json;
use axum::http::StatusCode;
use hg_app::Error;
use hg_app::emails::family::{self, FamilyView, Member, NewTrial, Role, Trial};
use hg_core::emails::Criterion;
use hg_core::ids::EmailId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Web;
use crate::auth::Caller;
use crate::input::{Body, Path};
use crate::problem::Answer;

pub fn router() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .routes(routes!(get))
        .routes(routes!(add_variant))
        .routes(routes!(change_variant))
        .routes(routes!(add_translation))
        .routes(routes!(begin))
        .routes(routes!(call_off))
        .routes(routes!(win))
}

/// A variant in a test.
#[derive(Debug, Serialize, ToSchema)]
struct EmailArmOut {
    id: i64,
    name: String,
    sent: i64,
    /// People who opened or clicked, as the test counts.
    responses: i64,
    rate: f64,
    /// How many times the parent's rate; null for the parent, and without responses of both.
    ratio: Option<f64>,
    /// From here; the interval holds however often one looks.
    ratio_low: Option<f64>,
    /// To here; null: nothing is known yet.
    ratio_high: Option<f64>,
}

/// A test between variants.
#[derive(Debug, Serialize, ToSchema)]
struct EmailTestOut {
    id: i64,
    started_at: String,
    #[schema(value_type = super::words::EmailTestWord)]
    criterion: String,
    /// Percent of the audience that takes part; the rest waits for the winner.
    share: i64,
    automatic: bool,
    /// The best one so far is taken then.
    decide_at: Option<String>,
    ended_at: Option<String>,
    #[schema(value_type = Option<super::words::EmailTestEndWord>)]
    ended_how: Option<String>,
    winner_id: Option<i64>,
    /// The one that is clearly better than every other one.
    clear_id: Option<i64>,
    arms: Vec<EmailArmOut>,
}

impl From<Trial> for EmailTestOut {
    fn from(t: Trial) -> Self {
        let finite = |x: f64| Some(x).filter(|x| x.is_finite());
        let arm = |a: family::TrialArm| EmailArmOut {
            id: a.id.0,
            name: a.name,
            sent: a.arm.sent,
            responses: a.arm.responses,
            rate: a.arm.rate(),
            ratio: a.lift.and_then(|l| l.ratio),
            ratio_low: a.lift.map(|l| l.low),
            ratio_high: a.lift.and_then(|l| finite(l.high)),
        };
        Self {
            id: t.id,
            started_at: t.started_at.rfc3339(),
            criterion: t.criterion.key().to_owned(),
            share: t.share,
            automatic: t.automatic,
            decide_at: t.decide_at.map(|at| at.rfc3339()),
            ended_at: t.ended_at.map(|at| at.rfc3339()),
            ended_how: t.ended_how,
            winner_id: t.winner.map(|id| id.0),
            clear_id: t.clear.map(|id| id.0),
            arms: t.arms.into_iter().map(arm).collect(),
        }
    }
}

/// A variant or a translation.
#[derive(Debug, Serialize, ToSchema)]
struct EmailMemberOut {
    id: i64,
    name: String,
    subject: String,
    language: String,
    /// Percent of the readers; 0 for translations.
    weight: i64,
    published: bool,
    sent: i64,
    opened: i64,
    clicked: i64,
    /// What a translation lacks: `content`, `subject`, `published`, `outdated`.
    missing: Vec<String>,
}

/// An email with its variants, translations and tests.
#[derive(Debug, Serialize, ToSchema)]
struct EmailFamilyOut {
    id: i64,
    name: String,
    subject: String,
    language: String,
    /// Percent of the readers that the email itself keeps.
    weight: i64,
    /// How often this text of its own was sent, without variants and translations; opens and clicks alike.
    sent: i64,
    opened: i64,
    clicked: i64,
    variants: Vec<EmailMemberOut>,
    translations: Vec<EmailMemberOut>,
    test: Option<EmailTestOut>,
    /// Tests that ended, newest first.
    past: Vec<EmailTestOut>,
}

impl From<FamilyView> for EmailFamilyOut {
    fn from(view: FamilyView) -> Self {
        let parent = view.parent;
        let member = |m: Member| {
            let mut missing = Vec::new();
            if m.role == Role::Translation {
                let lacks = [
                    ("content", m.empty),
                    ("subject", m.subject == parent.content.subject),
                    ("published", !m.published),
                    ("outdated", m.updated_at < parent.updated_at),
                ];
                missing.extend(lacks.into_iter().filter(|(_, lacks)| *lacks).map(|(what, _)| what.to_owned()));
            }
            EmailMemberOut {
                id: m.id.0,
                name: m.name,
                subject: m.subject,
                language: m.language,
                weight: m.weight,
                published: m.published,
                sent: m.sent,
                opened: m.opened,
                clicked: m.clicked,
                missing,
            }
        };
        // The email counts whatever was sent for it.
        let own = |whole: i64, of: fn(&Member) -> i64| whole - view.children.iter().map(of).sum::<i64>();
        let (sent, opened, clicked) = (
            own(parent.counts.sent, |m| m.sent),
            own(parent.counts.opened, |m| m.opened),
            own(parent.counts.clicked, |m| m.clicked),
        );
        let (variants, translations): (Vec<_>, Vec<_>) = view.children.into_iter().partition(|m| m.role == Role::Variant);
        Self {
            variants: variants.into_iter().map(member).collect(),
            translations: translations.into_iter().map(member).collect(),
            id: parent.id.0,
            weight: view.parent_weight,
            sent,
            opened,
            clicked,
            test: view.running.map(EmailTestOut::from),
            past: view.past.into_iter().map(EmailTestOut::from).collect(),
            name: parent.name,
            subject: parent.content.subject,
            language: parent.content.language,
        }
    }
}

/// The variants, translations and tests of an email; of a child, those of its parent.
#[utoipa::path(get, path = "/emails/{id}/family", tag = "emails", params(("id" = i64, Path)), responses((status = 200, body = EmailFamilyOut)))]
async fn get(Caller(cx): Caller, Path(id): Path<EmailId>) -> Answer<Json<EmailFamilyOut>> {
    Ok(Json(family::family_of(&cx, id).await?.into()))
}

#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
struct EmailVariantIn {
    /// Null: the email's with a letter.
    name: Option<String>,
    /// Percent of the readers; null: an equal part of what is left.
    weight: Option<i64>,
}

/// Copies the email as another variant; it takes part once a test begins.
#[utoipa::path(post, path = "/emails/{id}/variants", tag = "emails", params(("id" = i64, Path)), request_body = EmailVariantIn, responses((status = 201, body = EmailFamilyOut)))]
async fn add_variant(
    Caller(cx): Caller,
    Path(id): Path<EmailId>,
    Body(b): Body<EmailVariantIn>,
) -> Answer<(StatusCode, Json<EmailFamilyOut>)> {
    Ok((StatusCode::CREATED, Json(family::add_variant(&cx, id, b.name, b.weight).await?.into())))
}

#[derive(Debug, Deserialize, ToSchema)]
struct EmailWeightIn {
    /// Percent of the readers.
    weight: i64,
}

/// Changes the share of a variant.
#[utoipa::path(patch, path = "/emails/{id}/variants/{variant}", tag = "emails", params(("id" = i64, Path), ("variant" = i64, Path)), request_body = EmailWeightIn, responses((status = 200, body = EmailFamilyOut)))]
async fn change_variant(
    Caller(cx): Caller,
    Path((id, variant)): Path<(EmailId, EmailId)>,
    Body(b): Body<EmailWeightIn>,
) -> Answer<Json<EmailFamilyOut>> {
    Ok(Json(family::set_weight(&cx, id, variant, b.weight).await?.into()))
}

#[derive(Debug, Deserialize, ToSchema)]
struct EmailTranslationIn {
    /// For example `de` or `fr_CA`.
    language: String,
}

/// Copies the email as a translation, not yet published.
#[utoipa::path(post, path = "/emails/{id}/translations", tag = "emails", params(("id" = i64, Path)), request_body = EmailTranslationIn, responses((status = 201, body = EmailFamilyOut)))]
async fn add_translation(
    Caller(cx): Caller,
    Path(id): Path<EmailId>,
    Body(b): Body<EmailTranslationIn>,
) -> Answer<(StatusCode, Json<EmailFamilyOut>)> {
    Ok((StatusCode::CREATED, Json(family::add_translation(&cx, id, b.language).await?.into())))
}

#[derive(Debug, Deserialize, ToSchema)]
struct EmailTestIn {
    /// What counts: `opens` or `clicks`.
    #[schema(value_type = super::words::EmailTestWord)]
    criterion: String,
    /// Percent of the audience that takes part; the rest gets the winner.
    share: i64,
    /// Take the winner as soon as there is a clear one.
    automatic: bool,
    /// Take the best one after so many hours; null: wait.
    hours: Option<i64>,
}

/// Begins a test: the variants take part from now on.
#[utoipa::path(post, path = "/emails/{id}/variants/begin", tag = "emails", params(("id" = i64, Path)), request_body = EmailTestIn, responses((status = 200, body = EmailFamilyOut)))]
async fn begin(Caller(cx): Caller, Path(id): Path<EmailId>, Body(b): Body<EmailTestIn>) -> Answer<Json<EmailFamilyOut>> {
    let criterion =
        Criterion::of(&b.criterion).ok_or_else(|| Error::field("/criterion", "criterion", "Choose opens or clicks."))?;
    let new = NewTrial { criterion, share: b.share, automatic: b.automatic, hours: b.hours };
    Ok(Json(family::begin(&cx, id, new).await?.into()))
}

/// Ends a test without a winner; the email itself goes on alone.
#[utoipa::path(post, path = "/emails/{id}/variants/stop", tag = "emails", params(("id" = i64, Path)), responses((status = 200, body = EmailFamilyOut)))]
async fn call_off(Caller(cx): Caller, Path(id): Path<EmailId>) -> Answer<Json<EmailFamilyOut>> {
    Ok(Json(family::call_off(&cx, id).await?.into()))
}

#[derive(Debug, Deserialize, ToSchema)]
struct EmailWinnerIn {
    /// The email itself or one of its variants.
    winner: i64,
}

/// Makes a variant the winner: everybody gets it from now on, and the figures are kept.
#[utoipa::path(post, path = "/emails/{id}/variants/win", tag = "emails", params(("id" = i64, Path)), request_body = EmailWinnerIn, responses((status = 200, body = EmailFamilyOut)))]
async fn win(Caller(cx): Caller, Path(id): Path<EmailId>, Body(b): Body<EmailWinnerIn>) -> Answer<Json<EmailFamilyOut>> {
    Ok(Json(family::win(&cx, id, EmailId(b.winner)).await?.into()))
}
