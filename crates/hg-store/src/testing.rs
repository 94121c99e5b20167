//! Databases for tests, and the copy of an SQLite file.

use std::path::{Path, PathBuf};

use rusqlite::OpenFlags;

use crate::Result;
use crate::error::StoreError;

/// Copies an SQLite database, as it stands, into a new file.
pub async fn copy_sqlite(from: &Path, to: &Path) -> Result<()> {
    let (from, to) = (from.to_owned(), to.to_owned());
    let copy = move || -> Result<()> {
        let conn = crate::sqlite::open_connection(&from, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        let target = to.to_str().ok_or_else(|| StoreError::Other("the name of the copy is not UTF-8".into()))?;
        conn.execute("VACUUM INTO ?1", [target])?;
        Ok(())
    };
    tokio::task::spawn_blocking(copy).await.map_err(|e| StoreError::Other(e.to_string()))?
}

/// Runs statements on a PostgreSQL server outside any transaction (`CREATE DATABASE`).
pub async fn postgres_admin(url: &str, statements: &[String]) -> Result<()> {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await?;
    let driver = tokio::spawn(connection);
    for statement in statements {
        client.batch_execute(statement).await?;
    }
    drop(client);
    let _ = driver.await;
    Ok(())
}

/// The same server, another database: `postgres://host/a` and `b` give `postgres://host/b`.
pub fn with_database(url: &str, name: &str) -> String {
    let (base, query) = url.split_once('?').map_or((url, None), |(b, q)| (b, Some(q)));
    let root = match base.find("://").map(|n| n + 3) {
        Some(start) => match base[start..].find('/') {
            Some(slash) => &base[..start + slash],
            None => base,
        },
        None => base,
    };
    query.map_or_else(|| format!("{root}/{name}"), |q| format!("{root}/{name}?{q}"))
}

/// Every table with its columns and indexes, in words that do not depend on the database: for the parity test.
pub async fn schema_in_words(db: &crate::Db) -> Result<Vec<String>> {
    let dialect = db.dialect();
    db.read(move |tx| {
        let mut out = Vec::new();
        match dialect {
            crate::Dialect::Sqlite => {
                let tables = tx.all("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name", |r| r.get::<String>(0))?;
                for table in tables {
                    let columns = tx.all(format!("SELECT name, type, \"notnull\", pk FROM pragma_table_info('{table}')"), |r| {
                        Ok((r.get::<String>(0)?, r.get::<String>(1)?, r.get::<i64>(2)? != 0 || r.get::<i64>(3)? != 0))
                    })?;
                    out.extend(columns.into_iter().map(|(name, kind, required)| describe(&table, &name, &kind, required)));
                    let indexes = tx.all(
                        format!("SELECT name, \"unique\" FROM pragma_index_list('{table}') WHERE origin = 'c'"),
                        |r| Ok((r.get::<String>(0)?, r.get::<bool>(1)?)),
                    )?;
                    out.extend(indexes.into_iter().map(|(name, unique)| format!("{table}: index {name} unique={unique}")));
                }
            }
            crate::Dialect::Postgres => {
                out = tx.all(
                    "SELECT table_name::text, column_name::text, data_type::text, is_nullable = 'NO' FROM information_schema.columns \
                     WHERE table_schema = current_schema()",
                    |r| Ok(describe(&r.get::<String>(0)?, &r.get::<String>(1)?, &r.get::<String>(2)?, r.get(3)?)),
                )?;
                out.extend(tx.all(
                    "SELECT t.relname::text, i.relname::text, x.indisunique FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid \
                     JOIN pg_class t ON t.oid = x.indrelid JOIN pg_namespace n ON n.oid = t.relnamespace \
                     WHERE n.nspname = current_schema() AND NOT x.indisprimary",
                    |r| Ok(format!("{}: index {} unique={}", r.get::<String>(0)?, r.get::<String>(1)?, r.get::<bool>(2)?)),
                )?);
            }
        }
        out.sort();
        Ok(out)
    })
    .await
}

fn describe(table: &str, column: &str, kind: &str, required: bool) -> String {
    let kind = match kind.to_ascii_lowercase().as_str() {
        "integer" | "bigint" => "number",
        "double precision" | "real" => "decimal",
        "blob" | "bytea" => "bytes",
        // SQLite keeps JSON as text.
        "text" | "jsonb" => "text",
        other => return format!("{table}.{column}: {other}?"),
    };
    format!("{table}.{column}: {kind} required={required}")
}

/// A name for a database of one test.
pub fn scratch_name(stem: &str, n: u64) -> PathBuf {
    PathBuf::from(format!("{stem}-{}-{n}.db", std::process::id()))
}
