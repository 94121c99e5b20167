//! One filter, one meaning: the vectors of the specification on both databases, and the property that the
//! evaluator for one contact and the bitmap engine for everybody select the same people.

use std::collections::BTreeSet;

use hg_app::contacts::{self, ContactInput, ContactQuery};
use hg_app::fields::{self, NewField};
use hg_app::segments;
use hg_app::{Error, consents};
use hg_core::contacts::{Choice, FieldType};
use hg_core::events::EventKind;
use hg_core::ids::{Chance, ContactId, SegmentId, below};
use hg_core::segments::Filter;
use hg_core::time::Timestamp;
use hg_store::Sql;
use hg_testkit::{SeededChance, TestApp, on_each_db};
use serde_json::{Value, json};

const VECTORS: &str = include_str!("../../hg-core/src/segments/vectors.txt");
const PEOPLE: &str = "\
Ana|ana@ex.org|Prague|0|-|1|gold|a+b|1990-03-13|2024-03-13 08:00:00
Bob|bob@ex.com|prague 11|10|0|0|silver|b|1985-03-14|2024-03-12 23:59:59
Cleo|cleo@ex.org|Praha|20|5|-|-|-|-|-
Dan|dan@ex.com|-|25|10|1|''|''|2000-02-29|2024-03-11 00:00:00
-|e@ex.net|''|5|-3|0|bronze|a+b+c|1999-12-31|2024-03-10 23:59:59
''|-|Plzeň|100|7.5|-|gold|ab|2024-03-13|2024-03-17 23:59:59
Gus|gus@EX.org|Plzen|0|-|1|Gold|c|2024-03-12|2024-03-18 00:00:00
Hana_|hana@ex.com|Los Angeles|-5|100|0|silver|b+c|2024-02-29|2024-02-29 12:00:00
Ivan|ivan@ex.org|50% Off|20|20|1|-|a|2024-04-01|2024-04-01 00:00:00
Jo|jo@ex.com|a_b|15|1|-|bronze|c+a|2023-03-13|2023-12-31 23:59:59
Ana|ana2@ex.org|PRAGUE|50|50|0|gold|-|1970-03-20|2025-01-01 00:00:00
Lev|-|New York|0|0|-|-|b+a|2024-03-14|2024-03-14 00:00:00";
const COLUMNS: [&str; 10] =
    ["firstname", "email", "city", "points", "c_nps", "c_vip", "c_tier", "c_interests", "c_bday", "c_seen"];

async fn make_fields(app: &TestApp) {
    for (label, kind, choices) in [
        ("nps", FieldType::Number, &[][..]),
        ("vip", FieldType::Boolean, &[]),
        ("tier", FieldType::Select, &["gold", "silver", "bronze"]),
        ("interests", FieldType::Multiselect, &["a", "b", "c", "ab"]),
        ("bday", FieldType::Date, &[]),
        ("seen", FieldType::Datetime, &[]),
    ] {
        let mut field = NewField::new(label, kind);
        field.properties.options = choices.iter().copied().map(Choice::new).collect();
        fields::create(&app.cx(), field).await.unwrap();
    }
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).unwrap()
}

/// Writes rows behind the services' backs: the vectors know values that no door lets in, such as empty texts.
async fn write(app: &TestApp, statements: Vec<(String, Vec<hg_store::Value>)>) {
    app.ws
        .db
        .write(move |tx| {
            for (text, values) in &statements {
                tx.exec(Sql::new(text.clone()).binds(values))?;
            }
            Ok::<_, Error>(())
        })
        .await
        .unwrap();
}

fn int(n: i64) -> hg_store::Value {
    hg_store::Value::Int(n)
}

fn text(t: &str) -> hg_store::Value {
    hg_store::Value::Text(t.to_owned())
}

fn event(contact: i64, kind: EventKind, object: i64, when: &str, url: Option<&str>) -> (String, Vec<hg_store::Value>) {
    let detail = url.map_or(hg_store::Value::Null, |u| text(&json!({"url": u}).to_string()));
    let statement = "INSERT INTO events (contact_id, kind, object_id, occurred_at, detail) VALUES ($1, $2, $3, $4, $5)";
    (statement.to_owned(), vec![int(contact), int(kind.code()), int(object), int(at(when).0), detail])
}

async fn the_people_of_the_vectors(app: &TestApp) {
    make_fields(app).await;
    let mut rows = Vec::new();
    for line in PEOPLE.lines() {
        let values: Vec<hg_store::Value> = COLUMNS
            .into_iter()
            .zip(line.split('|'))
            .map(|(column, cell)| match (column, cell) {
                (_, "-") => hg_store::Value::Null,
                (_, "''") => text(""),
                ("points" | "c_vip", n) => int(n.parse().unwrap()),
                ("c_nps", n) => hg_store::Value::Real(n.parse().unwrap()),
                ("c_seen", t) => int(at(t).0),
                (_, t) => text(&t.replace('+', "|")),
            })
            .collect();
        let marks: Vec<String> = (1..=values.len()).map(|n| format!("${n}")).collect();
        rows.push((
            format!(
                "INSERT INTO contacts ({}, created_at, updated_at, identified_at) VALUES ({}, 0, 0, 0)",
                COLUMNS.join(", "),
                marks.join(", ")
            ),
            values,
        ));
    }
    for name in ["red", "blue", "green"] {
        rows.push((
            "INSERT INTO tags (name, name_key, created_at, updated_at) VALUES ($1, $1, 0, 0)".to_owned(),
            vec![text(name)],
        ));
    }
    for (contact, tag) in [(1, 1), (2, 1), (2, 2), (4, 2), (5, 3)] {
        rows.push((
            "INSERT INTO contact_tags (contact_id, tag_id, added_at) VALUES ($1, $2, 0)".to_owned(),
            vec![int(contact), int(tag)],
        ));
    }
    for (name, city) in [("Acme", text("Houston")), ("Beta", hg_store::Value::Null)] {
        let statement = "INSERT INTO companies (companyname, companycity, created_at, updated_at) VALUES ($1, $2, 0, 0)";
        rows.push((statement.to_owned(), vec![text(name), city]));
    }
    for (contact, company, primary) in [(1, 1, 1), (2, 1, 1), (2, 2, 0), (4, 2, 1)] {
        let statement = "INSERT INTO contact_companies (contact_id, company_id, is_primary, added_at) VALUES ($1, $2, $3, 0)";
        rows.push((statement.to_owned(), vec![int(contact), int(company), int(primary)]));
    }
    for (contact, channel, reason) in [(2, "email", 1), (4, "email", 3), (6, "sms", 1), (8, "email", 2)] {
        let statement = "INSERT INTO do_not_contact (contact_id, channel, reason, added_at) VALUES ($1, $2, $3, 0)";
        rows.push((statement.to_owned(), vec![int(contact), text(channel), int(reason)]));
    }
    for (contact, kind, system) in [(1, "desktop", "Linux"), (1, "smartphone", "iOS"), (3, "smartphone", "Android")] {
        let statement =
            "INSERT INTO devices (tracking_id, contact_id, kind, os, created_at, seen_at) VALUES ($1, $2, $3, $4, 0, 0)";
        rows.push((statement.to_owned(), vec![text(&format!("{kind}{contact}")), int(contact), text(kind), text(system)]));
    }
    for (contact, column, value) in [(1, "campaign", "spring"), (2, "campaign", "fall"), (4, "source", "ads")] {
        let statement = format!("INSERT INTO utm_records (contact_id, at, origin, {column}) VALUES ($1, 0, 'hit', $2)");
        rows.push((statement, vec![int(contact), text(value)]));
    }
    for (contact, score) in [(1, 30), (2, 0)] {
        let statement = "INSERT INTO contact_scores (contact_id, group_id, score, changed_at) VALUES ($1, 1, $2, 0)";
        rows.push((statement.to_owned(), vec![int(contact), int(score)]));
        rows.push(("UPDATE contacts SET stage_id = $1 WHERE id = $1".to_owned(), vec![int(contact)]));
    }
    for (campaign, contact, state) in [(9, 1, "active"), (9, 2, "removed"), (8, 3, "active")] {
        let statement = "INSERT INTO campaign_members (campaign_id, contact_id, joined_at, state) VALUES ($1, $2, 0, $3)";
        rows.push((statement.to_owned(), vec![int(campaign), int(contact), text(state)]));
    }
    for (n, contact, email, sent, opens) in
        [(1, 1, 1, "2024-03-01", 2), (2, 1, 2, "2024-03-10", 0), (3, 2, 1, "2024-03-01", 0), (4, 4, 2, "2024-03-10", 5)]
    {
        rows.push(event(contact, EventKind::EmailSent, email, sent, None));
        let statement = "INSERT INTO sends (email_id, contact_id, occasion, state, address, tracking_key, message_id, marketing, revision, due_at, \
             created_at, opens) VALUES ($1, $2, 'x', 3, '', $3, '', 1, 1, 0, 0, $4)";
        rows.push((statement.to_owned(), vec![int(email), int(contact), text(&format!("key{n}")), int(opens)]));
    }
    let (home, pricing) = (Some("https://ex.org/home"), Some("https://ex.org/pricing"));
    rows.extend([
        event(1, EventKind::EmailOpened, 1, "2024-03-02", None),
        event(4, EventKind::EmailOpened, 2, "2024-03-13 06:00", None),
        event(1, EventKind::PageHit, 0, "2024-03-12 09:00", home),
        event(1, EventKind::PageHit, 0, "2024-03-13 07:00", pricing),
        event(1, EventKind::PageHit, 0, "2024-03-13 07:10", pricing),
        event(2, EventKind::EmailClicked, 7, "2024-03-11 10:00", Some("https://x.io/a")),
        event(3, EventKind::PageHit, 1, "2024-02-01 10:00", home),
        // The channel of this click is not there yet; as a click it begins no session.
        event(5, EventKind::EmailClicked, 0, "2024-03-13 09:00", Some("https://x.io/b")),
        event(5, EventKind::PageHit, 0, "2024-03-13 09:10", pricing),
    ]);
    write(app, rows).await;
    let ws = app.ws.clone();
    app.ws.db.write(move |tx| consents::record(&ws, tx, ContactId(1), "newsletter", true, None, "test", None)).await.unwrap();
}

/// `1,4-6` are these, `all-1,2` everyone except these, `none` nobody.
fn ids(text: &str) -> BTreeSet<i64> {
    let read = |list: &str| -> BTreeSet<i64> {
        let range = |part: &str| {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            first.parse::<i64>().unwrap()..=last.parse().unwrap()
        };
        list.split(',').flat_map(range).collect()
    };
    match (text, text.strip_prefix("all-")) {
        ("none", _) => BTreeSet::new(),
        ("all", _) => (1..=12).collect(),
        (_, Some(except)) => &(1..=12).collect() - &read(except),
        (list, None) => read(list),
    }
}

/// Whom the bitmap engine selects.
async fn engine(app: &TestApp, filter: &Value) -> BTreeSet<i64> {
    engine_among(app, filter, true).await
}

async fn engine_among(app: &TestApp, filter: &Value, include_anonymous: bool) -> BTreeSet<i64> {
    let list = hg_app::list::ListQuery { limit: 500, sort: "id".into(), ..Default::default() };
    let query = ContactQuery { list, filter: Some(filter.clone()), include_anonymous, ..ContactQuery::default() };
    let (found, _) = contacts::list_ids(&app.cx(), &query).await.unwrap_or_else(|e| panic!("{filter}: {e}"));
    found.into_iter().map(|(id, _)| id.0).collect()
}

/// Whom the evaluator selects, one by one.
async fn evaluator(app: &TestApp, filter: &Value, everyone: std::ops::RangeInclusive<i64>) -> BTreeSet<i64> {
    let parsed = Filter::parse(filter).unwrap_or_else(|e| panic!("{filter}: {e:?}"));
    let ws = app.ws.clone();
    app.ws
        .db
        .read(move |tx| {
            let mut found = BTreeSet::new();
            for id in everyone {
                if segments::matches(&ws, tx, ContactId(id), &parsed)? {
                    found.insert(id);
                }
            }
            Ok::<_, Error>(found)
        })
        .await
        .unwrap()
}

on_each_db!(every_filter_of_the_specification_selects_the_same_people_here, |app| {
    the_people_of_the_vectors(&app).await;
    for line in VECTORS.lines().filter(|l| !l.starts_with('#')) {
        let cells: Vec<&str> = line.split('\t').collect();
        let value = serde_json::from_str(cells[2]).unwrap_or_else(|_| Value::from(cells[2]));
        let expected = match cells[0] {
            "email_id" => ids("2,5"),
            _ => ids(cells[3]),
        };
        let filter = json!({"match": "all", "rules": [{"field": cells[0], "op": cells[1], "value": value}]});
        assert_eq!(engine(&app, &filter).await, expected, "engine: {line}");
        assert_eq!(evaluator(&app, &filter, 1..=12).await, expected, "evaluator: {line}");
    }
    app.settle().await;
});

on_each_db!(where_visits_came_from_and_since_when_somebody_is_there_can_be_asked, |app| {
    the_people_of_the_vectors(&app).await;
    for (field, op, value, expected) in [
        ("source", "=", json!("Email"), "2,5"),
        ("source", "contains", json!("mai"), "2,5"),
        // A visit without a source is one whose source may be anything.
        ("source", "!=", json!("email"), "4,6-12"),
        ("source", "regexp", json!("^sms$"), "none"),
        ("source", "empty", Value::Null, "4,6-12"),
        ("source_id", "in", json!([7]), "2"),
        ("source_id", "!in", json!([7]), "all-2"),
        ("source_id", "!empty", Value::Null, "2,5"),
        ("redirect_id", "=", json!(true), "2,5"),
        ("redirect_id", "=", json!(false), "all-2,5"),
        ("date_added", "lt", json!("2000-01-01"), "1-12"),
        ("created_at", "=", json!("1970-01-01"), "1-12"),
        ("date_added", "inLast", json!({"interval": 3, "unit": "day"}), "none"),
        ("date_added", "!empty", Value::Null, "1-12"),
    ] {
        let filter = json!({"match": "all", "rules": [{"field": field, "op": op, "value": value}]});
        assert_eq!(engine(&app, &filter).await, ids(expected), "engine: {filter}");
        assert_eq!(evaluator(&app, &filter, 1..=12).await, ids(expected), "evaluator: {filter}");
    }
    app.settle().await;
});

/// Draws filters and people.
struct Draw(SeededChance);

impl Draw {
    fn below(&self, n: u64) -> u64 {
        below(&self.0 as &dyn Chance, n)
    }

    fn one<'a, T: ?Sized>(&self, of: &[&'a T]) -> &'a T {
        of[self.below(of.len() as u64) as usize]
    }

    fn date(&self) -> &'static str {
        self.one(&["today", "-3 days", "this week", "2024-03-10", "last month", "-36 hours", "+1 day", "2024-03-12 09:00"])
    }

    fn condition(&self) -> Value {
        let words = ["praha", "Plzeň", "PLZEN ", "a_b", "50%", "Brno", "x"];
        let id = self.below(4);
        let (field, op, value) = match self.below(16) {
            0 => (
                "city",
                self.one(&["=", "!=", "like", "!like", "contains", "startsWith", "endsWith", "in", "!in", "gt_"]),
                json!(self.one(&words)),
            ),
            1 => ("city", self.one(&["empty", "!empty"]), Value::Null),
            2 => ("city", self.one(&["regexp", "!regexp"]), json!(self.one(&["^p", "n$", "[0-9]", "z|b"]))),
            3 => ("nps", self.one(&["=", "!=", "gt", "gte", "lt", "lte"]), json!(self.below(8) as i64 - 2)),
            4 => ("nps", self.one(&["empty", "!empty"]), Value::Null),
            5 => ("vip", self.one(&["=", "!="]), json!(self.below(2) == 1)),
            6 => (
                "interests",
                self.one(&["in", "!in", "includesAll", "excludesAll"]),
                json!([self.one(&["a", "b"]), self.one(&["b", "c"])]),
            ),
            7 => {
                (self.one(&["bday", "seen", "date_added"]), self.one(&["=", "!=", "gt", "gte", "lt", "lte"]), json!(self.date()))
            }
            8 => ("bday", self.one(&["=", "!="]), json!(self.one(&["birthday", "anniversary -1 day"]))),
            9 => (
                self.one(&[
                    "tags",
                    "lead_email_sent",
                    "lead_email_received",
                    "email_clicked",
                    "form_submitted",
                    "page_visited",
                    "segments",
                    "campaign",
                ]),
                self.one(&["in", "!in", "includesAll", "excludesAll", "empty", "!empty"]),
                json!([id + 1, (id + 1) % 4 + 1]),
            ),
            10 => (
                self.one(&["dnc_email", "dnc_bounced", "consent:news", "page_id", "email_id"]),
                self.one(&["=", "!="]),
                json!(self.below(2) == 1),
            ),
            11 => (
                self.one(&["hit_url_count", "sessions", "lead_email_read_count"]),
                self.one(&["=", "!=", "gt", "lte"]),
                json!(self.below(4)),
            ),
            12 | 13 => {
                let mut block = json!({"times": self.below(4)});
                let field = self.one(&[
                    "did:email_opened",
                    "did:email_clicked",
                    "did:email_replied",
                    "did:email_bounced",
                    "did:email_complained",
                    "did:page_hit",
                    "did:form_submitted",
                    "did:page_visited",
                ]);
                match self.below(4) {
                    0 => block["last"] = json!({"interval": 1 + self.below(30), "unit": "day"}),
                    1 => block["from"] = json!(self.date()),
                    2 => block["to"] = json!(self.date()),
                    _ => {}
                }
                if ["did:email_opened", "did:email_clicked"].contains(&field) && self.below(2) == 0 {
                    block["machines"] = json!(true);
                }
                if self.below(3) == 0 {
                    block["of"] = json!([id, id + 1]);
                } else if field == "did:page_hit" {
                    block["url"] = json!({"op": "contains", "text": self.one(&["pricing", "blog"])});
                }
                (field, self.one(&["=", "gt", "gte", "lt", "lte"]), block)
            }
            14 => (
                "random_share",
                self.one(&["=", "!="]),
                json!({"percent": 1 + self.below(60), "from": self.below(40), "draw": self.one(&["a", "b"])}),
            ),
            _ => match self.below(3) {
                0 => (
                    self.one(&["hit_url", "referer", "utm_source"]),
                    self.one(&["contains", "!=", "!like", "regexp", "!regexp", "empty"]),
                    json!(self.one(&["pricing", "blog", "e"])),
                ),
                _ => (
                    self.one(&[
                        "hit_url_date",
                        "lead_email_sent_date",
                        "lead_email_read_date",
                        "email_clicked_link_date",
                        "email_bounced_date",
                    ]),
                    self.one(&["=", "!=", "gt", "lte"]),
                    json!(self.date()),
                ),
            },
        };
        let op = if op == "gt_" { "=" } else { op };
        json!({"field": field, "op": op, "value": value})
    }

    fn filter(&self, depth: u64) -> Value {
        let rules: Vec<Value> = (0..1 + self.below(3))
            .map(|_| if depth > 0 && self.below(3) == 0 { self.filter(depth - 1) } else { self.condition() })
            .collect();
        json!({"match": self.one(&["all", "any"]), "not": self.below(4) == 0, "rules": rules})
    }

    async fn people(&self, app: &TestApp, count: i64) {
        make_fields(app).await;
        for n in 0..3 {
            let new = segments::NewSegment { name: format!("S{n}"), ..Default::default() };
            segments::create(&app.cx(), new).await.unwrap();
        }
        let mut rows = Vec::new();
        for contact in 1..=count {
            let mut fields = serde_json::Map::new();
            let mut maybe = |alias: &str, value: Value| {
                if self.below(3) > 0 {
                    fields.insert(alias.to_owned(), value);
                }
            };
            maybe("firstname", json!(self.one(&["Ada", "Žofie", "bob"])));
            maybe("city", json!(self.one(&["Praha", "PRAHA 5", "Plzeň", "plzen", "a_b", "50% off", "Brno"])));
            maybe("nps", json!(self.below(8) as i64 - 2));
            maybe("vip", json!(self.below(2) == 1));
            maybe("interests", json!(self.one(&["a", "a|b", "b|c", "c"])));
            maybe("bday", json!(self.one(&["1990-03-13", "2000-02-29", "2024-03-12", "2024-03-10"])));
            maybe(
                "seen",
                json!(self.one(&["2024-03-13 08:00:00", "2024-03-12 23:59:59", "2024-02-10 10:00:00", "2024-03-14 00:00:00"])),
            );
            let tags: Vec<String> = (1..=4).filter(|_| self.below(3) == 0).map(|n| format!("t{n}")).collect();
            let input = ContactInput { fields: fields.into_iter().collect(), tags, ..ContactInput::default() };
            contacts::create(&app.cx(), input, false).await.unwrap();
            for _ in 0..self.below(5) {
                let kind = [
                    EventKind::EmailSent,
                    EventKind::EmailOpened,
                    EventKind::EmailClicked,
                    EventKind::FormSubmitted,
                    EventKind::PageHit,
                    EventKind::EmailReplied,
                    EventKind::EmailBounced,
                    EventKind::EmailComplained,
                    EventKind::MachineOpened,
                    EventKind::MachineClicked,
                ];
                let kind = kind[self.below(10) as usize];
                let when = self.one(&[
                    "2024-03-13 08:00",
                    "2024-03-13 08:20",
                    "2024-03-12 09:00",
                    "2024-02-20 12:00",
                    "2024-03-13 09:59:59",
                ]);
                let (statement, mut values) = event(contact, kind, self.below(5) as i64, when, None);
                let mut detail = json!({"url": self.one(&["https://ex.org/pricing", "https://ex.org/blog"])});
                if self.below(2) == 0 {
                    detail["referrer"] = json!("https://blog.example.org/");
                    let record = "INSERT INTO utm_records (contact_id, at, origin, source) VALUES ($1, 0, 'hit', $2)";
                    rows.push((record.to_owned(), vec![int(contact), text(self.one(&["blog", "ads"]))]));
                }
                values[4] = text(&detail.to_string());
                rows.push((statement, values));
            }
            if self.below(4) == 0 {
                let statement = "INSERT INTO do_not_contact (contact_id, channel, reason, added_at) VALUES ($1, 'email', $2, 0)";
                rows.push((statement.to_owned(), vec![int(contact), int(1 + self.below(3) as i64)]));
            }
            if self.below(3) == 0 {
                let statement = "INSERT INTO consents (contact_id, purpose, given, source, at) VALUES ($1, 'news', $2, 'x', 0)";
                rows.push((statement.to_owned(), vec![int(contact), int(self.below(2) as i64)]));
            }
            if self.below(3) == 0 {
                let statement =
                    "INSERT INTO campaign_members (campaign_id, contact_id, joined_at, state) VALUES ($1, $2, 0, 'active')";
                rows.push((statement.to_owned(), vec![int(1 + self.below(4) as i64), int(contact)]));
            }
            if self.below(2) == 0 {
                let segment = hg_core::ids::SegmentId(1 + self.below(3) as i64);
                segments::change_by_hand(&app.cx(), segment, vec![ContactId(contact)], true).await.unwrap();
            }
        }
        write(app, rows).await;
        app.settle().await;
    }
}

on_each_db!(the_engine_and_the_evaluator_select_the_same_people, |app| {
    const PEOPLE: i64 = 40;
    const FILTERS: u64 = 150;
    let draw = Draw(SeededChance::new(20_240_313));
    draw.people(&app, PEOPLE).await;
    let mut told_apart = 0;
    for _ in 0..FILTERS {
        let filter = draw.filter(2);
        let by_engine = engine(&app, &filter).await;
        assert_eq!(by_engine, evaluator(&app, &filter, 1..=PEOPLE).await, "{filter}");
        told_apart += u64::from(!by_engine.is_empty() && by_engine.len() < PEOPLE as usize);
    }
    assert!(told_apart > FILTERS / 2, "most filters select some and leave others: {told_apart}");
});

/// A segment with its filter, and whether visitors may belong to it.
type Drawn = (SegmentId, Value, bool);

async fn drawn_segments(app: &TestApp, draw: &Draw) -> Vec<Drawn> {
    let mut made = Vec::new();
    for n in 0..40 {
        let filter = draw.filter(2);
        let include_anonymous = n % 2 == 0;
        let new = segments::NewSegment {
            name: format!("Drawn {n}"),
            filter: Some(filter.clone()),
            include_anonymous,
            ..segments::NewSegment::default()
        };
        let segment = segments::create(&app.cx(), new).await.unwrap();
        made.push((segment.id, filter, include_anonymous));
    }
    made
}

async fn members(app: &TestApp, id: SegmentId) -> BTreeSet<i64> {
    let ws = app.ws.clone();
    let members = app.ws.db.read(move |tx| segments::members(&ws, tx, id)).await.unwrap();
    members.iter().map(i64::from).collect()
}

async fn have_whom_the_evaluator_selects(app: &TestApp, made: Vec<Drawn>, people: i64) {
    let identified = engine_among(app, &json!({"match": "all", "rules": []}), false).await;
    for (id, filter, include_anonymous) in made {
        let expected = evaluator(app, &filter, 1..=people).await;
        let expected = if include_anonymous { expected } else { &expected & &identified };
        assert_eq!(members(app, id).await, expected, "{filter}");
    }
}

on_each_db!(many_segments_in_one_pass_have_the_same_members_as_each_by_itself, |app| {
    const PEOPLE: i64 = 40;
    let draw = Draw(SeededChance::new(7_313));
    draw.people(&app, PEOPLE).await;
    let made = drawn_segments(&app, &draw).await;
    segments::rebuild_all_now(&app.cx(), None).await.unwrap();
    have_whom_the_evaluator_selects(&app, made, PEOPLE).await;
});

on_each_db!(contacts_written_together_come_into_the_same_segments_as_one_by_one, |app| {
    const PEOPLE: i64 = 40;
    let draw = Draw(SeededChance::new(90_125));
    draw.people(&app, PEOPLE).await;
    let made = drawn_segments(&app, &draw).await;
    let about_another = segments::NewSegment {
        name: "About another".into(),
        filter: Some(json!({"match": "all", "rules": [{"field": "segments", "op": "!in", "value": [made[0].0.0]}]})),
        include_anonymous: true,
        ..segments::NewSegment::default()
    };
    let about_another = segments::create(&app.cx(), about_another).await.unwrap().id;
    let by_hand = segments::NewSegment {
        name: "Someone else".into(),
        filter: Some(json!({"match": "all", "rules": [{"field": "firstname", "op": "=", "value": "nobody has this name"}]})),
        ..segments::NewSegment::default()
    };
    let by_hand = segments::create(&app.cx(), by_hand).await.unwrap().id;
    segments::change_by_hand(&app.cx(), by_hand, vec![ContactId(3)], true).await.unwrap();
    let ws = app.ws.clone();
    let look = move |tx: &mut hg_store::Tx<'_>| {
        let contacts: Vec<ContactId> = (1..=PEOPLE).map(ContactId).collect();
        segments::refresh_contacts(&ws, tx, &contacts, "test")
    };
    let changed = app.ws.db.write(look.clone()).await.unwrap();
    assert!(changed.len() > 10, "most of them were empty before: {changed:?}");
    assert_eq!(app.ws.db.write(look).await.unwrap(), BTreeSet::new(), "nothing changes when they are looked at again");
    let of_other = members(&app, made[0].0).await;
    let expected: BTreeSet<i64> = (1..=PEOPLE).filter(|id| !of_other.contains(id)).collect();
    assert_eq!(members(&app, about_another).await, expected, "a filter that asks about another segment comes after it");
    assert_eq!(members(&app, by_hand).await, [3].into(), "who was put there by hand stays");
    have_whom_the_evaluator_selects(&app, made, PEOPLE).await;
});
