//! Blocks that differ from person to person, and conditions and loops in an email.

use std::collections::BTreeMap;

use hg_core::{
    emails::{
        CompileError, CompiledEmail, ContactValues, DynamicRow, DynamicSlot, DynamicVariation, EmailSource, Links, LogicError,
        Message, MessageFacts, MessageUrls, Purpose, SourceFormat, Utm, Workspace, dynamic_mistakes,
    },
    tokens::Value,
};
use serde_json::{Value as Json, json};

struct Person(BTreeMap<&'static str, String>);

impl ContactValues for Person {
    fn value(&self, alias: &str) -> Option<Value<'_>> {
        self.0.get(alias).map(|text| Value::plain(text.as_str()))
    }
}

fn ann() -> Person {
    let values = [("firstname", "Ann"), ("lastname", "O'Hara"), ("langs", "en|fr"), ("points", "12"), ("vip", "1")];
    let company = [("companycity", "Oslo"), ("segment:3", "1"), ("joined", "2025-03-01")];
    Person(values.into_iter().chain(company).map(|(name, value)| (name, value.to_owned())).collect())
}

fn row(glue: &str, field: &str, operator: &str, value: Json) -> DynamicRow {
    DynamicRow { glue: glue.into(), field: field.into(), operator: operator.into(), value, ..DynamicRow::default() }
}

fn of_kind(kind: &str, row: DynamicRow) -> DynamicRow {
    DynamicRow { kind: kind.into(), ..row }
}

fn slot(default: &str, variations: Vec<(&str, Vec<DynamicRow>)>) -> Vec<DynamicSlot> {
    let variations = variations.into_iter().map(|(content, rows)| DynamicVariation { content: content.into(), rows }).collect();
    vec![DynamicSlot { name: "Hero".into(), content: default.into(), variations }]
}

fn source<'a>(html: &'a str, dynamic: &'a [DynamicSlot]) -> EmailSource<'a> {
    EmailSource {
        format: SourceFormat::Html,
        source: html,
        subject: "Hi",
        preheader: "",
        plain_text: None,
        language: "en",
        utm: Utm::default(),
        purpose: Purpose::Transactional,
        track_clicks: true,
        track_opens: false,
        hidden_link: false,
        site_url: "https://m.io",
        dynamic,
    }
}

fn fill(email: &EmailSource<'_>, person: Option<&Person>) -> Result<Message, LogicError> {
    let compiled = CompiledEmail::compile(email).expect("it compiles");
    let redirects: Vec<String> = (0..compiled.links.len()).map(|n| format!("link{n}")).collect();
    compiled.render(&MessageFacts {
        contact: person.map(|p| p as &dyn ContactValues),
        now: "2025-03-10T20:30:00[UTC]".parse().expect("a zoned instant"),
        workspace: &Workspace { site_url: "https://m.io".into(), escape_values: true, ..Workspace::default() },
        urls: MessageUrls::Sent { key: "k1", address: "ann@x.io", secret: "s1" },
        links: Links::Counted { redirects: &redirects, ct: "hg1.a" },
        pages: &BTreeMap::new(),
        from_name: "Shop",
        owner: None,
        given: &BTreeMap::new(),
        escape_given: false,
    })
}

fn body(html: &str, dynamic: &[DynamicSlot], person: Option<&Person>) -> String {
    let html = fill(&source(html, dynamic), person).expect("it is filled in").html;
    let start = html.find("<body>").expect("a body") + 6;
    html[start..html.find("</body>").expect("its end")].to_owned()
}

const TOKEN: &str = r#"{dynamiccontent="Hero"}"#;

#[test]
fn the_first_variation_that_fits_wins_and_else_the_default() {
    let default = "Hey {contactfield=firstname}";
    // Vector 26.
    let hero = slot(default, vec![("No city", vec![row("and", "city", "empty", Json::Null)])]);
    assert_eq!(body(TOKEN, &hero, Some(&ann())), "No city");
    let hero = slot(default, vec![("Zed!", vec![row("and", "firstname", "=", json!("Zed"))])]);
    assert_eq!(body(TOKEN, &hero, Some(&ann())), "Hey Ann");
    // Vector 27.
    let rows = vec![row("and", "firstname", "=", json!("Zed")), row("or", "langs", "in", json!(["fr"]))];
    let hero = slot(default, vec![("Bonjour", rows)]);
    assert_eq!(body(TOKEN, &hero, Some(&ann())), "Bonjour");
    assert_eq!(body(TOKEN, &hero, None), "Hey [firstname]", "without a contact there is only the default");
}

#[test]
fn rows_in_a_group_must_all_hold_and_one_group_is_enough() {
    let first = row("and", "firstname", "=", json!("ann"));
    let last = row("and", "lastname", "=", json!("Nobody"));
    let or_points = of_kind("number", row("or", "points", "gte", json!(12)));
    let shown = |rows: Vec<DynamicRow>| body(TOKEN, &slot("no", vec![("yes", rows)]), Some(&ann()));
    assert_eq!(shown(vec![first.clone(), last.clone()]), "no");
    assert_eq!(shown(vec![first, last, or_points]), "yes");
}

#[test]
fn every_operator_answers_as_the_specification_says() {
    let number = |op: &str, value: Json| of_kind("number", row("and", "points", op, value));
    for (row, wanted) in [
        (row("and", "firstname", "!=", json!("Bo")), true),
        (row("and", "nosuch", "!=", json!("Bo")), true),
        (row("and", "nosuch", "=", json!("Bo")), false),
        (row("and", "nosuch", "empty", json!(null)), true),
        (row("and", "nosuch", "!in", json!(["a"])), true),
        (row("and", "firstname", "like", json!("a*n")), true),
        (row("and", "firstname", "!like", json!("%n%")), false),
        (row("and", "firstname", "regexp", json!("^A.n$")), true),
        (row("and", "firstname", "!regexp", json!("^x")), true),
        (row("and", "lastname", "startsWith", json!("o'")), true),
        (row("and", "lastname", "endsWith", json!("RA")), true),
        (row("and", "lastname", "contains", json!("Har")), true),
        (row("and", "langs", "in", json!(["de", "en"])), true),
        (row("and", "langs", "!in", json!(["fr"])), false),
        (number("gt", json!("9")), true),
        (number("gt", json!(12.5)), false),
        (number("=", json!("12.0")), true),
        (row("and", "joined", "gt", json!("2025-02-28")), true),
        (of_kind("boolean", row("and", "vip", "=", json!(true))), true),
        (of_kind("boolean", row("and", "vip", "!=", json!("0"))), true),
        (of_kind("boolean", row("and", "nosuch", "=", json!(0))), true),
        (of_kind("leadlist", row("and", "leadlist", "in", json!([3, 9]))), true),
        (of_kind("leadlist", row("and", "leadlist", "!in", json!(["3"]))), false),
        (row("and", "companycity", "=", json!("Oslo")), true),
    ] {
        let hero = slot("no", vec![("yes", vec![row.clone()])]);
        assert_eq!(dynamic_mistakes(&hero), [], "{row:?}");
        assert_eq!(body(TOKEN, &hero, Some(&ann())) == "yes", wanted, "{row:?}");
    }
}

#[test]
fn rows_that_cannot_be_asked_say_so_before_anything_is_sent() {
    for (row, said) in [
        (row("and", "", "=", json!("x")), "Choose a field."),
        (row("and", "city", "resembles", json!("x")), "There is no operator “resembles”."),
        (of_kind("leadlist", row("and", "leadlist", "in", json!([]))), "Choose a segment."),
        (of_kind("number", row("and", "points", "gt", json!("many"))), "Compare a number with a number."),
        (row("and", "city", "in", json!([])), "Choose at least one value."),
    ] {
        let mistakes = dynamic_mistakes(&slot("", vec![("x", vec![row])]));
        assert_eq!(mistakes.len(), 1, "{mistakes:?}");
        assert_eq!((mistakes[0].pointer.as_str(), mistakes[0].detail.as_str()), ("/0/variations/0/rows/0", said));
    }
    let lookaround = dynamic_mistakes(&slot("", vec![("x", vec![row("and", "city", "regexp", json!("(?=x)"))])]));
    assert_eq!(lookaround.len(), 1, "{lookaround:?}");
    let twice = [slot("a", vec![]), slot("b", vec![])].concat();
    assert!(dynamic_mistakes(&twice)[0].detail.contains("two blocks"));
}

#[test]
fn links_in_a_block_are_counted_and_a_block_holds_no_other_block() {
    let hero = slot(r#"<a href="https://s.io">s</a>{dynamiccontent="Hero"}"#, vec![]);
    assert_eq!(body(TOKEN, &hero, Some(&ann())), r#"<a href="https://m.io/r/link0?ct=hg1.a">s</a>"#);
    let message = fill(&source(TOKEN, &hero), Some(&ann())).unwrap();
    assert_eq!(message.text.trim(), "s [https://m.io/r/link0?ct=hg1.a]");
}

#[test]
fn a_block_that_is_not_there_is_empty_and_told() {
    let compiled = CompiledEmail::compile(&source(TOKEN, &[])).unwrap();
    assert_eq!(compiled.warnings(&|_| true).len(), 1);
    assert_eq!(body(TOKEN, &[], Some(&ann())), "");
}

#[test]
fn conditions_and_loops_see_the_contact() {
    let told = |html: &str| body(html, &[], Some(&ann()));
    assert_eq!(told("{% if contact.city %}In {{ contact.city }}{% else %}Where?{% endif %}"), "Where?");
    assert_eq!(told("{% if contact.points &gt; 9 %}Many{% endif %}"), "Many");
    assert_eq!(told("{% for l in contact.langs|split('|') %}[{{ l|upper }}]{% endfor %}"), "[EN][FR]");
    assert_eq!(told("{% if contact.firstname == \"Ann\" %}{contactfield=lastname}{% endif %}"), "O'Hara");
    assert_eq!(told("body{color:red} {{ contact.city }}"), "body{color:red} {{ contact.city }}", "only statements ask for it");
}

#[test]
fn statements_are_no_unknown_tokens() {
    let html = "{% if contact.city %}{{ contact.city }}{{contact.city|upper}}{% endif %}{first_name}";
    let warnings = CompiledEmail::compile(&source(html, &[])).unwrap().warnings(&|_| true);
    assert_eq!(warnings.len(), 1, "{warnings:?}");
}

#[test]
fn a_value_that_looks_like_a_token_or_a_statement_stays_a_value() {
    let mut eve = ann();
    eve.0.insert("firstname", "{unsubscribe_url}{% if 1 %}<b>".into());
    let shown = body("{% if 1 %}{{ contact.firstname }}{% endif %}", &[], Some(&eve));
    assert_eq!(shown, "{unsubscribe_url}{% if 1 %}&lt;b&gt;");
}

#[test]
fn a_template_that_loops_for_ever_or_makes_too_much_is_stopped() {
    let mut eve = ann();
    eve.0.insert("long", "a,".repeat(3_000));
    let inner = "{% for a in contact.long|split(',') %}{% for b in contact.long|split(',') %}";
    let ends = "{% endfor %}{% endfor %}";
    let looping = fill(&source(&format!("{inner}{ends}"), &[]), Some(&eve));
    assert_eq!(looping.unwrap_err(), LogicError::TooManySteps);
    let word = "x".repeat(60_000);
    let growing = fill(&source(&format!("{inner}{word}{ends}"), &[]), Some(&eve));
    assert!(matches!(growing.unwrap_err(), LogicError::TooLong | LogicError::TooManySteps));
}

#[test]
fn what_could_do_harm_is_refused_when_the_email_is_saved() {
    for html in [
        "{% for a in contact.x %}",
        "{% if contact.x",
        "{% set a = 'x' %}",
        "{% macro m() %}{% endmacro %}",
        "{% include 'x' %}",
        "{% if 1 %}{{ 'x' * 1000000000 }}{% endif %}",
        "{% if 1 %}{{ 'x' ~ 'y' }}{% endif %}",
        "{% if range(3) %}{% endif %}{% if %}",
        "{% if contact.x|nosuch %}{% endif %}",
    ] {
        let refused = CompiledEmail::compile(&source(html, &[])).map(|compiled| compiled.links.len());
        let ran = match refused {
            Err(CompileError::Logic(LogicError::Unreadable(_))) => continue,
            Ok(_) => fill(&source(html, &[]), Some(&ann())),
            Err(other) => panic!("{html}: {other}"),
        };
        assert!(matches!(ran, Err(LogicError::Failed(_))), "{html}: {ran:?}");
    }
}
