//! The media library.

use axum::Json;
use axum::extract::multipart::MultipartRejection;
use axum::extract::{DefaultBodyLimit, Multipart};
use axum::http::StatusCode;
use hg_app::media::{self, LONGEST, MediaFile, MediaPatch, NewMedia};
use hg_app::{Error, ErrorKind, emails};
use hg_core::ids::MediaId;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Web;
use crate::auth::Caller;
use crate::input::{Body, ListParams, PageOut, Path, Query};
use crate::problem::{Answer, Problem};

pub fn router() -> OpenApiRouter<Web> {
    OpenApiRouter::new()
        .routes(routes!(list, upload))
        .routes(routes!(unused))
        .routes(routes!(remove_unused))
        .routes(routes!(get, update, delete))
        .routes(routes!(restore))
        .routes(routes!(uses))
        // A little more, so that what is too long is told in words.
        .layer(DefaultBodyLimit::max(LONGEST + 1024 * 1024))
}

/// A picture of the library.
#[derive(Debug, Serialize, ToSchema)]
pub struct MediaOut {
    id: i64,
    version: i64,
    created_at: String,
    updated_at: String,
    name: String,
    /// What it shows, for those who do not see it.
    alt: String,
    folder: String,
    content_type: String,
    bytes: i64,
    width: i64,
    height: i64,
    /// Where everybody reaches it.
    url: String,
}

fn out(cx: &hg_app::Cx, file: MediaFile) -> MediaOut {
    MediaOut {
        url: format!("{}{}", emails::site_url(&cx.ws), file.path()),
        id: file.id.0,
        version: file.version,
        created_at: file.created_at.rfc3339(),
        updated_at: file.updated_at.rfc3339(),
        name: file.name,
        alt: file.alt,
        folder: file.folder,
        content_type: file.content_type,
        bytes: file.bytes,
        width: file.width,
        height: file.height,
    }
}

/// Pictures, newest first.
#[utoipa::path(get, path = "/media", tag = "media", params(ListParams), responses((status = 200, body = PageOut<MediaOut>)))]
async fn list(Caller(cx): Caller, Query(q): Query<ListParams>) -> Answer<Json<PageOut<MediaOut>>> {
    let page = media::list(&cx, q.into()).await?;
    Ok(PageOut::of(page, |file| out(&cx, file)))
}

/// What is sent to put a picture in.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only describes the parts of the form")]
struct MediaUpload {
    /// PNG, JPEG, GIF or WebP, up to 5 MB.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
    alt: Option<String>,
    folder: Option<String>,
}

/// Puts a picture in (multipart, part `file`). One that is there already is given back.
#[utoipa::path(post, path = "/media", tag = "media", request_body(content = MediaUpload, content_type = "multipart/form-data"), responses((status = 201, body = MediaOut), (status = 200, body = MediaOut)))]
async fn upload(Caller(cx): Caller, form: Result<Multipart, MultipartRejection>) -> Answer<(StatusCode, Json<MediaOut>)> {
    cx.may(hg_app::Action::Edit(hg_app::Area::Emails))?;
    let no_file = || Error::new(ErrorKind::Invalid, "media.no-file", "Send the image as the part “file” of a form.");
    let mut form = form.map_err(|_| no_file())?;
    let broken = |e: axum::extract::multipart::MultipartError| {
        Problem(Error::field("/file", "media.upload", format!("The upload broke off: {}.", e.body_text())))
    };
    let mut new = NewMedia::default();
    let mut given = false;
    while let Some(part) = form.next_field().await.map_err(broken)? {
        match part.name() {
            Some("file") => {
                new.name = part.file_name().unwrap_or("image").to_owned();
                new.body = part.bytes().await.map_err(broken)?.to_vec();
                given = true;
            }
            Some("alt") => new.alt = part.text().await.map_err(broken)?,
            Some("folder") => new.folder = part.text().await.map_err(broken)?,
            _ => {}
        }
    }
    if !given {
        return Err(no_file().into());
    }
    let (file, made) = media::upload(&cx, new).await?;
    Ok((if made { StatusCode::CREATED } else { StatusCode::OK }, Json(out(&cx, file))))
}

/// One picture.
#[utoipa::path(get, path = "/media/{id}", tag = "media", params(("id" = i64, Path)), responses((status = 200, body = MediaOut)))]
async fn get(Caller(cx): Caller, Path(id): Path<MediaId>) -> Answer<Json<MediaOut>> {
    Ok(Json(out(&cx, media::get(&cx, id).await?)))
}

/// What of a picture changes.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(default)]
struct MediaIn {
    version: Option<i64>,
    alt: Option<String>,
    folder: Option<String>,
}

/// Describes a picture; only named keys change.
#[utoipa::path(patch, path = "/media/{id}", tag = "media", params(("id" = i64, Path)), request_body = MediaIn, responses((status = 200, body = MediaOut)))]
async fn update(Caller(cx): Caller, Path(id): Path<MediaId>, Body(b): Body<MediaIn>) -> Answer<Json<MediaOut>> {
    let patch = MediaPatch { version: b.version, alt: b.alt, folder: b.folder };
    Ok(Json(out(&cx, media::update(&cx, id, patch).await?)))
}

/// Takes a picture out of the library; mails that were sent go on showing it.
#[utoipa::path(delete, path = "/media/{id}", tag = "media", params(("id" = i64, Path)), responses((status = 204)))]
async fn delete(Caller(cx): Caller, Path(id): Path<MediaId>) -> Answer<StatusCode> {
    media::delete(&cx, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Brings a picture back.
#[utoipa::path(post, path = "/media/{id}/restore", tag = "media", params(("id" = i64, Path)), responses((status = 200, body = MediaOut)))]
async fn restore(Caller(cx): Caller, Path(id): Path<MediaId>) -> Answer<Json<MediaOut>> {
    Ok(Json(out(&cx, media::restore(&cx, id).await?)))
}

/// Something in which a picture stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct MediaUse {
    /// `email`, `email_block`, `page`, `form`, `campaign` or `brand`.
    kind: String,
    id: i64,
    name: String,
}

/// Where a picture stands.
#[utoipa::path(get, path = "/media/{id}/uses", tag = "media", params(("id" = i64, Path)), responses((status = 200, body = Vec<MediaUse>)))]
async fn uses(Caller(cx): Caller, Path(id): Path<MediaId>) -> Answer<Json<Vec<MediaUse>>> {
    let found = media::uses(&cx, id).await?.into_iter();
    Ok(Json(found.map(|(kind, id, name)| MediaUse { kind: kind.to_owned(), id, name }).collect()))
}

/// Pictures that stand nowhere.
#[derive(Debug, Serialize, ToSchema)]
pub struct UnusedMedia {
    /// The largest first.
    items: Vec<MediaOut>,
    /// Of all of them.
    bytes: i64,
}

impl UnusedMedia {
    fn of(cx: &hg_app::Cx, files: Vec<MediaFile>) -> Self {
        let bytes = files.iter().map(|file| file.bytes).sum();
        Self { items: files.into_iter().map(|file| out(cx, file)).collect(), bytes }
    }
}

/// Pictures that no email, draft, saved block, page, form, campaign or logo shows; those put in within the last hour are
/// left out.
#[utoipa::path(get, path = "/media/unused", tag = "media", responses((status = 200, body = UnusedMedia)))]
async fn unused(Caller(cx): Caller) -> Answer<Json<UnusedMedia>> {
    Ok(Json(UnusedMedia::of(&cx, media::unused(&cx).await?)))
}

/// Which pictures are meant.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct MediaIds {
    ids: Vec<i64>,
}

/// Takes these pictures out of the library, but for those that stand somewhere by now; tells which it took. Each can be
/// restored for 30 days.
#[utoipa::path(post, path = "/media/unused/remove", tag = "media", request_body = MediaIds, responses((status = 200, body = UnusedMedia)))]
async fn remove_unused(Caller(cx): Caller, Body(b): Body<MediaIds>) -> Answer<Json<UnusedMedia>> {
    let ids = b.ids.into_iter().map(MediaId).collect();
    Ok(Json(UnusedMedia::of(&cx, media::remove_unused(&cx, ids).await?)))
}
