//! Schema steps. One file a step for both databases:
//!
//! * `@id` – a key that is never given twice; `@json`, `@bytes` – the column types;
//! * `--@sqlite` / `--@postgres` … `--@end` – lines for one of them only.
//!
//! Steps are only ever added. A database made by a newer version is refused; an SQLite file is copied before it changes.

use std::path::PathBuf;

use hg_core::segments::Piece;
use hg_core::time::Timestamp;

use crate::Result;
use crate::db::Db;
use crate::error::StoreError;
use crate::sql::{Dialect, Sql};
use crate::tx::Tx;

/// Number, name and text of each step, in order.
const STEPS: &[(i64, &str, &str)] = &[
    (1, "platform", include_str!("../migrations/0001_platform.sql")),
    (2, "contacts", include_str!("../migrations/0002_contacts.sql")),
    (3, "segments", include_str!("../migrations/0003_segments.sql")),
    (4, "emails", include_str!("../migrations/0004_emails.sql")),
    (5, "web", include_str!("../migrations/0005_web.sql")),
    (6, "campaigns", include_str!("../migrations/0006_campaigns.sql")),
    (7, "traces", include_str!("../migrations/0007_traces.sql")),
    (8, "email counts", include_str!("../migrations/0008_email_counts.sql")),
    (9, "audit and views", include_str!("../migrations/0009_audit_views.sql")),
    (10, "companies", include_str!("../migrations/0010_companies.sql")),
    (11, "scores", include_str!("../migrations/0011_scores.sql")),
    (12, "persons", include_str!("../migrations/0012_persons.sql")),
    (13, "contact orders", include_str!("../migrations/0013_contact_orders.sql")),
    (20, "import undo", include_str!("../migrations/0020_import_undo.sql")),
    (21, "people", include_str!("../migrations/0021_people.sql")),
    (22, "segment pieces", include_str!("../migrations/0022_segment_pieces.sql")),
    (23, "exports", include_str!("../migrations/0023_exports.sql")),
    (24, "import schedules", include_str!("../migrations/0024_import_schedules.sql")),
    (25, "company segments", include_str!("../migrations/0025_company_segments.sql")),
    (26, "simulations", include_str!("../migrations/0026_simulations.sql")),
    (28, "campaign steps", include_str!("../migrations/0028_campaign_steps.sql")),
    (29, "campaign versions", include_str!("../migrations/0029_campaign_versions.sql")),
    (30, "sender domains", include_str!("../migrations/0030_sender_domains.sql")),
    (31, "returns", include_str!("../migrations/0031_returns.sql")),
    (32, "sending pace", include_str!("../migrations/0032_sending_pace.sql")),
    (33, "send plans", include_str!("../migrations/0033_send_plans.sql")),
    (34, "media", include_str!("../migrations/0034_media.sql")),
    (35, "email comments", include_str!("../migrations/0035_email_comments.sql")),
    (36, "email families", include_str!("../migrations/0036_email_families.sql")),
    (37, "email members", include_str!("../migrations/0037_email_members.sql")),
    (38, "campaign goals", include_str!("../migrations/0038_campaign_goals.sql")),
    (39, "notices", include_str!("../migrations/0039_notices.sql")),
    (40, "more of segments", include_str!("../migrations/0040_more_of_segments.sql")),
    (41, "mail responses", include_str!("../migrations/0041_mail_responses.sql")),
    (42, "email attachments", include_str!("../migrations/0042_email_attachments.sql")),
    (47, "campaign pauses", include_str!("../migrations/0047_campaign_pauses.sql")),
    (48, "saved blocks", include_str!("../migrations/0048_saved_blocks.sql")),
    (49, "email drafts", include_str!("../migrations/0049_email_drafts.sql")),
    (51, "email windows", include_str!("../migrations/0051_email_windows.sql")),
    (54, "evergreen sends", include_str!("../migrations/0054_evergreen_sends.sql")),
    (55, "settled sends", include_str!("../migrations/0055_settled_sends.sql")),
];

/// The texts of all steps, in order.
pub(crate) fn texts() -> impl Iterator<Item = &'static str> {
    STEPS.iter().map(|s| s.2)
}

/// What [`Db::migrate`] did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migrated {
    /// Schema numbers before and after.
    pub from: i64,
    pub to: i64,
    /// Where the SQLite file was copied to before it changed.
    pub copy: Option<PathBuf>,
}

/// The newest schema this program knows.
pub fn newest() -> i64 {
    STEPS.last().map_or(0, |s| s.0)
}

impl Db {
    /// Brings the schema up to date. Each step is one transaction; a failed one leaves the database as it was.
    pub async fn migrate(&self, now: Timestamp) -> Result<Migrated> {
        self.migrate_to(newest(), now).await
    }

    /// Runs the steps up to and including `target`; for tests that start from an older release.
    pub async fn migrate_to(&self, target: i64, now: Timestamp) -> Result<Migrated> {
        let from = self.schema_version().await?;
        if from > newest() {
            return Err(StoreError::NewerDatabase { found: from, known: newest() });
        }
        let mut report = Migrated { from, to: from, copy: None };
        // Steps may be released out of the order of their numbers: what counts is which ones a database has.
        let done: Vec<i64> = match from {
            0 => Vec::new(),
            _ => self.read(|tx| tx.all("SELECT number FROM schema_steps", |r| r.get(0))).await?,
        };
        let missing: Vec<_> = STEPS.iter().filter(|s| s.0 <= target && !done.contains(&s.0)).collect();
        if from > 0 && !missing.is_empty() {
            report.copy = self.copy_before_migration(from).await?;
        }
        for &&(number, name, text) in &missing {
            self.write(move |tx| step(tx, number, name, text, now)).await?;
            report.to = report.to.max(number);
        }
        Ok(report)
    }

    /// The number of the newest step that this database has; 0 for an empty one.
    pub async fn schema_version(&self) -> Result<i64> {
        let dialect = self.dialect();
        self.read(move |tx| {
            let known: i64 = match dialect {
                Dialect::Sqlite => tx.scalar("SELECT count(*) FROM sqlite_master WHERE name = 'schema_steps'")?,
                Dialect::Postgres => tx.scalar("SELECT count(*) FROM pg_class WHERE oid = to_regclass('schema_steps')")?,
            };
            if known > 0 {
                return tx.scalar("SELECT coalesce(max(number), 0) FROM schema_steps");
            }
            let tables: i64 = match dialect {
                Dialect::Sqlite => {
                    tx.scalar("SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")?
                }
                Dialect::Postgres => tx.scalar("SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()")?,
            };
            if tables > 0 {
                return Err(StoreError::Damaged(
                    "it holds tables, but none of ours; point Honeyguide at an empty database".into(),
                ));
            }
            Ok(0)
        })
        .await
    }

    async fn copy_before_migration(&self, from: i64) -> Result<Option<PathBuf>> {
        let Some(path) = self.file() else { return Ok(None) };
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".before-update-from-{from}"));
        let copy = PathBuf::from(name);
        if copy.exists() {
            return Ok(Some(copy));
        }
        let target = copy.clone();
        crate::backup::copy_sqlite(path, &target).await?;
        Ok(Some(copy))
    }
}

fn step(tx: &mut Tx<'_>, number: i64, name: &str, text: &str, now: Timestamp) -> Result<()> {
    if number == 1 {
        tx.batch("CREATE TABLE schema_steps (number BIGINT PRIMARY KEY, name TEXT NOT NULL, applied_at BIGINT NOT NULL)")?;
    }
    tx.batch(&expand(text, tx.dialect()))?;
    if number == SEGMENT_PIECES {
        move_chunks(tx)?;
    }
    tx.exec(
        Sql::new("INSERT INTO schema_steps (number, name, applied_at) VALUES ($1, $2, $3)").bind(number).bind(name).bind(now),
    )?;
    Ok(())
}

/// The step after whose text memberships are moved.
const SEGMENT_PIECES: i64 = 22;

/// Moves memberships from chunks of 65,536 ids to pieces.
fn move_chunks(tx: &mut Tx<'_>) -> Result<()> {
    let keys: Vec<(i64, i64)> =
        tx.all("SELECT segment_id, chunk FROM segment_chunks ORDER BY segment_id, chunk", |r| Ok((r.get(0)?, r.get(1)?)))?;
    for (segment, chunk) in keys {
        let text = "SELECT bits FROM segment_chunks WHERE segment_id = $1 AND chunk = $2";
        let bytes: Vec<u8> = tx.one(Sql::new(text).bind(segment).bind(chunk), |r| r.get(0))?;
        for (number, piece) in Piece::split_serialised(&bytes).map_err(StoreError::Damaged)? {
            let text = "INSERT INTO segment_pieces (segment_id, piece, bits) VALUES ($1, $2, $3)";
            tx.exec(Sql::new(text).bind(segment).bind(number).bind(piece.encode()))?;
        }
    }
    tx.batch("DROP TABLE segment_chunks")
}

/// The text of a step as one database wants it.
fn expand(text: &str, dialect: Dialect) -> String {
    let mut out = String::with_capacity(text.len());
    let mut only = None;
    for line in text.lines() {
        match line.trim() {
            "--@sqlite" => only = Some(Dialect::Sqlite),
            "--@postgres" => only = Some(Dialect::Postgres),
            "--@end" => only = None,
            _ if only.is_none_or(|d| d == dialect) => {
                out.push_str(line);
                out.push('\n');
            }
            _ => {}
        }
    }
    let (id, json, bytes) = match dialect {
        Dialect::Sqlite => ("INTEGER PRIMARY KEY AUTOINCREMENT", "TEXT", "BLOB"),
        Dialect::Postgres => ("BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY", "JSONB", "BYTEA"),
    };
    out.replace("@id", id).replace("@json", json).replace("@bytes", bytes)
}
