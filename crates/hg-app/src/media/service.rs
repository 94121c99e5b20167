//! Putting pictures in, describing them, taking them out.

use hg_core::ids::MediaId;
use hg_core::media::{file_name, picture};
use hg_core::time::Millis;
use sha2::{Digest, Sha256};

use super::store::{self, LONGEST, MediaFile};
use crate::audit::{self, Changes, Deed, Entry};
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, Result};
use crate::list::{ListQuery, Page};

/// A picture to be put in.
#[derive(Debug, Clone, Default)]
pub struct NewMedia {
    pub name: String,
    pub alt: String,
    pub folder: String,
    pub body: Vec<u8>,
}

/// What changes; `None` leaves as it is.
#[derive(Debug, Clone, Default)]
pub struct MediaPatch {
    pub version: Option<i64>,
    pub alt: Option<String>,
    pub folder: Option<String>,
}

fn entry(deed: Deed, file: &MediaFile) -> Entry {
    Entry::new(deed, "image", file.id.0, &file.name)
}

/// Pictures, newest first unless sorted.
pub async fn list(cx: &Cx, query: ListQuery) -> Result<Page<MediaFile>> {
    cx.may(Action::View(Area::Emails))?;
    cx.db().read(move |tx| store::page(tx, &query)).await
}

pub async fn get(cx: &Cx, id: MediaId) -> Result<MediaFile> {
    cx.may(Action::View(Area::Emails))?;
    cx.db().read(move |tx| store::find(tx, id)).await
}

/// Where a picture stands: kind (`email`, `email_block`, `page`, `form`, `campaign` or `brand`), id and name.
pub async fn uses(cx: &Cx, id: MediaId) -> Result<Vec<(&'static str, i64, String)>> {
    cx.may(Action::View(Area::Emails))?;
    cx.db()
        .read(move |tx| {
            let file = store::find(tx, id)?;
            store::uses(tx, &file.hash)
        })
        .await
}

/// What was put in this long ago or later may still be on its way into an email.
const FRESH: Millis = Millis::hours(1);

/// Pictures that stand nowhere, the largest first; those of the last hour are left out.
pub async fn unused(cx: &Cx) -> Result<Vec<MediaFile>> {
    cx.may(Action::View(Area::Emails))?;
    let before = cx.now().minus(FRESH);
    cx.db().read(move |tx| store::unused(tx, before)).await
}

/// Takes these pictures out of the library, as far as they stand nowhere now; which were taken out. They can be restored.
pub async fn remove_unused(cx: &Cx, ids: Vec<MediaId>) -> Result<Vec<MediaFile>> {
    cx.may(Action::Edit(Area::Emails))?;
    let (who, now) = (cx.who(), cx.now());
    cx.db()
        .write(move |tx| {
            let mut files = store::unused(tx, now.minus(FRESH))?;
            files.retain(|file| ids.contains(&file.id));
            for file in &files {
                audit::record(tx, &who, entry(Deed::Delete, file))?;
                store::set_deleted(tx, now, file.id, true)?;
            }
            Ok(files)
        })
        .await
}

/// Puts a picture into the library. One that lies there already is given back as it is; whether it was put in.
pub async fn upload(cx: &Cx, new: NewMedia) -> Result<(MediaFile, bool)> {
    cx.may(Action::Edit(Area::Emails))?;
    if new.body.len() > LONGEST {
        return Err(Error::field("/file", "media.too-long", "Images can have 5 MB. Make this one smaller: readers wait for it."));
    }
    let Some(found) = picture(&new.body) else {
        return Err(Error::field(
            "/file",
            "media.no-picture",
            "This is no image that every mail program shows. Use PNG, JPEG, GIF or WebP; SVG can hold scripts and is not taken.",
        ));
    };
    let hash: String = Sha256::digest(&new.body).iter().map(|byte| format!("{byte:02x}")).collect();
    let now = cx.now();
    let file = MediaFile {
        id: MediaId(0),
        version: 1,
        created_at: now,
        updated_at: now,
        created_by: cx.user_id(),
        name: file_name(&new.name, found.kind),
        alt: clean(&new.alt, 300),
        folder: clean(&new.folder, 100),
        content_type: found.kind.content_type().to_owned(),
        bytes: i64::try_from(new.body.len()).unwrap_or(i64::MAX),
        width: i64::from(found.width),
        height: i64::from(found.height),
        hash,
    };
    let who = cx.who();
    cx.db()
        .write(move |tx| {
            if let Some(there) = store::by_hash(tx, &file.hash)? {
                return Ok((there, false));
            }
            let id = store::insert(tx, &file, &new.body)?;
            let made = store::find(tx, id)?;
            audit::record(tx, &who, entry(Deed::Create, &made))?;
            Ok((made, true))
        })
        .await
}

fn clean(text: &str, most: usize) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(most).collect()
}

/// Describes a picture, or puts it into another folder.
pub async fn update(cx: &Cx, id: MediaId, patch: MediaPatch) -> Result<MediaFile> {
    cx.may(Action::Edit(Area::Emails))?;
    let (who, now) = (cx.who(), cx.now());
    cx.db()
        .write(move |tx| {
            let before = store::find(tx, id)?;
            if patch.version.is_some_and(|version| version != before.version) {
                return Err(Error::changed_meanwhile("image"));
            }
            let mut file = before.clone();
            if let Some(alt) = &patch.alt {
                file.alt = clean(alt, 300);
            }
            if let Some(folder) = &patch.folder {
                file.folder = clean(folder, 100);
            }
            store::save(tx, now, &file)?;
            let changes = Changes::new().field("alt", &before.alt, &file.alt).field("folder", &before.folder, &file.folder);
            audit::record(tx, &who, entry(Deed::Update, &file).changes(changes))?;
            store::find(tx, id)
        })
        .await
}

/// Takes a picture out of the library; mails that were sent go on showing it.
pub async fn delete(cx: &Cx, id: MediaId) -> Result<()> {
    cx.may(Action::Edit(Area::Emails))?;
    let (who, now) = (cx.who(), cx.now());
    cx.db()
        .write(move |tx| {
            let file = store::find(tx, id)?;
            audit::record(tx, &who, entry(Deed::Delete, &file))?;
            store::set_deleted(tx, now, id, true)
        })
        .await
}

/// Brings a picture back.
pub async fn restore(cx: &Cx, id: MediaId) -> Result<MediaFile> {
    cx.may(Action::Edit(Area::Emails))?;
    let (who, now) = (cx.who(), cx.now());
    cx.db()
        .write(move |tx| {
            store::set_deleted(tx, now, id, false)?;
            let file = store::find(tx, id)?;
            audit::record(tx, &who, entry(Deed::Restore, &file))?;
            Ok(file)
        })
        .await
}
