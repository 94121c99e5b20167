//! Databases for tests.

use crate::Result;

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

/// Makes a migrated database of that name unless it is there; several processes may ask at once.
pub async fn postgres_template(server: &str, name: &str) -> Result<()> {
    let (client, connection) = tokio_postgres::connect(server, tokio_postgres::NoTls).await?;
    let driver = tokio::spawn(connection);
    client.batch_execute("SELECT pg_advisory_lock(7107)").await?;
    let there = client.query_one("SELECT count(*) FROM pg_database WHERE datname = $1", &[&name]).await?.get::<_, i64>(0) > 0;
    if !there {
        let half = format!("{name}_half");
        client.batch_execute(&format!("DROP DATABASE IF EXISTS {half}")).await?;
        client.batch_execute(&format!("CREATE DATABASE {half}")).await?;
        let db = crate::Db::open(&crate::DbUrl::Postgres(with_database(server, &half)), crate::Options::default()).await?;
        db.migrate(hg_core::time::Timestamp(0)).await?;
        db.close().await;
        drop(db);
        // The pool's connections end in the background; a database can be renamed only when nobody is in it.
        client.batch_execute(&format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{half}'")).await?;
        client.batch_execute(&format!("ALTER DATABASE {half} RENAME TO {name}")).await?;
    }
    client.batch_execute("SELECT pg_advisory_unlock(7107)").await?;
    drop(client);
    let _ = driver.await;
    Ok(())
}

/// A short name for the schema this program makes: it changes with any step.
pub fn schema_fingerprint() -> String {
    use std::hash::{DefaultHasher, Hash, Hasher};
    let mut hasher = DefaultHasher::new();
    for step in crate::migrate::texts() {
        step.hash(&mut hasher);
    }
    format!("{:016x}", hasher.finish())
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
