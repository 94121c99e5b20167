//! What is known about single contacts, brought together for the evaluator: columns in one read, each
//! relation in one read, for as many contacts as are asked for.

use std::collections::{BTreeSet, HashMap};

use hg_core::events::EventKind;
use hg_core::ids::{ContactId, SegmentId};
use hg_core::segments::{Bounds, ColumnRef, Columns, Facts, RelatedRow, Relation, RowTest, TextColumn, Value};
use hg_core::time::Timestamp;
use hg_store::{Flow, Sql, Tx, ValueRef};
use serde_json::Value as Json;

use crate::error::Result;
use crate::segments::companies;

/// One contact's facts.
#[derive(Debug, Default)]
pub(super) struct Person {
    columns: HashMap<String, Owned>,
    pub related: HashMap<Relation, Vec<RelatedRow>>,
    pub alive: bool,
    pub identified: bool,
}

#[derive(Debug)]
pub(super) enum Owned {
    Text(String),
    Number(f64),
    Int(i64),
}

impl Owned {
    pub fn as_value(&self) -> Value<'_> {
        match self {
            Owned::Text(text) => Value::Text(text),
            Owned::Number(number) => Value::Number(*number),
            Owned::Int(number) => Value::Int(*number),
        }
    }

    pub fn of(value: ValueRef<'_>) -> Option<Owned> {
        match value {
            ValueRef::Null | ValueRef::Bytes(_) => None,
            ValueRef::Int(n) => Some(Owned::Int(n)),
            ValueRef::Real(x) => Some(Owned::Number(x)),
            ValueRef::Text(text) => Some(Owned::Text(text.to_owned())),
        }
    }

    pub fn of_json(value: &Json) -> Option<Owned> {
        match value {
            Json::String(text) => Some(Owned::Text(text.clone())),
            Json::Number(n) => Some(n.as_i64().map_or_else(|| Owned::Number(n.as_f64().unwrap_or(0.0)), Owned::Int)),
            _ => None,
        }
    }
}

impl Columns for Person {
    fn value(&self, _slot: usize, column: &ColumnRef) -> Value<'_> {
        self.columns.get(&column.alias).map_or(Value::Null, Owned::as_value)
    }
}

impl Facts for Person {
    fn related(&self, relation: &Relation) -> &[RelatedRow] {
        self.related.get(relation).map_or(&[], Vec::as_slice)
    }
}

/// Everything that some plans ask about some contacts. Rows about segments are left out: see
/// [`Person::related`], which the caller fills from the chunks at hand.
pub(super) fn gather(
    tx: &mut Tx<'_>,
    contacts: &[i64],
    columns: &BTreeSet<ColumnRef>,
    relations: &BTreeSet<Relation>,
) -> Result<HashMap<ContactId, Person>> {
    let mut people = read_columns(tx, contacts, columns)?;
    for relation in relations.iter().filter(|r| **r != Relation::Segment) {
        each_row(tx, relation, Some(contacts), &Narrow::default(), &mut |contact, row| {
            if let Some(person) = people.get_mut(&contact) {
                person.related.entry(relation.clone()).or_default().push(row);
            }
            Flow::Next
        })?;
    }
    Ok(people)
}

fn read_columns(tx: &mut Tx<'_>, contacts: &[i64], columns: &BTreeSet<ColumnRef>) -> Result<HashMap<ContactId, Person>> {
    let stored: Vec<&ColumnRef> = columns.iter().filter(|c| c.column.is_some()).collect();
    let mut text = "SELECT id, deleted_at IS NULL, identified_at IS NOT NULL, overflow".to_owned();
    for column in &stored {
        text.push_str(", ");
        text.push_str(column.column.as_deref().unwrap_or("NULL"));
    }
    text.push_str(" FROM contacts WHERE id @in($1)");
    let rows = tx.all(Sql::new(text).bind(contacts), |r| {
        let mut person = Person { alive: truth(r.value(1)?), identified: truth(r.value(2)?), ..Person::default() };
        let overflow: Option<Json> = r.get(3)?;
        for (i, column) in stored.iter().enumerate() {
            if let Some(value) = Owned::of(r.value(i + 4)?) {
                person.columns.insert(column.alias.clone(), value);
            }
        }
        for column in columns.iter().filter(|c| c.column.is_none()) {
            if let Some(value) = overflow.as_ref().and_then(|o| o.get(&column.alias)).and_then(Owned::of_json) {
                person.columns.insert(column.alias.clone(), value);
            }
        }
        Ok((r.get::<ContactId>(0)?, person))
    })?;
    Ok(rows.into_iter().collect())
}

/// A truth value of SQL, whatever the database makes of it.
fn truth(value: ValueRef<'_>) -> bool {
    matches!(value, ValueRef::Int(n) if n != 0)
}

/// Half an hour without a hit ends a session.
const SESSION: i64 = 30 * 60_000;

/// The events that are the rows of a relation, and nothing else about them.
fn kinds(relation: &Relation) -> &'static [EventKind] {
    match relation {
        Relation::EmailSent => &[EventKind::EmailSent],
        Relation::EmailOpened => &[EventKind::EmailOpened],
        Relation::EmailClicked => &[EventKind::EmailClicked],
        Relation::EmailOpenedByAny => &[EventKind::EmailOpened, EventKind::MachineOpened],
        Relation::EmailClickedByAny => &[EventKind::EmailClicked, EventKind::MachineClicked],
        Relation::EmailReplied => &[EventKind::EmailReplied],
        Relation::EmailBounced => &[EventKind::EmailBounced],
        Relation::EmailComplained => &[EventKind::EmailComplained],
        Relation::FormSubmitted => &[EventKind::FormSubmitted],
        Relation::Hit => &[EventKind::PageHit, EventKind::EmailClicked],
        _ => &[],
    }
}

/// Whose the rows of a relation are that a condition leaves, where it [decides](Narrow::decides); once for each row.
///
/// Events are indexed by kind, what they are about, and time. Where a time is asked for and nothing that they are about,
/// the things are gone through one by one, so that only the time in question is read of each.
pub(super) fn each_contact(tx: &mut Tx<'_>, relation: &Relation, narrow: &Narrow<'_>, visit: &mut dyn FnMut(u32)) -> Result<()> {
    for kind in kinds(relation) {
        let mut values = vec![hg_store::Value::Int(kind.code())];
        let condition = narrow.condition(relation, &mut values);
        let text = if narrow.objects.is_some() || narrow.from.is_none() && narrow.to.is_none() {
            format!("SELECT e.contact_id FROM events e WHERE e.kind = $1{condition}")
        } else {
            format!(
                "WITH RECURSIVE things(id) AS (SELECT min(object_id) FROM events WHERE kind = $1 UNION ALL \
                 SELECT (SELECT min(f.object_id) FROM events f WHERE f.kind = $1 AND f.object_id > things.id) FROM things \
                 WHERE things.id IS NOT NULL) \
                 SELECT e.contact_id FROM things CROSS JOIN events e \
                 WHERE things.id IS NOT NULL AND e.kind = $1 AND e.object_id = things.id{condition}"
            )
        };
        tx.each(Sql::new(text).binds(values), |r| {
            visit(r.get(0)?);
            Ok(Flow::Next)
        })?;
    }
    Ok(())
}

/// The statement that reads the rows of a relation: contact, object, instant, amount, url, detail. `{where}` stands
/// for the contacts that are asked for and `{kind}` for the kind of an event; `texts` says whether the texts of hits
/// are wanted.
fn statement(relation: &Relation, texts: bool) -> (String, Vec<hg_store::Value>) {
    let text = |text: &str| (text.to_owned(), Vec::new());
    let events = |kinds: &[EventKind], more: &str| {
        let kinds: Vec<String> = kinds.iter().map(|k| k.code().to_string()).collect();
        format!(
            "SELECT e.contact_id, e.object_id, e.occurred_at, 1, NULL, NULL FROM events e WHERE {{kind}} IN ({}){more}{{where}}",
            kinds.join(", ")
        )
    };
    match relation {
        Relation::Tag => text("SELECT e.contact_id, e.tag_id, e.added_at, 1, NULL, NULL FROM contact_tags e WHERE 1 = 1{where}"),
        Relation::Campaign => text(
            "SELECT e.contact_id, e.campaign_id, e.joined_at, 1, NULL, NULL FROM campaign_members e WHERE e.state = 'active'{where}",
        ),
        Relation::Category => text(
            "SELECT e.contact_id, e.category_id, e.at, 1, NULL, NULL FROM contact_categories e WHERE e.subscribed = 1{where}",
        ),
        Relation::GroupPoints(group) => (
            "SELECT e.contact_id, e.group_id, e.changed_at, e.score, NULL, NULL FROM contact_scores e WHERE e.group_id = $1{where}".to_owned(),
            vec![hg_store::Value::Int(*group)],
        ),
        Relation::DoNotContact { channel, reason } => {
            let mut values = vec![hg_store::Value::Text(channel.clone())];
            let mut sql = "SELECT e.contact_id, e.reason, e.added_at, 1, NULL, NULL FROM do_not_contact e WHERE e.channel = $1".to_owned();
            if let Some(reason) = reason {
                sql.push_str(" AND e.reason = $2");
                values.push(hg_store::Value::Int(*reason));
            }
            (sql + "{where}", values)
        }
        Relation::Consent(purpose) => (
            "SELECT e.contact_id, 0, e.at, 1, NULL, NULL FROM consents e WHERE e.purpose = $1 AND e.current = 1 AND e.given = 1{where}".to_owned(),
            vec![hg_store::Value::Text(purpose.clone())],
        ),
        Relation::EmailSent
        | Relation::EmailOpened
        | Relation::EmailClicked
        | Relation::EmailOpenedByAny
        | Relation::EmailClickedByAny
        | Relation::EmailReplied
        | Relation::EmailBounced
        | Relation::EmailComplained
        | Relation::FormSubmitted => (events(kinds(relation), ""), Vec::new()),
        Relation::PageVisited => (events(&[EventKind::PageHit], " AND e.object_id > 0"), Vec::new()),
        Relation::OpenCount => text("SELECT e.contact_id, e.email_id, e.opened_at, e.opens, NULL, NULL FROM sends e WHERE e.opens > 0{where}"),
        Relation::Hit if !texts => (events(&[EventKind::PageHit, EventKind::EmailClicked], ""), Vec::new()),
        Relation::Hit => text(
            "SELECT e.contact_id, e.object_id, e.occurred_at, 1, u.url, e.detail, e.kind FROM events e LEFT JOIN urls u ON u.id = e.url_id \
             WHERE {kind} IN (13, 16){where} ORDER BY e.contact_id, e.occurred_at, e.id",
        ),
        Relation::Utm => text(
            "SELECT e.contact_id, e.id, e.at, 1, e.source, e.medium, e.campaign, e.content, e.term FROM utm_records e WHERE 1 = 1{where}",
        ),
        Relation::Device => text(
            "SELECT e.contact_id, e.id, e.seen_at, 1, e.kind, e.os, e.brand, e.model FROM devices e WHERE 1 = 1{where}",
        ),
        Relation::Session => (
            format!(
                "SELECT s.contact_id, 0, s.occurred_at, 1, NULL, NULL FROM (SELECT e.contact_id, e.kind, e.occurred_at, \
                 lag(e.occurred_at) OVER (PARTITION BY e.contact_id ORDER BY e.occurred_at, e.id) AS before FROM events e \
                 WHERE {{kind}} IN (13, 16){{where}}) s WHERE s.kind = 13 AND (s.before IS NULL OR s.occurred_at - s.before > {SESSION})"
            ),
            Vec::new(),
        ),
        Relation::Company { primary, columns } => (
            format!(
                "SELECT e.contact_id, e.company_id, e.added_at, 1, {} FROM contact_companies e JOIN companies c ON c.id = e.company_id \
                 WHERE c.deleted_at IS NULL{}{{where}}",
                companies::selected(columns, "c"),
                if *primary { " AND e.is_primary = 1" } else { "" }
            ),
            Vec::new(),
        ),
        Relation::CompanySegment => text(
            "SELECT e.contact_id, m.segment_id, m.changed_at, 1, NULL, NULL FROM contact_companies e \
             JOIN company_segment_members m ON m.company_id = e.company_id WHERE m.member = 1{where}",
        ),
        Relation::Segment => text("SELECT 0, 0, 0, 0, NULL, NULL WHERE 1 = 0{where}"),
    }
}

/// Which rows of a relation a leaf can count at all: the database need not give the others.
#[derive(Debug)]
pub(super) struct Narrow<'a> {
    objects: Option<&'a [i64]>,
    from: Option<Timestamp>,
    to: Option<Timestamp>,
    /// Whether the texts of the rows are looked at.
    texts: bool,
}

impl Default for Narrow<'_> {
    /// Every row with everything in it.
    fn default() -> Self {
        Self { objects: None, from: None, to: None, texts: true }
    }
}

impl<'a> Narrow<'a> {
    /// From the test of the rows, and what its dates come to.
    pub fn of(rows: &'a RowTest, bounds: Option<&Bounds>) -> Self {
        let window = match bounds {
            Some(Bounds::Within(window)) => Some(window),
            _ => None,
        };
        Self {
            objects: rows.objects(),
            from: window.and_then(|w| w.from),
            to: window.and_then(|w| w.to),
            texts: rows.reads_texts(),
        }
    }

    /// Whether the database's condition on the rows of a relation is all that a test asks.
    pub fn decides(&self, relation: &Relation, rows: &RowTest) -> bool {
        let by_itself = match rows {
            RowTest::Any | RowTest::Objects(_) => true,
            RowTest::At(_) => self.from.is_some() || self.to.is_some(),
            RowTest::All(tests) => tests.iter().all(|test| self.decides(relation, test)),
            RowTest::Text { .. } | RowTest::Values(_) => false,
        };
        by_itself && !kinds(relation).is_empty()
    }

    /// The condition on the rows, where the relation's statement has a plain column for it.
    fn condition(&self, relation: &Relation, values: &mut Vec<hg_store::Value>) -> String {
        let (object, at) = match relation {
            Relation::Tag => ("e.tag_id", "e.added_at"),
            Relation::CompanySegment => ("m.segment_id", "m.changed_at"),
            Relation::Campaign => ("e.campaign_id", "e.joined_at"),
            Relation::EmailSent
            | Relation::EmailOpened
            | Relation::EmailClicked
            | Relation::EmailOpenedByAny
            | Relation::EmailClickedByAny
            | Relation::EmailReplied
            | Relation::EmailBounced
            | Relation::EmailComplained
            | Relation::FormSubmitted
            | Relation::PageVisited
            | Relation::Hit => ("e.object_id", "e.occurred_at"),
            _ => return String::new(),
        };
        let mut text = String::new();
        if let Some(objects) = self.objects {
            values.push(hg_store::ToValue::to_value(objects));
            text.push_str(&format!(" AND {object} @in(${})", values.len()));
        }
        for (end, sign) in [(self.from, ">="), (self.to, "<")] {
            if let Some(end) = end {
                values.push(hg_store::Value::Int(end.0));
                text.push_str(&format!(" AND {at} {sign} ${}", values.len()));
            }
        }
        text
    }
}

/// Walks the rows of a relation, of some contacts or of all.
pub(super) fn each_row(
    tx: &mut Tx<'_>,
    relation: &Relation,
    contacts: Option<&[i64]>,
    narrow: &Narrow<'_>,
    visit: &mut dyn FnMut(ContactId, RelatedRow) -> Flow,
) -> Result<()> {
    let (text, mut values) = statement(relation, narrow.texts);
    let mut restriction = narrow.condition(relation, &mut values);
    if let Some(ids) = contacts {
        values.push(hg_store::ToValue::to_value(ids));
        restriction.push_str(&format!(" AND e.contact_id @in(${})", values.len()));
    }
    // Of some contacts, the events are read contact by contact. The databases guess how long a list is and may go
    // through all events of a kind instead; the sign keeps them from the index of kinds.
    let kind = if contacts.is_some() { "+e.kind" } else { "e.kind" };
    tx.each(Sql::new(text.replace("{where}", &restriction).replace("{kind}", kind)).binds(values), |r| {
        let mut row = RelatedRow {
            object: r.get(1)?,
            at: r.get::<Option<i64>>(2)?.map(Timestamp),
            amount: r.get(3)?,
            ..RelatedRow::default()
        };
        match relation {
            Relation::Company { columns, .. } => row.values = companies::values(r, 4, columns)?,
            Relation::Hit if narrow.texts => {
                row.texts = texts(r.get(4)?, r.get::<Option<Json>>(5)?.as_ref());
                if r.get::<i64>(6)? == EventKind::EmailClicked.code() {
                    row.texts.push((TextColumn::Source, "email".to_owned()));
                }
            }
            Relation::Utm => row.texts = columns_of(r, &UTM)?,
            Relation::Device => row.texts = columns_of(r, &DEVICE)?,
            _ => {}
        }
        Ok(visit(r.get(0)?, row))
    })?;
    Ok(())
}

const UTM: [TextColumn; 5] =
    [TextColumn::UtmSource, TextColumn::UtmMedium, TextColumn::UtmCampaign, TextColumn::UtmContent, TextColumn::UtmTerm];
const DEVICE: [TextColumn; 4] =
    [TextColumn::DeviceType, TextColumn::DeviceSystem, TextColumn::DeviceBrand, TextColumn::DeviceModel];

/// The texts of a row from its fifth column on; blank ones are none.
fn columns_of(r: &hg_store::Row<'_>, names: &[TextColumn]) -> hg_store::Result<Vec<(TextColumn, String)>> {
    let mut texts = Vec::new();
    for (i, name) in names.iter().enumerate() {
        if let Some(text) = r.get::<Option<String>>(i + 4)?.filter(|t| !t.is_empty()) {
            texts.push((*name, text));
        }
    }
    Ok(texts)
}

/// The texts of a hit: its address, and what the event's detail holds.
fn texts(url: Option<String>, detail: Option<&Json>) -> Vec<(TextColumn, String)> {
    let mut texts = Vec::new();
    let part = |json: Option<&Json>, key: &str| {
        json.and_then(|d| d.get(key)).and_then(Json::as_str).filter(|t| !t.is_empty()).map(str::to_owned)
    };
    let url = url.or_else(|| part(detail, "url"));
    for (column, text) in
        [(TextColumn::Url, url), (TextColumn::Referrer, part(detail, "referrer")), (TextColumn::Title, part(detail, "title"))]
    {
        if let Some(text) = text {
            texts.push((column, text));
        }
    }
    texts
}

/// The segments among `asked` that a contact belongs to, as rows.
pub(super) fn segment_rows(
    tx: &mut Tx<'_>,
    pieces: &mut super::members::Pieces,
    contact: ContactId,
    asked: impl IntoIterator<Item = SegmentId>,
) -> Result<Vec<RelatedRow>> {
    let mut rows = Vec::new();
    for segment in asked {
        if pieces.contains(tx, segment, contact)? {
            rows.push(RelatedRow::about(segment.0));
        }
    }
    Ok(rows)
}
