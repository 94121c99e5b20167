//! Folders of the workspace's inbox. Files are taken when they no longer grow, and lie in `done` or `failed` afterwards.

use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use crate::error::{Error, Result};
use crate::workspace::Workspace;

/// So many files of a folder are looked at.
const MOST_FILES: usize = 1_000;

/// Whether a text is the name of one folder: never a way out of the inbox.
pub(super) fn is_name(text: &str) -> bool {
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_' | ' ');
    !text.is_empty() && text.len() <= 100 && !text.starts_with('.') && text.chars().all(plain)
}

pub(super) fn path(ws: &Workspace, name: &str) -> PathBuf {
    ws.site.data_dir.join("inbox").join(name)
}

fn disk(error: &std::io::Error) -> Error {
    Error::unavailable(format!("The folder of the inbox cannot be used: {error}."))
}

/// Makes the folder and those for what is through.
pub(super) fn make(ws: &Workspace, name: &str) -> Result<()> {
    let folder = path(ws, name);
    for sub in ["done", "failed"] {
        std::fs::create_dir_all(folder.join(sub)).map_err(|e| disk(&e))?;
    }
    Ok(())
}

/// A file as it lies there: name, size, time of change in milliseconds.
pub(super) type Seen = (String, u64, u64);

/// The files of a folder, by name. Links are not followed.
pub(super) fn look(folder: &Path) -> Result<Vec<Seen>> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(|e| disk(&e))? {
        let entry = entry.map_err(|e| disk(&e))?;
        let Ok(about) = entry.metadata() else { continue };
        let Ok(name) = entry.file_name().into_string() else { continue };
        if !about.is_file() || name.starts_with('.') {
            continue;
        }
        let changed = about.modified().ok().and_then(|t| t.duration_since(UNIX_EPOCH).ok());
        let changed = changed.and_then(|d| u64::try_from(d.as_millis()).ok()).unwrap_or(0);
        found.push((name, about.len(), changed));
        if found.len() >= MOST_FILES {
            break;
        }
    }
    found.sort();
    Ok(found)
}

/// Puts a file that is through into `done` or `failed`, beside what lies there already.
pub(super) fn put_away(folder: &Path, name: &str, sub: &str) -> Result<()> {
    let target = folder.join(sub);
    std::fs::create_dir_all(&target).map_err(|e| disk(&e))?;
    let mut to = target.join(name);
    let mut n = 1;
    while to.exists() {
        n += 1;
        to = target.join(format!("{n}_{name}"));
    }
    match std::fs::rename(folder.join(name), to) {
        // Somebody took it away meanwhile.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        other => other.map_err(|e| disk(&e)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_one_name_and_no_way_out() {
        for name in ["crm", "CRM export_2.0", "žluť"] {
            assert!(is_name(name), "{name}");
        }
        for name in ["", "..", ".hidden", "a/b", "a\\b", "/etc", "a\0"] {
            assert!(!is_name(name), "{name}");
        }
    }
}
