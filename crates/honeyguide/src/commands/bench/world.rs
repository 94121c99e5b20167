//! A made-up workspace, the same in every run: N contacts with 45 fields, five events each, tags, opt-outs, and 200
//! segments of a realistic mix. Kept in a folder when one is named, so that a large one is made once.

use std::collections::BTreeMap;
use std::time::Instant;

use hg_app::fields::{self, NewField};
use hg_app::segments::{self, NewSegment};
use hg_app::{Cx, Error, Result, Workspace};
use hg_core::contacts::{Choice, FieldProperties, FieldType};
use hg_core::events::EventKind;
use hg_core::text::fold;
use hg_store::{Dialect, Lane, Sql, Tx, Value};
use serde_json::{Value as Json, json};

use super::{Bench, HEADERS, cells};

const FIELDS: usize = 45;
const EVENTS: u64 = 5;
const TAGS: u64 = 30;
const EMAILS: u64 = 40;
const URLS: u64 = 1_000;
const DAY: i64 = 86_400_000;
const BATCH: u32 = 2_000;

const PLANS: [&str; 5] = ["free", "basic", "team", "business", "enterprise"];
const INTERESTS: [&str; 8] = ["garden", "music", "books", "travel", "sport", "cooking", "film", "science"];

/// A number that looks drawn, for the n-th contact and a purpose.
pub(super) fn drawn(n: u64, purpose: u64) -> u64 {
    // Murmur's finisher: neighbours differ in all bits.
    let mut x = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ purpose.wrapping_mul(0xc2b2_ae3d_27d4_eb4f);
    x = (x ^ (x >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    x = (x ^ (x >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    x ^ (x >> 33)
}

fn one_of<'a>(of: &[&'a str], n: u64, purpose: u64) -> &'a str {
    of[usize::try_from(drawn(n, purpose) % of.len() as u64).unwrap_or(0)]
}

/// The workspace with at least so many contacts, made or found.
pub(super) async fn world(bench: &Bench) -> Result<Workspace> {
    let ws = bench.workspace("world").await?;
    let there: i64 = ws.db.read(|tx| Ok::<_, Error>(tx.scalar("SELECT coalesce(max(id), 0) FROM contacts")?)).await?;
    if there >= i64::from(bench.contacts) {
        println!("world: {there} contacts, kept from an earlier run");
        super::forget_peak();
        return Ok(ws);
    }
    if there > 0 {
        return Err(crate::open::plain(format!("The kept world has only {there} contacts; name another folder.")));
    }
    let started = Instant::now();
    let cx = Cx::system(&ws);
    let columns = own_fields(&cx).await?;
    things(&ws).await?;
    let indexes = take_indexes(&ws).await?;
    let now = cx.now().0;
    let mut from = 0;
    while from < bench.contacts {
        let to = from.saturating_add(BATCH).min(bench.contacts);
        let columns = columns.clone();
        ws.db.write_in(Lane::Bulk, move |tx| batch(tx, from, to, now, &columns)).await?;
        from = to;
        if from % 1_000_000 == 0 {
            println!("world: {from} contacts after {:.0} s", started.elapsed().as_secs_f64());
        }
    }
    for index in indexes {
        ws.db.write_in(Lane::Bulk, move |tx| Ok::<_, Error>(tx.batch(&index)?)).await?;
    }
    all_segments(&cx).await?;
    println!(
        "world: {} contacts with {FIELDS} fields and {EVENTS} events made in {:.0} s",
        bench.contacts,
        started.elapsed().as_secs_f64()
    );
    super::forget_peak();
    Ok(ws)
}

/// The fields that a workspace does not start with, and their columns.
async fn own_fields(cx: &Cx) -> Result<Vec<(String, FieldType)>> {
    let there = fields::list(cx).await?.len();
    let kinds = [
        FieldType::Text,
        FieldType::Select,
        FieldType::Number,
        FieldType::Date,
        FieldType::Datetime,
        FieldType::Boolean,
        FieldType::Multiselect,
    ];
    let mut columns = Vec::new();
    for n in there..FIELDS {
        let kind = kinds[n % kinds.len()];
        let options = match kind {
            FieldType::Select => PLANS.iter().map(|p| Choice::new(*p)).collect(),
            FieldType::Multiselect => INTERESTS.iter().map(|i| Choice::new(*i)).collect(),
            _ => Vec::new(),
        };
        let mut new = NewField::new(&format!("Extra {n}"), kind);
        new.alias = Some(format!("extra{n}"));
        new.properties = FieldProperties { options, ..FieldProperties::default() };
        if kind == FieldType::Boolean {
            new.properties.yes = Some("Yes".into());
            new.properties.no = Some("No".into());
        }
        let field = fields::create(cx, new).await?;
        columns.push((field.def.column.clone().unwrap_or_default(), kind));
    }
    Ok(columns)
}

/// Tags and addresses that contacts and events point to.
async fn things(ws: &Workspace) -> Result<()> {
    ws.db
        .write_in(Lane::Bulk, |tx| {
            for n in 1..=TAGS {
                let name = format!("tag {n}");
                tx.exec(Sql::new("INSERT INTO tags (name, name_key, created_at, updated_at) VALUES ($1, $1, 0, 0)").bind(name))?;
            }
            for n in 1..=URLS {
                tx.exec(Sql::new("INSERT INTO urls (url) VALUES ($1)").bind(format!("https://example.org/{}/{n}", n % 12)))?;
            }
            Ok::<_, Error>(())
        })
        .await
}

/// Drops the indexes of the large tables; the statements that make them again.
async fn take_indexes(ws: &Workspace) -> Result<Vec<String>> {
    ws.db
        .write_in(Lane::Bulk, |tx| {
            let text = match tx.dialect() {
                Dialect::Sqlite => {
                    "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name IN ('contacts', 'events', 'contact_tags')"
                }
                Dialect::Postgres => {
                    "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = current_schema() \
                     AND tablename IN ('contacts', 'events', 'contact_tags') AND indexname NOT LIKE '%_pkey'"
                }
            };
            let found: Vec<(String, String)> = tx.all(text, |r| Ok((r.get(0)?, r.get(1)?)))?;
            for (name, _) in &found {
                tx.batch(&format!("DROP INDEX {name}"))?;
            }
            Ok::<_, Error>(found.into_iter().map(|(_, sql)| sql).collect())
        })
        .await
}

fn batch(tx: &mut Tx<'_>, from: u32, to: u32, now: i64, columns: &[(String, FieldType)]) -> Result<()> {
    let own: String = columns.iter().map(|(column, _)| format!(", {column}")).collect();
    let head = format!(
        "INSERT INTO contacts (id, {}, email_key, email_fold, name_fold, company_fold, created_at, updated_at, identified_at, last_active_at{own})",
        HEADERS.join(", ")
    );
    let width = 1 + HEADERS.len() + 8 + columns.len();
    let rows: Vec<Value> = (from..to).flat_map(|n| contact(n, now, columns)).collect();
    tx.insert_many(&head, "", width, &rows)?;
    let people = || (from..to).map(u64::from);
    let rows: Vec<Value> = people().flat_map(|n| (0..EVENTS).flat_map(move |e| event(n, e, now))).collect();
    tx.insert_many("INSERT INTO events (contact_id, kind, occurred_at, object_id, url_id)", "", 5, &rows)?;
    let tags = people().flat_map(|n| {
        let first = drawn(n, 70) % TAGS + 1;
        let second = first % TAGS + 1;
        let count = if drawn(n, 71).is_multiple_of(2) { 2 } else { 1 };
        [first, second].into_iter().take(count).map(move |tag| [int(n + 1), int(tag), Value::Int(now - DAY)])
    });
    let rows: Vec<Value> = tags.flatten().collect();
    tx.insert_many("INSERT INTO contact_tags (contact_id, tag_id, added_at)", "", 3, &rows)?;
    let blocked = people().filter(|n| drawn(*n, 72).is_multiple_of(50));
    let rows: Vec<Value> = blocked
        .flat_map(|n| [int(n + 1), Value::Text("email".into()), int(drawn(n, 73) % 3 + 1), Value::Int(now - 5 * DAY)])
        .collect();
    tx.insert_many("INSERT INTO do_not_contact (contact_id, channel, reason, added_at)", "", 4, &rows)?;
    Ok(())
}

fn int(n: u64) -> Value {
    Value::Int(i64::try_from(n).unwrap_or(0))
}

fn contact(n: u32, now: i64, columns: &[(String, FieldType)]) -> Vec<Value> {
    let seed = u64::from(n);
    let cells = cells(n);
    let email = cells[2].clone();
    let name = fold(&format!("{} {}", cells[0], cells[1]));
    let company = fold(&cells[7]);
    let mut row = vec![int(seed + 1)];
    row.extend(cells.into_iter().zip(HEADERS).map(|(cell, header)| match header {
        "points" => Value::Int(cell.parse().unwrap_or(0)),
        _ => Value::Text(cell),
    }));
    row.extend([Value::Text(email.clone()), Value::Text(email), Value::Text(name), Value::Text(company)]);
    let ago = |purpose: u64, days: u64| now - i64::try_from(drawn(seed, purpose) % (days * 86_400)).unwrap_or(0) * 1_000;
    let created = ago(80, 1_500);
    row.extend([Value::Int(created), Value::Int(created), Value::Int(created)]);
    row.push(if drawn(seed, 81).is_multiple_of(4) { Value::Null } else { Value::Int(ago(82, 400)) });
    for (at, (_, kind)) in columns.iter().enumerate() {
        let purpose = 100 + at as u64;
        let value = drawn(seed, purpose);
        row.push(match kind {
            // A third of what could be known is not.
            _ if value.is_multiple_of(3) => Value::Null,
            FieldType::Select => Value::Text(one_of(&PLANS, seed, purpose).into()),
            FieldType::Multiselect => {
                Value::Text(format!("{}|{}", one_of(&INTERESTS[..4], seed, purpose), one_of(&INTERESTS[4..], seed, purpose + 50)))
            }
            FieldType::Number => Value::Real((value % 10_000) as f64 / 10.0),
            FieldType::Boolean => Value::Int(i64::from(value & 8 == 0)),
            FieldType::Datetime => Value::Int(ago(purpose + 200, 900)),
            FieldType::Date => {
                Value::Text(format!("{}-{:02}-{:02}", 1950 + value % 60, value / 60 % 12 + 1, value / 720 % 28 + 1))
            }
            _ => Value::Text(format!("value {}", value % 2_000)),
        });
    }
    row
}

fn event(n: u64, e: u64, now: i64) -> [Value; 5] {
    let draw = drawn(n * EVENTS + e, 90);
    let (kind, object, url) = match e {
        0 => (EventKind::EmailSent, draw % EMAILS + 1, None),
        1 => (EventKind::EmailOpened, draw % EMAILS + 1, None),
        2 => (EventKind::PageHit, 0, Some(draw % URLS + 1)),
        3 => (EventKind::PageHit, draw % 20, Some(draw % URLS + 1)),
        _ if draw.is_multiple_of(3) => (EventKind::FormSubmitted, draw % 10 + 1, None),
        _ => (EventKind::EmailClicked, draw % EMAILS + 1, Some(draw % URLS + 1)),
    };
    let at = now - i64::try_from(drawn(n * EVENTS + e, 91) % (365 * 86_400)).unwrap_or(0) * 1_000;
    [int(n + 1), Value::Int(kind.code()), Value::Int(at), int(object), url.map_or(Value::Null, int)]
}

/// Three conditions about fields: the filter whose first build is measured.
pub(super) fn three_conditions() -> Json {
    json!({"match": "all", "rules": [
        {"field": "city", "op": "in", "value": ["praha", "brno", "sao paulo"]},
        {"field": "points", "op": "gte", "value": 50},
        {"field": "company", "op": "!like", "value": "company 1%"},
    ]})
}

/// How often somebody did something lately.
pub(super) fn behaviour() -> Json {
    json!({"match": "all", "rules": [
        {"field": "did:page_hit", "op": "gte", "value": {"times": 2, "last": {"interval": 90, "unit": "day"}}},
    ]})
}

/// 200 segments as a marketing team has them.
async fn all_segments(cx: &Cx) -> Result<()> {
    let rule = |field: &str, op: &str, value: Json| json!({"field": field, "op": op, "value": value});
    let all = |rules: Vec<Json>| json!({"match": "all", "rules": rules});
    let cities = ["praha", "brno", "berlin", "lisboa", "london", "lagos", "roma", "tokyo", "sao paulo", "krakow"];
    let mut made = Vec::new();
    for n in 0..200_u64 {
        let city = cities[usize::try_from(n).unwrap_or(0) % cities.len()];
        // The fields that come first are 28; the kinds of the others go round.
        let of_kind = |kind: u64| 28 + kind % 7;
        let extra = |kind: u64| format!("extra{}", of_kind(kind));
        let filter = match n % 20 {
            0..=3 => all(vec![rule("city", "=", json!(city))]),
            4 | 5 => all(vec![rule(&extra(1), "in", json!([PLANS[usize::try_from(n).unwrap_or(0) % 5], "team"]))]),
            6 => all(vec![rule("company", "contains", json!(format!("company {}", n)))]),
            7 => all(vec![rule("email", "endsWith", json!(format!("@example{}.org", n % 97)))]),
            8 => all(vec![rule(&extra(6), "in", json!([INTERESTS[usize::try_from(n / 20).unwrap_or(0) % 8]]))]),
            9 | 10 => {
                all(vec![rule("points", "gte", json!(n)), rule("city", "!=", json!(city)), rule(&extra(5), "=", json!(true))])
            }
            11 => all(vec![rule(&extra(2), "between", json!([n, n * 3])), rule("country", "in", json!(["Italy", "Japan"]))]),
            12 => all(vec![rule("last_active", "inLast", json!({"interval": n % 60 + 5, "unit": "day"}))]),
            13 => all(vec![rule("date_added", "lt", json!(format!("-{} months", n % 24 + 1))), rule("points", "lt", json!(40))]),
            14 => all(vec![rule("tags", "in", json!([n % TAGS + 1]))]),
            15 => all(vec![rule("tags", "!in", json!([n % TAGS + 1, n % 7 + 1])), rule("city", "=", json!(city))]),
            16 => all(vec![rule("lead_email_received", "in", json!([n % EMAILS + 1]))]),
            17 => {
                all(vec![rule("did:email_clicked", "gte", json!({"times": 1, "last": {"interval": n % 90 + 10, "unit": "day"}}))])
            }
            18 => json!({"match": "any", "rules": [
                rule("dnc_unsubscribed", "=", json!(true)),
                all(vec![rule("lastname", "startsWith", json!("n")), rule("timezone", "=", json!("Europe/Prague"))]),
            ]}),
            _ => all(vec![
                rule("segments", "in", json!([made[usize::try_from(n).unwrap_or(1) % made.len()]])),
                rule("points", "gt", json!(90)),
            ]),
        };
        let new = NewSegment { name: format!("Segment {n}"), filter: Some(filter), ..NewSegment::default() };
        made.push(segments::create(cx, new).await?.id.0);
    }
    Ok(())
}

/// Times of something, from the quickest to the slowest.
pub(super) struct Times(Vec<std::time::Duration>);

impl Times {
    pub fn of(mut times: Vec<std::time::Duration>) -> Self {
        times.sort();
        Self(times)
    }

    /// Milliseconds below which this share of them stayed.
    pub fn at(&self, share: f64) -> f64 {
        let last = self.0.len().saturating_sub(1) as f64;
        self.0.get((last * share) as usize).map_or(0.0, |t| t.as_secs_f64() * 1e3)
    }

    pub fn line(&self) -> String {
        format!("p50 {:.1} ms, p99 {:.1} ms, worst {:.1} ms ({} times)", self.at(0.5), self.at(0.99), self.at(1.0), self.0.len())
    }
}

/// Values of a contact to be changed.
pub(super) fn values(of: &[(&str, Json)]) -> BTreeMap<String, Json> {
    of.iter().map(|(k, v)| ((*k).to_owned(), v.clone())).collect()
}
