//! Every row of a database as text, readable without us: one file a table, the first line says what the table is,
//! each further line is one row as a JSON list. Written in one snapshot, on either database, and loaded into either.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hg_core::time::Timestamp;
use serde_json::{Value as Json, json};

use crate::Result;
use crate::db::{Db, Lane};
use crate::error::StoreError;
use crate::sql::{Dialect, Sql};
use crate::tx::{Flow, Tx};
use crate::value::{Value, ValueRef};

/// Rows of one writing transaction.
const BATCH: usize = 500;
/// Written by the schema steps themselves.
const STEPS: &str = "schema_steps";

struct Table {
    name: String,
    /// Name and type: `number`, `decimal`, `text` or `bytes`.
    columns: Vec<(String, &'static str)>,
    /// The newest id ever given, also of rows that are gone.
    last_id: Option<i64>,
}

/// Writes every table into a file of the folder; how many rows there were.
pub async fn write_out(db: &Db, folder: &Path) -> Result<u64> {
    let folder = folder.to_owned();
    db.read(move |tx| {
        let mut rows = 0;
        for table in tables(tx)? {
            let path = folder.join(format!("{}.jsonl", table.name));
            rows += write_table(tx, &table, &path)?;
        }
        Ok(rows)
    })
    .await
}

/// Makes the tables of this schema number in an empty database and fills them; how many rows there were.
pub async fn load(db: &Db, folder: &Path, schema: i64, now: Timestamp) -> Result<u64> {
    db.migrate_to(schema, now).await?;
    let known = db.read(tables).await?;
    let mut loaded = 0;
    for table in &known {
        let path = folder.join(format!("{}.jsonl", table.name));
        loaded += load_table(db, table, &path).await?;
    }
    Ok(loaded)
}

/// Every table in the order in which they were made: none refers to a later one.
fn tables(tx: &mut Tx<'_>) -> Result<Vec<Table>> {
    let names: Vec<String> = match tx.dialect() {
        Dialect::Sqlite => tx
            .all("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY rowid", |r| {
                r.get(0)
            })?,
        Dialect::Postgres => tx.all(
            "SELECT relname::text FROM pg_class WHERE relkind = 'r' AND relnamespace = \
             (SELECT oid FROM pg_namespace WHERE nspname = current_schema()) ORDER BY oid",
            |r| r.get(0),
        )?,
    };
    names.into_iter().filter(|name| name != STEPS).map(|name| table(tx, name)).collect()
}

/// The columns of a table with their types: `number`, `decimal`, `text` or `bytes`.
pub(crate) fn columns(tx: &mut Tx<'_>, table: &str) -> Result<Vec<(String, &'static str)>> {
    let text = match tx.dialect() {
        Dialect::Sqlite => "SELECT name, type FROM pragma_table_info($1) ORDER BY cid",
        Dialect::Postgres => {
            "SELECT column_name::text, data_type::text FROM information_schema.columns \
             WHERE table_schema = current_schema() AND table_name = $1 ORDER BY ordinal_position"
        }
    };
    tx.all(Sql::new(text).bind(table), |r| {
        let kind: String = r.get(1)?;
        let kind = match kind.to_ascii_lowercase().as_str() {
            "integer" | "bigint" => "number",
            "double precision" | "real" => "decimal",
            "blob" | "bytea" => "bytes",
            _ => "text",
        };
        Ok((r.get::<String>(0)?, kind))
    })
}

/// The type of such a column in a statement that adds it.
pub(crate) fn column_type(kind: &str) -> &'static str {
    match kind {
        "number" => "BIGINT",
        "decimal" => "DOUBLE PRECISION",
        "bytes" => "BLOB",
        _ => "TEXT",
    }
}

fn table(tx: &mut Tx<'_>, name: String) -> Result<Table> {
    let columns = columns(tx, &name)?;
    let last_id = match tx.dialect() {
        Dialect::Sqlite => tx.opt(Sql::new("SELECT seq FROM sqlite_sequence WHERE name = $1").bind(&name), |r| r.get(0))?,
        Dialect::Postgres => match sequence(tx, &name)? {
            Some(sequence) => tx.one(format!("SELECT last_value, is_called FROM {sequence}"), |r| {
                Ok(r.get::<bool>(1)?.then_some(r.get::<i64>(0)?))
            })?,
            None => None,
        },
    };
    Ok(Table { name, columns, last_id })
}

/// The sequence that gives a table its ids.
fn sequence(tx: &mut Tx<'_>, table: &str) -> Result<Option<String>> {
    let identity: i64 = tx.scalar(
        Sql::new(
            "SELECT count(*) FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = $1 \
             AND column_name = 'id' AND is_identity = 'YES'",
        )
        .bind(table),
    )?;
    if identity == 0 {
        return Ok(None);
    }
    tx.scalar(format!("SELECT pg_get_serial_sequence('{table}', 'id')::text"))
}

fn unwritable(path: &Path) -> impl Fn(std::io::Error) -> StoreError {
    let path = path.to_owned();
    move |e| match e.kind() {
        std::io::ErrorKind::StorageFull => StoreError::DiskFull,
        _ => StoreError::Other(format!("{} cannot be written: {e}", path.display())),
    }
}

fn write_table(tx: &mut Tx<'_>, table: &Table, path: &Path) -> Result<u64> {
    let failed = unwritable(path);
    let mut out = BufWriter::new(File::create_new(path).map_err(&failed)?);
    let columns: Vec<Json> = table.columns.iter().map(|(name, kind)| json!([name, kind])).collect();
    let head = json!({"table": table.name, "columns": columns, "last_id": table.last_id});
    writeln!(out, "{head}").map_err(&failed)?;
    let names: Vec<&str> = table.columns.iter().map(|(name, _)| name.as_str()).collect();
    let mut rows = 0;
    tx.each(format!("SELECT {} FROM {}", names.join(", "), table.name), |r| {
        let cells = (0..names.len()).map(|i| Ok(to_json(r.value(i)?))).collect::<Result<Vec<_>>>()?;
        writeln!(out, "{}", Json::Array(cells)).map_err(&failed)?;
        rows += 1;
        Ok(Flow::Next)
    })?;
    let file = out.into_inner().map_err(|e| failed(e.into_error()))?;
    file.sync_all().map_err(&failed)?;
    Ok(rows)
}

fn to_json(value: ValueRef<'_>) -> Json {
    match value {
        ValueRef::Null => Json::Null,
        ValueRef::Int(n) => json!(n),
        ValueRef::Real(x) => json!(x),
        ValueRef::Text(t) => json!(t),
        ValueRef::Bytes(b) => json!({ "base64": STANDARD.encode(b) }),
    }
}

fn of_json(value: Json) -> Option<Value> {
    Some(match value {
        Json::Null => Value::Null,
        Json::String(text) => Value::Text(text),
        Json::Number(n) => n.as_i64().map(Value::Int).or_else(|| n.as_f64().map(Value::Real))?,
        Json::Object(o) => Value::Bytes(STANDARD.decode(o.get("base64")?.as_str()?).ok()?),
        Json::Bool(_) | Json::Array(_) => return None,
    })
}

/// A file of rows that is read line by line.
struct Reader {
    lines: std::io::Lines<BufReader<File>>,
    path: PathBuf,
    line: u64,
}

impl Reader {
    fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).map_err(|e| StoreError::Other(format!("{} cannot be read: {e}", path.display())))?;
        Ok(Self { lines: BufReader::new(file).lines(), path: path.to_owned(), line: 0 })
    }

    fn wrong(&self) -> StoreError {
        StoreError::Damaged(format!("line {} of {} cannot be read", self.line, self.path.display()))
    }

    fn next(&mut self) -> Result<Option<Json>> {
        self.line += 1;
        match self.lines.next() {
            None => Ok(None),
            Some(Err(_)) => Err(self.wrong()),
            Some(Ok(text)) => serde_json::from_str(&text).map(Some).map_err(|_| self.wrong()),
        }
    }

    /// The next rows, cell after cell; empty at the end.
    fn batch(&mut self, width: usize) -> Result<Vec<Value>> {
        let mut values = Vec::with_capacity(BATCH * width);
        while values.len() < BATCH * width {
            let Some(row) = self.next()? else { break };
            let Json::Array(cells) = row else { return Err(self.wrong()) };
            if cells.len() != width {
                return Err(self.wrong());
            }
            for cell in cells {
                values.push(of_json(cell).ok_or_else(|| self.wrong())?);
            }
        }
        Ok(values)
    }
}

async fn load_table(db: &Db, table: &Table, path: &Path) -> Result<u64> {
    let mut reader = Reader::open(path)?;
    let head = reader.next()?.ok_or_else(|| reader.wrong())?;
    let columns = columns_of(&head).ok_or_else(|| reader.wrong())?;
    // Columns of fields that people made themselves are not there yet.
    let is_missing = |name: &String| table.columns.iter().all(|(n, _)| n != name);
    let missing: Vec<(String, &'static str)> = columns.iter().filter(|(name, _)| is_missing(name)).cloned().collect();
    let name = table.name.clone();
    db.write_in(Lane::Bulk, move |tx| {
        for (column, kind) in &missing {
            tx.batch(&format!("ALTER TABLE {name} ADD COLUMN {column} {kind}"))?;
        }
        // What the schema steps put there comes from the backup as well.
        tx.exec(format!("DELETE FROM {name}"))?;
        Ok::<_, StoreError>(())
    })
    .await?;
    let names: Vec<&str> = columns.iter().map(|(name, _)| name.as_str()).collect();
    let head_of_insert = format!("INSERT INTO {} ({})", table.name, names.join(", "));
    let mut loaded = 0;
    loop {
        let rows = reader.batch(columns.len())?;
        if rows.is_empty() {
            break;
        }
        loaded += (rows.len() / columns.len()) as u64;
        let (insert, width) = (head_of_insert.clone(), columns.len());
        db.write_in(Lane::Bulk, move |tx| tx.insert_many(&insert, "", width, &rows)).await?;
    }
    if let Some(last) = head.get("last_id").and_then(Json::as_i64) {
        let name = table.name.clone();
        db.write_in(Lane::Bulk, move |tx| go_on_after(tx, &name, last)).await?;
    }
    Ok(loaded)
}

/// Names and column types out of the first line. They go into statements, so that nothing but words may stand there.
fn columns_of(head: &Json) -> Option<Vec<(String, &'static str)>> {
    head.get("columns")?
        .as_array()?
        .iter()
        .map(|column| {
            let name = column.get(0)?.as_str()?;
            let plain = !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
            let kind = match column.get(1)?.as_str()? {
                "number" => "BIGINT",
                "decimal" => "DOUBLE PRECISION",
                "text" => "TEXT",
                "bytes" => "BLOB",
                _ => return None,
            };
            plain.then(|| (name.to_owned(), kind))
        })
        .collect()
}

/// An id is never given twice, not even that of a row which is gone.
fn go_on_after(tx: &mut Tx<'_>, table: &str, last: i64) -> Result<()> {
    match tx.dialect() {
        Dialect::Sqlite => {
            tx.exec(Sql::new("DELETE FROM sqlite_sequence WHERE name = $1").bind(table))?;
            tx.exec(Sql::new("INSERT INTO sqlite_sequence (name, seq) VALUES ($1, $2)").bind(table).bind(last))?;
        }
        Dialect::Postgres => {
            // One that never gave an id begins with 1 by itself.
            if let Some(sequence) = sequence(tx, table)?.filter(|_| last > 0) {
                tx.scalar::<i64>(Sql::new(format!("SELECT setval('{sequence}', $1)")).bind(last))?;
            }
        }
    }
    Ok(())
}
