//! The test vectors of the specification (`segments.md` §12), on the in-memory evaluator. A ★ marks
//! where our result differs on purpose from the one of the product that we are compatible with.

use std::collections::{BTreeMap, BTreeSet};

use rstest::rstest;
use serde_json::{Value as Json, json};

use super::*;
use crate::contacts::{Choice, FieldCatalogue, FieldDef, FieldType, default_company_fields, default_fields};
use crate::time::{Timestamp, zone};

const NOW: &str = "2024-03-13T10:00:00Z";
const PEOPLE: &str = "\
1|Ana|ana@ex.org|Prague|0|-|1|gold|a+b|1990-03-13|2024-03-13 08:00:00
2|Bob|bob@ex.com|prague 11|10|0|0|silver|b|1985-03-14|2024-03-12 23:59:59
3|Cleo|cleo@ex.org|Praha|20|5|-|-|-|-|-
4|Dan|dan@ex.com|-|25|10|1|''|''|2000-02-29|2024-03-11 00:00:00
5|-|e@ex.net|''|5|-3|0|bronze|a+b+c|1999-12-31|2024-03-10 23:59:59
6|''|-|Plzeň|100|7.5|-|gold|ab|2024-03-13|2024-03-17 23:59:59
7|Gus|gus@EX.org|Plzen|0|-|1|Gold|c|2024-03-12|2024-03-18 00:00:00
8|Hana_|hana@ex.com|Los Angeles|-5|100|0|silver|b+c|2024-02-29|2024-02-29 12:00:00
9|Ivan|ivan@ex.org|50% Off|20|20|1|-|a|2024-04-01|2024-04-01 00:00:00
10|Jo|jo@ex.com|a_b|15|1|-|bronze|c+a|2023-03-13|2023-12-31 23:59:59
11|Ana|ana2@ex.org|PRAGUE|50|50|0|gold|-|1970-03-20|2025-01-01 00:00:00
12|Lev|-|New York|0|0|-|-|b+a|2024-03-14|2024-03-14 00:00:00";
const NAMES: [&str; 11] = ["id", "firstname", "email", "city", "points", "nps", "vip", "tier", "interests", "bday", "seen"];

pub(super) fn fields() -> FieldCatalogue {
    let mut fields: Vec<FieldDef> = default_fields().into_iter().chain(default_company_fields()).collect();
    let options = |values: &[&str]| values.iter().copied().map(Choice::new).collect::<Vec<_>>();
    for (alias, kind, choices) in [
        ("nps", FieldType::Number, vec![]),
        ("vip", FieldType::Boolean, vec![]),
        ("tier", FieldType::Select, options(&["gold", "silver", "bronze"])),
        ("interests", FieldType::Multiselect, options(&["a", "b", "c", "ab"])),
        ("bday", FieldType::Date, vec![]),
        ("seen", FieldType::Datetime, vec![]),
    ] {
        let mut field = FieldDef::new(alias, alias, kind);
        field.properties.options = choices;
        fields.push(field);
    }
    FieldCatalogue::new(fields)
}

struct Person {
    values: BTreeMap<&'static str, Stored>,
    related: BTreeMap<Relation, Vec<RelatedRow>>,
}

enum Stored {
    Text(String),
    Number(f64),
    Int(i64),
}

impl Columns for Person {
    fn value(&self, _: usize, column: &ColumnRef) -> Value<'_> {
        match self.values.get(column.alias.as_str()) {
            None => Value::Null,
            Some(Stored::Text(text)) => Value::Text(text),
            Some(Stored::Number(number)) => Value::Number(*number),
            Some(Stored::Int(number)) => Value::Int(*number),
        }
    }
}

impl Facts for Person {
    fn related(&self, relation: &Relation) -> &[RelatedRow] {
        self.related.get(relation).map_or(&[], Vec::as_slice)
    }
}

fn instant(text: &str) -> Timestamp {
    Timestamp::parse(text).expect("an instant")
}

fn people() -> Vec<(u32, Person)> {
    let mut people: Vec<(u32, Person)> = PEOPLE.lines().map(person).collect();
    for (id, person) in &mut people {
        person.related = related(*id);
    }
    people
}

fn person(line: &str) -> (u32, Person) {
    let cells: Vec<&str> = line.split('|').collect();
    let mut values = BTreeMap::new();
    for (name, cell) in NAMES.into_iter().zip(&cells).skip(1) {
        let cell = match *cell {
            "-" => continue,
            "''" => String::new(),
            other => other.replace('+', "|"),
        };
        let stored = match name {
            "points" | "vip" => Stored::Int(cell.parse().expect("an integer")),
            "nps" => Stored::Number(cell.parse().expect("a number")),
            "seen" => Stored::Int(instant(&cell).0),
            _ => Stored::Text(cell),
        };
        values.insert(name, stored);
    }
    let id: u32 = cells[0].parse().expect("an id");
    values.insert("random_share", Stored::Int(i64::from(id)));
    if id <= 2 {
        values.insert("stage", Stored::Int(i64::from(id)));
    }
    (id, Person { values, related: BTreeMap::new() })
}

fn row(object: i64, at: &str) -> RelatedRow {
    RelatedRow { object, at: (!at.is_empty()).then(|| instant(at)), amount: 1, ..RelatedRow::default() }
}

fn hit(at: &str, url: &str) -> RelatedRow {
    RelatedRow { texts: vec![(TextColumn::Url, url.to_string())], ..row(0, at) }
}

fn utm(column: TextColumn, text: &str) -> RelatedRow {
    RelatedRow { texts: vec![(column, text.to_string())], ..RelatedRow::default() }
}

fn related(id: u32) -> BTreeMap<Relation, Vec<RelatedRow>> {
    let tags: &[i64] = match id {
        1 => &[1],
        2 => &[1, 2],
        4 => &[2],
        5 => &[3],
        _ => &[],
    };
    let mut rows: Vec<(Relation, RelatedRow)> = tags.iter().map(|tag| (Relation::Tag, row(*tag, ""))).collect();
    let home = "https://ex.org/home";
    let off = |channel: &str, reason: i64| {
        [Some(reason), None].map(|r| (Relation::DoNotContact { channel: channel.into(), reason: r }, row(reason, "")))
    };
    let dnc = |reason: i64| off("email", reason);
    let device = |kind: &str, system: &str| RelatedRow {
        texts: vec![(TextColumn::DeviceType, kind.to_string()), (TextColumn::DeviceSystem, system.to_string())],
        ..RelatedRow::default()
    };
    let score = |amount: i64| (Relation::GroupPoints(1), RelatedRow { amount, ..row(1, "") });
    match id {
        1 => rows.push(score(30)),
        2 => rows.push(score(0)),
        _ => {}
    }
    match id {
        1 => rows.extend([device("desktop", "Linux"), device("smartphone", "iOS")].map(|d| (Relation::Device, d))),
        3 => rows.push((Relation::Device, device("smartphone", "Android"))),
        6 => rows.extend(off("sms", 1)),
        _ => {}
    }
    match id {
        1 => {
            rows.push((Relation::Hit, hit("2024-03-12 09:00", home)));
            rows.push((Relation::Session, hit("2024-03-12 09:00", home)));
            for at in ["2024-03-13 07:00", "2024-03-13 07:10"] {
                rows.push((Relation::Hit, hit(at, "https://ex.org/pricing")));
            }
            rows.push((Relation::Session, hit("2024-03-13 07:00", "https://ex.org/pricing")));
            rows.push((Relation::EmailSent, row(1, "2024-03-01")));
            rows.push((Relation::EmailSent, row(2, "2024-03-10")));
            rows.push((Relation::EmailOpened, row(1, "2024-03-02")));
            rows.push((Relation::OpenCount, RelatedRow { amount: 2, ..row(1, "") }));
            rows.push((Relation::Utm, utm(TextColumn::UtmCampaign, "spring")));
            rows.push((Relation::Campaign, row(9, "")));
            rows.push((Relation::Consent("newsletter".into()), row(0, "2024-03-01")));
        }
        2 => {
            rows.push((Relation::Hit, hit("2024-03-11 10:00", "https://x.io/a")));
            rows.push((Relation::EmailClicked, hit("2024-03-11 10:00", "https://x.io/a")));
            rows.push((Relation::EmailSent, row(1, "2024-03-01")));
            rows.push((Relation::Utm, utm(TextColumn::UtmCampaign, "fall")));
            rows.extend(dnc(1));
        }
        3 => {
            rows.push((Relation::Hit, hit("2024-02-01 10:00", home)));
            rows.push((Relation::Session, hit("2024-02-01 10:00", home)));
            rows.push((Relation::PageVisited, row(1, "2024-02-01 10:00")));
            rows.push((Relation::Campaign, row(8, "")));
        }
        4 => {
            rows.push((Relation::EmailSent, row(2, "2024-03-10")));
            rows.push((Relation::EmailOpened, row(2, "2024-03-13 06:00")));
            rows.push((Relation::OpenCount, RelatedRow { amount: 5, ..row(2, "") }));
            rows.push((Relation::Utm, utm(TextColumn::UtmSource, "ads")));
            rows.extend(dnc(3));
        }
        5 => {
            rows.push((Relation::Hit, hit("2024-03-13 09:00", "https://x.io/b")));
            rows.push((Relation::Hit, hit("2024-03-13 09:10", "https://ex.org/pricing")));
        }
        8 => rows.extend(dnc(2)),
        _ => {}
    }
    let (acme, beta) = ([Some("Houston"), Some("Acme")], [None, Some("Beta")]);
    match id {
        1 => rows.extend(company(true, acme)),
        2 => rows.extend(company(true, acme).chain(company(false, beta))),
        4 => rows.extend(company(true, beta)),
        _ => {}
    }
    let mut related: BTreeMap<Relation, Vec<RelatedRow>> = BTreeMap::new();
    for (relation, row) in rows {
        related.entry(relation).or_default().push(row);
    }
    related
}

/// A company as each question of the tests sees it: city and name.
fn company(primary: bool, values: [Option<&str>; 2]) -> impl Iterator<Item = (Relation, RelatedRow)> {
    let stored = values.map(|v| v.map_or(StoredValue::Null, |text| StoredValue::Text(text.to_string())));
    let asked = |columns: &[usize], primary: bool| {
        let column = |n: &usize| {
            let alias = ["companycity", "companyname"][*n].to_string();
            ColumnRef { column: Some(alias.clone()), alias }
        };
        let row = RelatedRow { values: columns.iter().map(|n| stored[*n].clone()).collect(), ..RelatedRow::default() };
        (Relation::Company { primary, columns: columns.iter().map(column).collect() }, row)
    };
    let scopes: &[bool] = if primary { &[false, true] } else { &[false] };
    let rows: Vec<_> = scopes.iter().flat_map(|p| [asked(&[0], *p), asked(&[1], *p), asked(&[0, 1], *p)]).collect();
    rows.into_iter()
}

#[test]
fn conditions_on_companies_that_must_all_hold_must_hold_for_one() {
    let both = |matching: &str, city: &str, name: &str| {
        let rule = |field: &str, value: &str| json!({"field": field, "op": "=", "value": value});
        selected(&json!({"match": matching, "rules": [rule("companycity", city), rule("companyname", name)]}), "UTC")
    };
    assert_eq!(both("all", "Houston", "Acme"), ids("1,2"));
    assert_eq!(both("all", "Houston", "Beta"), ids("none"), "2 belongs to both, but no company is both");
    assert_eq!(both("any", "Houston", "Beta"), ids("1,2,4"));
}

/// `1,4-6` are these, `all-1,2` everyone except these, `none` nobody.
fn ids(text: &str) -> BTreeSet<u32> {
    let read = |list: &str| -> BTreeSet<u32> {
        list.split(',')
            .flat_map(|part| {
                let (first, last) = part.split_once('-').unwrap_or((part, part));
                first.parse::<u32>().expect("an id")..=last.parse().expect("an id")
            })
            .collect()
    };
    match (text, text.strip_prefix("all-")) {
        ("none", _) => BTreeSet::new(),
        ("all", _) => (1..=12).collect(),
        (_, Some(except)) => &(1..=12).collect() - &read(except),
        (list, None) => read(list),
    }
}

fn selected(filter: &Json, zone_name: &str) -> BTreeSet<u32> {
    let filter = Filter::parse(filter).expect("a filter");
    let plan = Plan::of(&filter, &fields()).unwrap_or_else(|errors| panic!("{errors:?}"));
    let moment = plan.at(instant(NOW), &zone(zone_name).expect("a zone"));
    let mut scratch = Scratch::default();
    people().iter().filter(|(_, person)| plan.matches(person, &moment, &mut scratch)).map(|(id, _)| *id).collect()
}

fn check(field: &str, op: &str, value: Json, expected: &str, zone: &str) {
    let filter = json!({"match": "all", "rules": [{"field": field, "op": op, "value": value}]});
    assert_eq!(selected(&filter, zone), ids(expected), "{field} {op} {value} in {zone}");
}

/// The value is JSON when it reads as such, else text.
fn value(text: &str) -> Json {
    serde_json::from_str(text).unwrap_or_else(|_| Json::from(text))
}

/// One row a line: field, operator, value, whom it selects. The tests on databases read the same file.
const VECTORS: &str = include_str!("vectors.txt");

#[test]
fn every_filter_selects_whom_the_specification_says() {
    let mut rows = 0;
    for line in VECTORS.lines().filter(|l| !l.starts_with('#')) {
        let cells: Vec<&str> = line.split('\t').collect();
        check(cells[0], cells[1], value(cells[2]), cells[3], "UTC");
        rows += 1;
    }
    assert!(rows > 150, "the table is there");
}

#[rstest]
#[case("America/New_York", &[
    ("today", "1,12"), ("yesterday", "2"), ("this week", "1,2,6,7,12"), ("last week", "4,5"), ("this month", "1,2,4,5,6,7,9,12"),
    ("next month", "none"), ("this year", "1,2,4-9,11,12"), ("next year", "none"),
])]
#[case("Asia/Tokyo", &[("today", "1,2"), ("yesterday", "none")])]
fn days_are_those_of_the_workspaces_zone(#[case] zone: &str, #[case] rows: &[(&str, &str)]) {
    for (word, expected) in rows {
        check("seen", "=", Json::from(*word), expected, zone);
    }
}

#[test]
fn glue_binds_and_before_or() {
    let flat = |filters: Json| {
        let filter = from_flat(&filters).expect("filters");
        selected(&filter.to_json(), "UTC")
    };
    let filter = |glue: &str, field: &str, op: &str, value: Json| json!({"glue": glue, "field": field, "operator": op, "properties": {"filter": value}});
    let praha_or = json!([
        filter("and", "city", "=", json!("Praha")),
        filter("or", "points", "gte", json!(20)),
        filter("and", "vip", "=", json!(1)),
    ]);
    assert_eq!(flat(praha_or), ids("3,4,9"));
    let vip_and = json!([
        filter("and", "vip", "=", json!(1)),
        filter("and", "tier", "=", json!("gold")),
        filter("or", "points", "=", json!(100)),
    ]);
    assert_eq!(flat(vip_and), ids("1,6,7"));
}

#[test]
fn not_turns_a_group_around() {
    let group = json!({"match": "any", "not": true, "rules": [
        {"field": "city", "op": "=", "value": "Praha"}, {"field": "points", "op": "gte", "value": 20},
    ]});
    assert_eq!(selected(&group, "UTC"), ids("all-3,4,6,9,11"));
    assert_eq!(selected(&json!({"match": "all", "rules": []}), "UTC"), ids("none"));
}

#[test]
fn a_date_can_count_in_the_contacts_own_zone() {
    let mut people = people();
    for (id, person) in &mut people {
        let zone = if *id == 12 { "America/New_York" } else { "Asia/Tokyo" };
        person.values.insert("timezone", Stored::Text(zone.to_string()));
    }
    let filter =
        Filter::parse(&json!({"match": "all", "rules": [{"field": "seen", "op": "=", "value": "today", "zone": "contact"}]}))
            .unwrap();
    let plan = Plan::of(&filter, &fields()).unwrap();
    let moment = plan.at(instant(NOW), &zone("UTC").unwrap());
    let mut scratch = Scratch::default();
    let found: BTreeSet<u32> = people.iter().filter(|(_, p)| plan.matches(p, &moment, &mut scratch)).map(|(id, _)| *id).collect();
    assert_eq!(found, ids("1,2,12"));
    assert!(plan.dependencies().contact_zones);
}

#[rstest]
#[case("shoe", "=", json!(1), "/rules/0/field", "unknown-field")]
#[case("points", "in", json!([1]), "/rules/0/op", "operator-not-offered")]
#[case("points", "gt", json!("many"), "/rules/0/value", "not-a-number")]
#[case("points", "gt", json!(null), "/rules/0/value", "value-missing")]
#[case("city", "=", json!({"a": 1}), "/rules/0/value", "not-a-text")]
#[case("city", "=", json!(""), "/rules/0/value", "value-missing")]
#[case("city", "regexp", json!("(?=x)"), "/rules/0/value", "pattern-look-around")]
#[case("city", "regexp", json!("(a{1000}){1000}"), "/rules/0/value", "pattern-too-big")]
#[case("seen", "=", json!("soon"), "/rules/0/value", "not-a-date")]
#[case("bday", "gt", json!("birthday"), "/rules/0/op", "operator-not-offered")]
#[case("seen", "inLast", json!({"interval": "x", "unit": "day"}), "/rules/0/value", "not-an-interval")]
#[case("seen", "between", json!([1]), "/rules/0/value", "not-a-range")]
#[case("tags", "in", json!(["red"]), "/rules/0/value", "not-an-id")]
#[case("tags", "in", json!([]), "/rules/0/value", "value-missing")]
#[case("vip", "=", json!("maybe"), "/rules/0/value", "not-yes-or-no")]
fn a_condition_that_cannot_be_answered_is_refused_at_its_place(
    #[case] field: &str,
    #[case] op: &str,
    #[case] value: Json,
    #[case] pointer: &str,
    #[case] code: &str,
) {
    let filter = Filter::parse(&json!({"match": "all", "rules": [{"field": field, "op": op, "value": value}]})).unwrap();
    let errors = Plan::of(&filter, &fields()).expect_err("an error");
    assert_eq!((errors[0].pointer.as_str(), errors[0].code), (pointer, code), "{}", errors[0].detail);
}

#[test]
fn the_explanation_says_what_was_found_and_what_was_asked() {
    let filter = Filter::parse(&json!({"match": "all", "rules": [
        {"field": "city", "op": "=", "value": "Praha"},
        {"match": "any", "rules": [{"field": "seen", "op": "=", "value": "today"}, {"field": "tags", "op": "in", "value": [1]}]},
    ]}))
    .unwrap();
    let plan = Plan::of(&filter, &fields()).unwrap();
    let people = people();
    let explained = plan.explain(&people[0].1, &plan.at(instant(NOW), &zone("UTC").unwrap()));
    assert!(!explained.verdict);
    assert_eq!((explained.children[0].verdict, explained.children[0].actual.as_deref()), (false, Some("Prague")));
    let seen = &explained.children[1].children[0];
    assert_eq!(seen.bounds.as_deref(), Some("2024-03-13 00:00:00 until 2024-03-14 00:00:00"));
    assert!(seen.verdict && explained.children[1].verdict);
    assert_eq!(plan.summary(), "City equals “Praha” and (seen is “today” or Tags includes any of 1)");
}

#[test]
fn time_dependence_is_known_before_it_is_met() {
    let plan = |value: &str| {
        let filter = json!({"match": "all", "rules": [{"field": "seen", "op": "gte", "value": value}]});
        Plan::of(&Filter::parse(&filter).unwrap(), &fields()).unwrap()
    };
    let (now, prague) = (instant(NOW), zone("Europe/Prague").unwrap());
    assert_eq!(plan("2024-03-01").next_calendar_flip(now, &prague), None);
    assert_eq!(plan("-1 day").next_calendar_flip(now, &prague), Some(instant("2024-03-13T23:00:00Z")));
    let hours = plan("-3 hours");
    assert!(hours.dependencies().clock);
    let people = people();
    // Seen at 08:00, asked for the last three hours: out at 11:00 and one second.
    let flip = hours.next_clock_flip(0, &people[0].1, &hours.at(now, &prague)).unwrap();
    assert_eq!(flip, instant("2024-03-13T11:00:01Z"));
    let mut scratch = Scratch::default();
    let mut answer = |at: Timestamp| hours.matches(&people[0].1, &hours.at(at, &prague), &mut scratch);
    assert!(answer(now) && answer(Timestamp(flip.0 - 2_000)) && !answer(flip));
}

#[test]
fn bitmaps_of_leaves_come_together_like_the_answers_for_one_contact() {
    let filter = json!({"match": "any", "rules": [
        {"match": "all", "not": true, "rules": [{"field": "vip", "op": "=", "value": 1}, {"field": "tier", "op": "=", "value": "gold"}]},
        {"field": "tags", "op": "in", "value": [1]},
    ]});
    let plan = Plan::of(&Filter::parse(&filter).unwrap(), &fields()).unwrap();
    let moment = plan.at(instant(NOW), &zone("UTC").unwrap());
    let mut scratch = Scratch::default();
    let people = people();
    let sets: Vec<roaring::RoaringBitmap> = (0..plan.leaves.len())
        .map(|leaf| people.iter().filter(|(_, p)| plan.leaf(leaf, p, &moment, &mut scratch)).map(|(id, _)| *id).collect())
        .collect();
    let everyone = (1..=12).collect();
    let combined: BTreeSet<u32> = plan.combine(&|leaf| &sets[leaf], &everyone).iter().collect();
    assert_eq!(combined, selected(&filter, "UTC"));
}
