//! What can go wrong in storage, in words a person can act on.

/// A storage failure. Texts never hold values of contacts.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// A unique rule refused the row; `constraint` names the columns (`contacts.email_key`) or the index.
    #[error("there is already a row with the same {constraint}")]
    Unique { constraint: String },
    /// A rule of the schema (reference, check, not null) refused the row.
    #[error("the database refused the row: {0}")]
    Constraint(String),
    #[error("no such row")]
    NoRow,
    #[error("column {column} does not hold a {wanted}")]
    Type { column: usize, wanted: &'static str },
    /// Another process has the SQLite file open.
    #[error(
        "the database file {path} is in use by another process; stop that one first, or use PostgreSQL for several processes"
    )]
    Locked { path: String },
    /// A write on a database that was opened for reading only.
    #[error("the database was opened for reading only")]
    ReadOnly,
    /// Somebody else works on the PostgreSQL database that is about to be replaced.
    #[error("{0} other connections to this database are open; stop Honeyguide and whatever else uses it first")]
    Occupied(i64),
    #[error("the disk that holds the database is full; free some space and try again, nothing was lost")]
    DiskFull,
    /// The system refuses to write: over a quota or a limit for files, or a disk that is damaged.
    #[error(
        "the disk does not take what is written ({0}); free some space, look at quotas and limits, and try again, nothing was lost"
    )]
    Unwritable(String),
    #[error(
        "this database was made by a newer version of Honeyguide (schema {found}, this one knows {known}); install that version or restore the copy made before the update"
    )]
    NewerDatabase { found: i64, known: i64 },
    #[error("{0}")]
    WrongUrl(String),
    #[error("the database cannot be reached: {0}")]
    Unreachable(String),
    #[error("this is not a database of Honeyguide, or it is damaged: {0}")]
    Damaged(String),
    /// The transaction met another one again and again.
    #[error("too many changes at the same place at once; try again")]
    Contended,
    #[error("the database is closing")]
    Closed,
    #[error("a transaction failed in an unexpected way: {0}")]
    Panicked(String),
    #[error("database error: {0}")]
    Other(String),
}

impl StoreError {
    /// Whether a later try of the same call can succeed without anybody changing anything.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Contended | Self::Unreachable(_) | Self::DiskFull | Self::Unwritable(_))
    }

    /// Whether a unique rule on this column or index (`email_key`) refused the row.
    pub fn is_unique(&self, on: &str) -> bool {
        matches!(self, Self::Unique { constraint } if constraint.contains(on))
    }
}

/// SQLite's errors of input and output that are about writing.
const WRITING: [i32; 6] = {
    use rusqlite::ffi;
    [
        ffi::SQLITE_IOERR_WRITE,
        ffi::SQLITE_IOERR_FSYNC,
        ffi::SQLITE_IOERR_DIR_FSYNC,
        ffi::SQLITE_IOERR_TRUNCATE,
        ffi::SQLITE_IOERR_SHMSIZE,
        ffi::SQLITE_IOERR_SHMMAP,
    ]
};

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        match &error {
            rusqlite::Error::QueryReturnedNoRows => Self::NoRow,
            rusqlite::Error::SqliteFailure(code, message) => {
                let text = message.clone().unwrap_or_else(|| code.to_string());
                match code.code {
                    ErrorCode::ConstraintViolation => {
                        const UNIQUE: [i32; 3] = [
                            rusqlite::ffi::SQLITE_CONSTRAINT_UNIQUE,
                            rusqlite::ffi::SQLITE_CONSTRAINT_PRIMARYKEY,
                            rusqlite::ffi::SQLITE_CONSTRAINT_ROWID,
                        ];
                        if UNIQUE.contains(&code.extended_code) {
                            let constraint = text.rsplit("failed: ").next().unwrap_or(&text).to_owned();
                            Self::Unique { constraint }
                        } else {
                            Self::Constraint(text)
                        }
                    }
                    ErrorCode::DiskFull => Self::DiskFull,
                    // What a quota or a limit for files says comes as an error of writing, not as a full disk.
                    ErrorCode::SystemIoFailure if WRITING.contains(&code.extended_code) => Self::Unwritable(text),
                    ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Self::Contended,
                    ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt => Self::Damaged(text),
                    ErrorCode::CannotOpen | ErrorCode::PermissionDenied | ErrorCode::ReadOnly => Self::Unreachable(text),
                    _ => Self::Other(text),
                }
            }
            other => Self::Other(other.to_string()),
        }
    }
}

impl From<tokio_postgres::Error> for StoreError {
    fn from(error: tokio_postgres::Error) -> Self {
        use tokio_postgres::error::SqlState;
        let Some(db) = error.as_db_error() else {
            return if error.is_closed() || error.to_string().contains("error connecting") {
                Self::Unreachable(root_cause(&error))
            } else {
                Self::Other(root_cause(&error))
            };
        };
        match db.code() {
            &SqlState::UNIQUE_VIOLATION => {
                let constraint = match (db.table(), db.constraint()) {
                    (_, Some(c)) => c.to_owned(),
                    (Some(t), None) => t.to_owned(),
                    _ => db.message().to_owned(),
                };
                Self::Unique { constraint }
            }
            &SqlState::FOREIGN_KEY_VIOLATION | &SqlState::CHECK_VIOLATION | &SqlState::NOT_NULL_VIOLATION => {
                Self::Constraint(db.message().to_owned())
            }
            &SqlState::T_R_SERIALIZATION_FAILURE | &SqlState::T_R_DEADLOCK_DETECTED => Self::Contended,
            &SqlState::DISK_FULL => Self::DiskFull,
            code if code.code().starts_with("08")
                || code.code().starts_with("28")
                || code.code().starts_with("3D")
                || code.code().starts_with("57P") =>
            {
                Self::Unreachable(db.message().to_owned())
            }
            code => Self::Other(format!("{} ({})", db.message(), code.code())),
        }
    }
}

fn root_cause(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(inner) => format!("{error}: {}", root_cause(inner)),
        None => error.to_string(),
    }
}
