//! How far the demo has been played, in a file beside the database: a second start goes on from there.

use std::path::{Path, PathBuf};

use hg_app::Result;
use hg_core::time::Timestamp;
use serde::{Deserialize, Serialize};

use crate::open;

/// What was made and how far it was played.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct State {
    /// When the history begins.
    pub began_at: Timestamp,
    /// When the session takes place.
    pub event_at: Timestamp,
    pub played_until: Timestamp,
    /// The newest caught mail whose reader has been thought of.
    pub seen_mail: i64,
    pub finished: bool,
    pub segment: Option<i64>,
    pub emails: Vec<i64>,
    pub form: Option<i64>,
    pub page: Option<i64>,
    pub invitation: Option<i64>,
    pub registration: Option<i64>,
    #[serde(skip)]
    file: PathBuf,
}

impl State {
    fn file_in(dir: &Path) -> PathBuf {
        dir.join("demo.json")
    }

    pub fn load(dir: &Path) -> Result<Option<Self>> {
        let file = Self::file_in(dir);
        let Ok(text) = std::fs::read_to_string(&file) else { return Ok(None) };
        let mut state: Self = serde_json::from_str(&text).map_err(|e| {
            open::plain(format!("{} cannot be read ({e}); start with --fresh to begin again in another folder", file.display()))
        })?;
        state.file = file;
        Ok(Some(state))
    }

    pub fn begin(dir: &Path, began_at: Timestamp, event_at: Timestamp) -> Result<Self> {
        let state = Self {
            began_at,
            event_at,
            played_until: began_at,
            seen_mail: 0,
            finished: false,
            segment: None,
            emails: Vec::new(),
            form: None,
            page: None,
            invitation: None,
            registration: None,
            file: Self::file_in(dir),
        };
        state.save()?;
        Ok(state)
    }

    pub fn save(&self) -> Result<()> {
        let text = serde_json::to_string_pretty(self).map_err(|e| open::plain(e.to_string()))?;
        let half = self.file.with_extension("json.new");
        std::fs::write(&half, text)
            .and_then(|()| std::fs::rename(&half, &self.file))
            .map_err(|e| open::plain(format!("{} cannot be written: {e}", self.file.display())))
    }

    pub fn finish(&mut self) -> Result<()> {
        self.finished = true;
        self.save()
    }
}
