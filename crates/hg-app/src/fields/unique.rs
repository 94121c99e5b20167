//! Making a field unique that was not, and the way back.

use hg_core::contacts::{FieldDef, FieldObject, FieldType};
use hg_store::{Flow, Sql, Tx, Value};

use crate::contacts::row::from_stored;
use crate::contacts::save::unique_key;
use crate::error::Result;
use crate::fields::FieldProblem;
use crate::fields::store::{self, key_column};

/// With more values than this the writer would be busy for too long at once.
const MOST_VALUES: i64 = 200_000;
/// Rows changed by one statement.
const AT_ONCE: usize = 200;

/// Whether values of this kind can tell contacts apart.
pub(super) fn is_possible(kind: FieldType) -> bool {
    matches!(kind, FieldType::Text | FieldType::Number | FieldType::Email | FieldType::Url | FieldType::Phone | FieldType::Select)
}

/// Changes the rule of a field whose values may be there already.
pub(super) fn change(tx: &mut Tx<'_>, def: &FieldDef, unique: bool) -> Result<()> {
    if def.fixed {
        return Err(FieldProblem::Fixed { label: def.label.clone() }.into());
    }
    let Some(column) = def.column.as_deref().filter(|_| is_possible(def.kind)) else {
        return Err(FieldProblem::Unique.into());
    };
    if !unique {
        return store::forget_unique(tx, def.object, column);
    }
    store::add_key_column(tx, def.object, column)?;
    fill(tx, def, column)?;
    refuse_twins(tx, def.object, column)?;
    store::keep_unique(tx, def.object, column)
}

fn fill(tx: &mut Tx<'_>, def: &FieldDef, column: &str) -> Result<()> {
    let table = def.object.table();
    let there: i64 = tx.scalar(Sql::new(format!("SELECT count(*) FROM {table} WHERE {column} IS NOT NULL")))?;
    if there > MOST_VALUES {
        return Err(FieldProblem::TooManyValues { there, most: MOST_VALUES }.into());
    }
    let mut keys: Vec<(i64, String)> = Vec::new();
    tx.each(Sql::new(format!("SELECT id, {column} FROM {table} WHERE {column} IS NOT NULL")), |row| {
        if let Some(key) = unique_key(def, &from_stored(def, row.value(1)?)) {
            keys.push((row.get(0)?, key));
        }
        Ok(Flow::Next)
    })?;
    let into = key_column(column);
    for chunk in keys.chunks(AT_ONCE) {
        let cases: String = (0..chunk.len()).map(|n| format!(" WHEN ${} THEN ${}", 2 * n + 2, 2 * n + 3)).collect();
        let ids: Vec<i64> = chunk.iter().map(|(id, _)| *id).collect();
        let mut sql = Sql::new(format!("UPDATE {table} SET {into} = CASE id{cases} END WHERE id @in($1)")).bind(ids.as_slice());
        for (id, key) in chunk {
            sql = sql.bind(*id).bind(Value::Text(key.clone()));
        }
        tx.exec(sql)?;
    }
    Ok(())
}

/// Two people with one value cannot stay: says which value it is, so that somebody can decide.
fn refuse_twins(tx: &mut Tx<'_>, object: FieldObject, column: &str) -> Result<()> {
    let table = object.table();
    let key = key_column(column);
    let text = format!(
        "SELECT {key}, count(*) FROM {table} WHERE deleted_at IS NULL AND {key} IS NOT NULL GROUP BY {key} HAVING count(*) > 1 \
         ORDER BY count(*) DESC, {key} LIMIT 3"
    );
    let twins: Vec<String> =
        tx.all(Sql::new(text), |r| Ok(format!("“{}” ({} {table})", r.get::<String>(0)?, r.get::<i64>(1)?)))?;
    if twins.is_empty() { Ok(()) } else { Err(FieldProblem::Twins { values: twins.join(", ") }.into()) }
}
