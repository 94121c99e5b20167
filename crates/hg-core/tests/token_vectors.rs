//! The token vectors: two contacts, one instant, and what every token must become.

use std::{borrow::Cow, collections::BTreeMap};

use hg_core::tokens::{DateFormats, OwnText, OwnUrl, Owner, Place, Template, Token, TokenFacts, Value, Warning, signature};
use jiff::Zoned;

struct Facts {
    now: Zoned,
    formats: DateFormats,
    fields: BTreeMap<&'static str, (&'static str, Option<&'static str>)>,
    owner: Option<Owner>,
    owner_sends: bool,
    sample: bool,
    given: BTreeMap<&'static str, &'static str>,
    escape_given: bool,
    with_contact: bool,
    unsubscribe_text: Template,
}

fn ann() -> Facts {
    let fields = [
        ("id", ("7", None)),
        ("email", ("ann@x.io", None)),
        ("firstname", ("Ann", None)),
        ("lastname", ("O'Hara", None)),
        ("companyname", ("R&D Ltd", None)),
        ("city", ("", None)),
        ("website", ("https://a.io/?x=1&y=2", None)),
        ("birthday", ("1990-05-01", None)),
        ("lastseen", ("2025-03-10 15:04:05", None)),
        ("color", ("r", Some("Red"))),
        ("langs", ("en|fr", None)),
    ];
    Facts {
        now: "2025-03-11T05:30:00[Asia/Tokyo]".parse().expect("a zoned instant"),
        formats: DateFormats::default(),
        fields: fields.into(),
        owner: Some(Owner {
            email: "bo@x.io".into(),
            first_name: "Bo".into(),
            last_name: "Lee".into(),
            position: String::new(),
            signature: "Bye\nBo".into(),
        }),
        owner_sends: true,
        sample: false,
        given: BTreeMap::new(),
        escape_given: false,
        with_contact: true,
        unsubscribe_text: Template::parse(r#"<a href="{unsubscribe_url}">stop, {contactfield=firstname}</a>"#),
    }
}

fn bare() -> Facts {
    Facts {
        now: "2025-03-10T20:30:00[UTC]".parse().expect("a zoned instant"),
        fields: [("id", ("8", None)), ("email", ("b@x.io", None))].into(),
        owner: None,
        owner_sends: false,
        ..ann()
    }
}

impl TokenFacts for Facts {
    fn now(&self) -> &Zoned {
        &self.now
    }
    fn formats(&self) -> &DateFormats {
        &self.formats
    }
    fn field(&self, alias: &str) -> Option<Value<'_>> {
        let (text, label) = self.fields.get(alias)?;
        Some(Value { label: label.map(Cow::Borrowed), ..Value::plain(*text) })
    }
    fn sample_of(&self, token: &Token) -> Option<Cow<'_, str>> {
        match token {
            Token::OwnerField(name) if self.sample => Some(format!("[Contact owner {name}]").into()),
            Token::ContactField { alias, .. } if self.sample => Some(format!("[{alias}]").into()),
            _ => None,
        }
    }
    fn owner(&self, name: &str) -> Option<Cow<'_, str>> {
        let owner = self.owner.as_ref()?;
        Some(Cow::Borrowed(if name == "firstname" { &owner.first_name } else { &owner.email }))
    }
    fn url(&self, which: OwnUrl) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(match which {
            OwnUrl::Unsubscribe => "https://m.io/email/unsubscribe/abc",
            OwnUrl::WebView if !self.with_contact => "https://m.io/email/preview/12",
            OwnUrl::WebView => "https://m.io/email/view/abc",
            OwnUrl::DoNotContact => "https://m.io/email/dnc/abc",
            OwnUrl::Pixel => "https://m.io/email/abc.gif",
            OwnUrl::Hidden => "https://m.io/email/more/abc",
        }))
    }
    fn text(&self, which: OwnText) -> Option<&Template> {
        (which == OwnText::Unsubscribe).then_some(&self.unsubscribe_text)
    }
    fn subject(&self) -> &str {
        "News"
    }
    fn signature(&self) -> Cow<'_, str> {
        let owner = self.owner.as_ref().filter(|_| self.owner_sends);
        Cow::Owned(signature("Regards, |FROM_NAME|", "Shop", owner))
    }
    fn given(&self, name: &str) -> Option<&str> {
        self.given.get(name).copied()
    }
    fn has_given(&self) -> bool {
        !self.given.is_empty()
    }
    fn escapes_given(&self) -> bool {
        self.escape_given
    }
}

fn html(facts: &Facts, source: &str) -> String {
    Template::parse(source).render(facts, Place::Html)
}

#[test]
fn every_token_becomes_what_its_vector_says() {
    let a = ann();
    let b = bare();
    let hi = "Hi {contactfield=firstname|there}";
    for (number, facts, source, wanted) in [
        (1, &a, hi, "Hi Ann"),
        (1, &b, hi, "Hi there"),
        (2, &a, "{contactfield=city}", ""),
        (3, &a, "{contactfield=city|your town|x}", "your town"),
        (4, &a, "{contactfield=nosuch}", ""),
        (5, &a, "{contactfield=lastname|true}", "O%27Hara"),
        (6, &a, "{contactfield=companyname}", "R&amp;D Ltd"),
        (7, &a, "{contactfield=birthday|date}", "May 1, 1990"),
        (7, &b, "{contactfield=birthday|date}", ""),
        (8, &a, "{contactfield=lastseen|time}", "3:04 pm"),
        (9, &a, "{contactfield=lastseen|datetime}", "March 10, 2025 3:04 pm"),
        (10, &a, "{contactfield=color}", "r"),
        (10, &a, "{contactfield=color|label}", "Red"),
        (11, &a, "{contactfield=langs}", "en|fr"),
        (12, &a, r#"<a href="/%7Bcontactfield%3Dfirstname%7D">"#, r#"<a href="/Ann">"#),
        (13, &a, r#"<a href="%7Bunsubscribe_url%7D">"#, r#"<a href="https://m.io/email/unsubscribe/abc">"#),
        (14, &a, "{UNSUBSCRIBE_URL}", "https://m.io/email/unsubscribe/abc"),
        (15, &a, "{ContactField=firstname}", "Ann"),
        (17, &a, "{today}", "March 11, 2025 5:30 am"),
        (18, &a, "{today|date}", "March 11, 2025"),
        (18, &b, "{today|date}", "March 10, 2025"),
        (19, &a, "{today|Y-m-d|+1 day}", "2025-03-12"),
        (20, &a, "{today|H:i|next monday}", "00:00"),
        (21, &a, "{ownerfield=firstname}", "Bo"),
        (21, &b, "{ownerfield=firstname}", ""),
        (23, &a, "{signature}", "Bye<br>Bo"),
        (24, &b, "{signature}", "Regards, Shop"),
        (25, &a, "{unsubscribe_text}", r#"<a href="https://m.io/email/unsubscribe/abc">stop, Ann</a>"#),
        (28, &a, "{pagelink=999}{assetlink=999}", ""),
        (32, &a, "body{color:red} {foo}", "body{color:red} {foo}"),
        (35, &a, r#"<a href="{contactfield=website}">"#, r#"<a href="https://a.io/?x=1&amp;y=2">"#),
    ] {
        assert_eq!(html(facts, source), wanted, "vector {number}: {source}");
    }
}

#[test]
fn plain_text_gets_the_value_without_escaping() {
    assert_eq!(Template::parse("{contactfield=companyname}").render(&ann(), Place::Plain), "R&D Ltd");
}

#[test]
fn a_value_that_looks_like_a_token_stays_as_it_is() {
    let mut facts = ann();
    facts.fields.insert("firstname", ("{subject}", None));
    assert_eq!(html(&facts, "{contactfield=firstname}"), "{subject}");
}

#[test]
fn without_a_contact_the_sample_names_the_field() {
    let facts = Facts { sample: true, ..bare() };
    assert_eq!(html(&facts, "{ownerfield=email}"), "[Contact owner email]");
    assert_eq!(html(&facts, "{contactfield=city|here}"), "[city]");
}

#[test]
fn tokens_given_by_the_caller_are_html_unless_she_asks_for_escaping() {
    let facts = Facts { given: [("code", "<b>7</b>")].into(), ..ann() };
    let template = Template::parse("{code}");
    assert_eq!(template.render(&facts, Place::Html), "<b>7</b>");
    assert_eq!(template.render(&facts, Place::Plain), "7");
    let escaping = Facts { escape_given: true, ..facts };
    assert_eq!(template.render(&escaping, Place::Html), "&lt;b&gt;7&lt;/b&gt;");
}

#[test]
fn a_token_given_by_the_caller_wins_over_a_built_in_one() {
    let facts = Facts { given: [("contactfield=firstname", "Zoe")].into(), ..ann() };
    assert_eq!(html(&facts, "{contactfield=firstname} {contactfield=lastname}"), "Zoe O'Hara");
}

#[test]
fn a_subject_cannot_smuggle_in_another_header() {
    let mut facts = ann();
    facts.fields.insert("firstname", ("Ann\r\nBcc: z", None));
    assert_eq!(Template::parse("{contactfield=firstname}").render(&facts, Place::Line), "AnnBcc: z");
}

#[test]
fn a_link_without_a_contact_leads_to_the_public_preview() {
    let facts = Facts { with_contact: false, ..bare() };
    assert_eq!(html(&facts, "{webview_url}"), "https://m.io/email/preview/12");
}

#[test]
fn inside_a_link_values_are_percent_encoded_but_a_whole_link_is_not() {
    let facts = ann();
    let inside = Template::parse("https://s.io/?n={contactfield=lastname}");
    assert_eq!(inside.render(&facts, Place::Url), "https://s.io/?n=O%27Hara");
    let whole = Template::parse("{contactfield=website}");
    assert_eq!(whole.render(&facts, Place::Url), "https://a.io/?x=1&y=2");
    assert!(whole.starts_with_field());
}

#[test]
fn a_fixed_instant_is_shown_in_the_zone_of_the_reader() {
    let source = "{time=2017-12-21T10:00:00[America/New_York]|F j, Y g:i a T}";
    assert_eq!(html(&ann(), source), "December 22, 2017 12:00 am JST");
    assert_eq!(html(&bare(), source), "December 21, 2017 3:00 pm UTC");
}

#[test]
fn html_of_a_field_is_raw_only_when_the_author_says_so() {
    let mut facts = ann();
    facts.fields.insert("firstname", ("<b>x</b>", None));
    assert_eq!(html(&facts, "{contactfield=firstname}"), "&lt;b&gt;x&lt;/b&gt;");
    assert_eq!(html(&facts, "{contactfield=firstname|raw}"), "<b>x</b>");
}

#[test]
fn the_author_is_told_about_tokens_that_cannot_mean_anything() {
    let template = Template::parse("{contactfield=frstname} {first_name} {today|Y|someday} p{color:red} {unsubscribe_url}");
    let warnings = template.warnings(&|alias| alias == "firstname");
    assert_eq!(
        warnings,
        [
            Warning::UnknownField { token: "{contactfield=frstname}".into(), alias: "frstname".into() },
            Warning::UnknownToken { token: "{first_name}".into() },
            Warning::UnknownDate { token: "{today|Y|someday}".into(), expression: "someday".into() },
        ]
    );
}

#[test]
fn broken_braces_and_percent_signs_survive() {
    for source in ["{", "}", "{}", "%7B", "%7Bcontactfield%3D", "100% {", "{a{contactfield=city}", "%7Bfoo%7D", "%zz"] {
        let wanted = source.replace("{contactfield=city}", "");
        assert_eq!(html(&ann(), source), wanted, "{source}");
    }
}
