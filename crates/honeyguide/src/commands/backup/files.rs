//! The files of a workspace, in and out of a backup.

use std::fs::{DirBuilder, File};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Component, Path, PathBuf};

use hg_app::{Error, Result};

use crate::open;

/// Folders that a restore made of what was there before it.
pub const KEPT: &str = "before-restore-";

/// A sentence about a file with which something could not be done.
pub fn failed(path: &Path, done: &'static str) -> impl Fn(std::io::Error) -> Error + use<> {
    let path = path.display().to_string();
    move |e| open::plain(format!("{path} cannot be {done}: {e}"))
}

/// A folder that only its owner may enter.
pub fn make_private(folder: &Path) -> Result<()> {
    if let Some(parent) = folder.parent() {
        std::fs::create_dir_all(parent).map_err(failed(parent, "made"))?;
    }
    DirBuilder::new().mode(0o700).create(folder).map_err(failed(folder, "made"))
}

/// Whether a name leads to a file below, and nowhere else.
pub fn is_plain(name: &str) -> bool {
    Path::new(name).components().all(|c| matches!(c, Component::Normal(_)))
}

/// Every file below a folder, named from there with `/`, in order. Links are left out.
pub fn below(folder: &Path) -> Result<Vec<String>> {
    let (mut found, mut waiting) = (Vec::new(), vec![PathBuf::new()]);
    while let Some(at) = waiting.pop() {
        let here = folder.join(&at);
        for item in std::fs::read_dir(&here).map_err(failed(&here, "read"))? {
            let item = item.map_err(failed(&here, "read"))?;
            let (name, kind) = (at.join(item.file_name()), item.file_type().map_err(failed(&item.path(), "read"))?);
            if kind.is_dir() {
                waiting.push(name);
            } else if kind.is_file() {
                found.push(name.to_string_lossy().into_owned());
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Copies what lies in the data folder: the secret key, uploads, and what else the product keeps there. The database
/// goes its own way, and backups do not belong into backups.
pub fn copy_data_folder(data: &Path, database: Option<&Path>, target: &Path) -> Result<()> {
    make_private(target)?;
    if !data.is_dir() {
        return Ok(());
    }
    let database = database.and_then(|file| file.canonicalize().ok());
    let root = data.canonicalize().map_err(failed(data, "read"))?;
    let outside = |name: &str| {
        let path = root.join(name);
        let of_database = database.as_ref().is_some_and(|db| path.to_string_lossy().starts_with(&*db.to_string_lossy()));
        let first = name.split('/').next().unwrap_or(name);
        of_database || first.starts_with(KEPT) || root.join(first).join("manifest.json").is_file() || first.ends_with(".part")
    };
    for name in below(&root)? {
        if !outside(&name) {
            copy(&root.join(&name), &target.join(&name))?;
        }
    }
    Ok(())
}

/// Copies a file with its permissions, making folders on the way.
pub fn copy(from: &Path, to: &Path) -> Result<()> {
    if let Some(parent) = to.parent() {
        std::fs::create_dir_all(parent).map_err(failed(parent, "made"))?;
    }
    std::fs::copy(from, to).map_err(failed(to, "written"))?;
    File::open(to).and_then(|f| f.sync_all()).map_err(failed(to, "written"))
}
