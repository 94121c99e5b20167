//! Laws that hold for every text: nothing panics, and a text without tokens comes out as it went in.

use hg_core::tokens::{DateFormats, Place, Template, TokenFacts, Value};
use jiff::Zoned;
use proptest::prelude::*;

struct Nobody(Zoned, DateFormats);

impl TokenFacts for Nobody {
    fn now(&self) -> &Zoned {
        &self.0
    }
    fn formats(&self) -> &DateFormats {
        &self.1
    }
    fn field(&self, _alias: &str) -> Option<Value<'_>> {
        Some(Value::plain("<{&}>"))
    }
}

proptest! {
    #[test]
    fn any_text_renders_everywhere_without_a_panic(text in r"(\PC|\{today\||\{contactfield=|%7B|\}|\|){0,30}") {
        let facts = Nobody(Zoned::default(), DateFormats::default());
        let template = Template::parse(&text);
        for place in [Place::Html, Place::Plain, Place::Line, Place::Url] {
            template.render(&facts, place);
        }
    }

    #[test]
    fn a_text_without_braces_is_left_alone(text in r"[^{%]{0,60}") {
        let facts = Nobody(Zoned::default(), DateFormats::default());
        let template = Template::parse(&text);
        prop_assert!(template.is_static());
        prop_assert_eq!(template.render(&facts, Place::Html), text);
    }

    #[test]
    fn a_value_never_becomes_markup(before in "[a-z ]{0,8}", after in "[a-z ]{0,8}") {
        let facts = Nobody(Zoned::default(), DateFormats::default());
        let html = Template::parse(&format!("{before}{{contactfield=x}}{after}")).render(&facts, Place::Html);
        prop_assert_eq!(html, format!("{before}&lt;{{&amp;}}&gt;{after}"));
    }
}
