//! Blocks about behaviour: how often somebody did something, about what, where and when, all of the same act
//! (`segments.md` §13.5). The value is an object:
//!
//! * `times` – how often, compared by the operator (1 when absent);
//! * `last` – `{"interval": 30, "unit": "day"}`, or `from` and `to` as dates; without them any time counts;
//! * `of` – ids of the emails, forms or pages that count; any when absent;
//! * `url` – `{"op": "contains", "text": "/pricing"}`, for visits;
//! * `machines` – true: what mail scanners opened and clicked counts too, for opens and clicks.

use serde_json::Value as Json;

use crate::segments::build::{Built, date, ids, interval, missing, plain};
use crate::segments::dates::DateSpec;
use crate::segments::leaf::DateAsk;
use crate::segments::{DateTest, NumberTest, Operator as Op, Quantifier, Relation, RowTest, TextColumn, TextTest};

/// What a block can say.
const PARTS: [&str; 7] = ["times", "last", "from", "to", "of", "url", "machines"];

/// Whose rows are looked at: a block about opens or clicks may count those of machines too.
pub(super) fn relation(value: &Json, relation: Relation) -> Built<Relation> {
    match value.get("machines") {
        None | Some(Json::Null | Json::Bool(false)) => Ok(relation),
        Some(Json::Bool(true)) => match relation {
            Relation::EmailOpened => Ok(Relation::EmailOpenedByAny),
            Relation::EmailClicked => Ok(Relation::EmailClickedByAny),
            _ => Err(("/value", "unknown-part", "only opens and clicks can be a machine's".to_string())),
        },
        Some(other) => Err(("/value", "not-a-boolean", format!("“machines” is true or false, not {}", plain(other)))),
    }
}

/// Which rows count, and how many of them are wanted.
pub(super) fn block(op: Op, value: &Json, relation: &Relation) -> Built<(RowTest, Quantifier)> {
    let Json::Object(block) = value else { return Err(missing()) };
    if let Some(unknown) = block.keys().find(|key| !PARTS.contains(&key.as_str())) {
        let detail = format!("a block about behaviour has no “{unknown}”; it takes times, last, from, to, of, url and machines");
        return Err(("/value", "unknown-part", detail));
    }
    let times = match block.get("times") {
        None | Some(Json::Null) => 1.0,
        Some(times) => times
            .as_f64()
            .or_else(|| times.as_str()?.trim().parse().ok())
            .filter(|n| *n >= 0.0)
            .ok_or_else(|| ("/value", "not-a-number", format!("“{}” is not a number of times", plain(times))))?,
    };
    let mut tests = Vec::new();
    if let Some(of) = present(block.get("of")) {
        tests.push(RowTest::Objects(ids(of)?));
    }
    if let Some(when) = when(block)? {
        tests.push(RowTest::At(DateTest { ask: when, contact_zone: false }));
    }
    if let Some(url) = present(block.get("url")) {
        if *relation != Relation::Hit {
            return Err(("/value", "unknown-part", "only visits have an address".to_string()));
        }
        tests.push(address(url)?);
    }
    let rows = match tests.len() {
        0 => RowTest::Any,
        _ => RowTest::All(tests),
    };
    Ok((rows, Quantifier::Count(NumberTest::Compare(op, times))))
}

fn present(value: Option<&Json>) -> Option<&Json> {
    value.filter(|v| !v.is_null() && !v.as_array().is_some_and(Vec::is_empty) && v.as_str() != Some(""))
}

fn when(block: &serde_json::Map<String, Json>) -> Built<Option<DateAsk>> {
    if let Some(last) = present(block.get("last")) {
        let (unit, count) = interval(last)?;
        return Ok(Some(DateAsk::Last(unit, count)));
    }
    let end = |key: &str| -> Built<Option<DateSpec>> {
        let Some(written) = present(block.get(key)) else { return Ok(None) };
        match date(written)? {
            DateSpec::Anniversary(_) => Err(("/value", "not-a-date", "a range needs dates".to_string())),
            spec => Ok(Some(spec)),
        }
    };
    Ok(match (end("from")?, end("to")?) {
        (Some(low), Some(high)) => Some(DateAsk::Between { low, high, outside: false }),
        (Some(low), None) => Some(DateAsk::Compare(Op::Gte, low)),
        (None, Some(high)) => Some(DateAsk::Compare(Op::Lte, high)),
        (None, None) => None,
    })
}

fn address(url: &Json) -> Built<RowTest> {
    let text = url.get("text").and_then(Json::as_str).filter(|t| !t.trim().is_empty()).ok_or_else(missing)?;
    let op = match url.get("op").and_then(Json::as_str).unwrap_or("contains") {
        "contains" => Op::Contains,
        "=" => Op::Eq,
        "startsWith" => Op::StartsWith,
        "endsWith" => Op::EndsWith,
        "regexp" => Op::Regexp,
        other => {
            let detail = format!("an address cannot be compared with “{other}”; use contains, =, startsWith, endsWith or regexp");
            return Err(("/value", "operator-not-offered", detail));
        }
    };
    let test = TextTest::of(op, text).map_err(|(code, detail)| ("/value", code, detail))?;
    Ok(RowTest::Text { column: TextColumn::Url, test, null_counts: false })
}

/// The block in words: "Opened emails at least 3 times in the last 30 days".
pub(super) fn words(label: &str, op: Op, value: &Json) -> String {
    let times = value.get("times").filter(|t| !t.is_null()).map_or_else(|| "1".to_owned(), |t| plain(t).replace(['“', '”'], ""));
    let often = match op {
        Op::Gte => "at least",
        Op::Lte => "at most",
        Op::Gt => "more than",
        Op::Lt => "fewer than",
        _ => "exactly",
    };
    let mut text = format!("{label} {often} {times} {}", if times == "1" { "time" } else { "times" });
    let block = value.as_object().cloned().unwrap_or_default();
    if let Some(of) = present(block.get("of")) {
        text.push_str(&format!(" (of {})", plain(of)));
    }
    if let Some(url) = present(block.get("url")) {
        let part = |key: &str| url.get(key).and_then(Json::as_str).unwrap_or_default();
        let op = if part("op").is_empty() { "contains" } else { part("op") };
        text.push_str(&format!(" where the address {op} “{}”", part("text")));
    }
    if block.get("machines") == Some(&Json::Bool(true)) {
        text.push_str(", mail scanners included,");
    }
    if let Some(last) = present(block.get("last")) {
        let part = |key: &str| last.get(key).map(|v| plain(v).replace(['“', '”'], "")).unwrap_or_default();
        text.push_str(&format!(" in the last {} {}s", part("interval"), part("unit").trim_end_matches('s')));
    } else {
        for (key, word) in [("from", "from"), ("to", "until")] {
            if let Some(date) = present(block.get(key)) {
                text.push_str(&format!(" {word} {}", plain(date)));
            }
        }
    }
    text
}
