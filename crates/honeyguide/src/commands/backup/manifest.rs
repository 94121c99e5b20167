//! What a backup holds, with the checksum of every file.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Write};
use std::path::Path;

use hg_app::Result;
use hg_core::time::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::files;
use crate::open;

const NAME: &str = "manifest.json";
/// Changes when an older program could not read the folder any more.
const FORMAT: u32 = 1;

/// The table of contents.
#[derive(Debug, Serialize, Deserialize)]
pub struct Manifest {
    format: u32,
    /// The program that made it.
    program: String,
    pub made_at: Timestamp,
    /// The number of the database's newest schema step.
    pub schema: i64,
    pub content: Content,
    files: BTreeMap<String, Entry>,
}

/// How the database is kept.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// A copy of the file.
    Sqlite,
    /// Every row of every table as text.
    Rows { rows: u64 },
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    bytes: u64,
    sha256: String,
}

impl Manifest {
    /// Looks at every file of the folder.
    pub fn of(folder: &Path, schema: i64, made_at: Timestamp, content: Content) -> Result<Self> {
        let mut entries = BTreeMap::new();
        for name in files::below(folder)? {
            entries.insert(name.clone(), entry(&folder.join(&name))?);
        }
        let program = format!("honeyguide {}", env!("CARGO_PKG_VERSION"));
        Ok(Self { format: FORMAT, program, made_at, schema, content, files: entries })
    }

    pub fn write(&self, folder: &Path) -> Result<()> {
        let path = folder.join(NAME);
        let text = serde_json::to_string_pretty(self).map_err(|e| open::plain(e.to_string()))?;
        let mut file = File::create_new(&path).map_err(files::failed(&path, "written"))?;
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(files::failed(&path, "written"))
    }

    /// Reads a backup's manifest and compares every file with it.
    pub fn checked(folder: &Path) -> Result<Self> {
        let path = folder.join(NAME);
        let text = std::fs::read_to_string(&path)
            .map_err(|e| open::plain(format!("{} is no whole backup: its {NAME} cannot be read ({e})", folder.display())))?;
        let manifest: Self =
            serde_json::from_str(&text).map_err(|e| open::plain(format!("{} cannot be understood: {e}", path.display())))?;
        if manifest.format > FORMAT {
            return Err(open::plain(format!(
                "the backup was made by a newer {}; restore it with that version",
                manifest.program
            )));
        }
        for (name, wanted) in &manifest.files {
            if !files::is_plain(name) {
                return Err(open::plain(format!("the backup names a file outside itself: {name}")));
            }
            let found = entry(&folder.join(name))?;
            if found != *wanted {
                return Err(open::plain(format!("the backup is damaged: {name} is not what was written; use another backup")));
            }
        }
        Ok(manifest)
    }

    /// The files below a folder of the backup, named from there.
    pub fn below<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = &'a str> {
        self.files.keys().filter_map(move |name| name.strip_prefix(folder)?.strip_prefix('/'))
    }

    pub fn in_words(&self) -> String {
        let bytes: u64 = self.files.values().map(|e| e.bytes).sum();
        let what = match self.content {
            Content::Sqlite => "a copy of the SQLite database".to_owned(),
            Content::Rows { rows } => format!("{rows} rows"),
        };
        format!("{what}, schema {}, {} files, {:.1} MB", self.schema, self.files.len(), bytes as f64 / 1e6)
    }
}

fn entry(path: &Path) -> Result<Entry> {
    let mut file = File::open(path).map_err(files::failed(path, "read"))?;
    let (mut hash, mut bytes, mut buffer) = (Sha256::new(), 0, vec![0; 1 << 16]);
    loop {
        let n = file.read(&mut buffer).map_err(files::failed(path, "read"))?;
        if n == 0 {
            break;
        }
        hash.update(&buffer[..n]);
        bytes += n as u64;
    }
    let sha256 = hash.finalize().iter().map(|b| format!("{b:02x}")).collect();
    Ok(Entry { bytes, sha256 })
}
