//! From what an author writes to what a person gets.

use std::{borrow::Cow, collections::BTreeMap};

use hg_core::{
    emails::{
        CompileError, CompiledEmail, ContactValues, EmailSource, Links, Message, MessageFacts, MessageUrls, Purpose,
        SourceFormat, Utm, Workspace, plain_text,
    },
    tokens::{DateFormats, OwnText, Value},
};

struct Ann;

impl ContactValues for Ann {
    fn value(&self, alias: &str) -> Option<Value<'_>> {
        Some(Value::plain(Cow::Borrowed(match alias {
            "firstname" => "Ann & Co",
            "lastname" => "O'Hara",
            "website" => "https://a.io/?x=1&y=2",
            _ => return None,
        })))
    }
}

fn source(html: &str) -> EmailSource<'_> {
    EmailSource {
        format: SourceFormat::Html,
        source: html,
        subject: "Hi {contactfield=firstname}",
        preheader: "",
        plain_text: None,
        language: "en",
        utm: Utm::default(),
        purpose: Purpose::Transactional,
        track_clicks: true,
        track_opens: false,
        hidden_link: false,
        site_url: "https://m.io",
        dynamic: &[],
    }
}

fn workspace() -> Workspace {
    Workspace {
        site_url: "https://m.io".into(),
        formats: DateFormats::default(),
        unsubscribe_text: Workspace::sentence("<a href=\"|URL|\">Unsubscribe</a>", OwnText::Unsubscribe),
        webview_text: Workspace::sentence("<a href=\"|URL|\">Look</a>", OwnText::WebView),
        signature_text: String::new(),
        escape_values: true,
    }
}

fn send(email: &EmailSource<'_>) -> Message {
    let compiled = CompiledEmail::compile(email).expect("it compiles");
    let redirects: Vec<String> = (0..compiled.links.len()).map(|n| format!("link{n}")).collect();
    let workspace = workspace();
    compiled
        .render(&MessageFacts {
            contact: Some(&Ann),
            now: "2025-03-10T20:30:00[UTC]".parse().expect("a zoned instant"),
            workspace: &workspace,
            urls: MessageUrls::Sent { key: "k1", address: "ann@x.io", secret: "s1" },
            links: Links::Counted { redirects: &redirects, ct: "hg1.a.b" },
            pages: &BTreeMap::new(),
            from_name: "Shop",
            owner: None,
            given: &BTreeMap::new(),
            escape_given: false,
        })
        .expect("it is filled in")
}

fn body(html: &str) -> String {
    let html = send(&source(html)).html;
    let start = html.find("<body>").expect("a body") + 6;
    let end = html.find("</body>").expect("its end");
    html[start..end].to_owned()
}

#[test]
fn a_link_is_counted_once_however_often_it_stands_there() {
    let email = source(r#"<a href="https://s.io/a?b=1&amp;c=2">one</a><a href="https://s.io/a?b=1&c=2">two</a>"#);
    let compiled = CompiledEmail::compile(&email).expect("it compiles");
    let urls: Vec<&str> = compiled.links.iter().map(|link| link.url.as_str()).collect();
    assert_eq!(urls, ["https://s.io/a?b=1&c=2"]);
    let link = "https://m.io/r/link0?ct=hg1.a.b";
    assert_eq!(body(email.source), format!(r#"<a href="{link}">one</a><a href="{link}">two</a>"#));
}

#[test]
fn a_link_with_a_token_keeps_it_for_the_click() {
    let compiled = CompiledEmail::compile(&source(r#"<a href="https://s.io/?n={contactfield=lastname}">x</a>"#)).unwrap();
    assert_eq!(compiled.links[0].url, "https://s.io/?n={contactfield=lastname}");
}

#[test]
fn a_link_that_is_a_value_as_a_whole_is_one_redirect() {
    let compiled = CompiledEmail::compile(&source(r#"<a href="{contactfield=website}">x</a>"#)).unwrap();
    assert_eq!(compiled.links.len(), 1);
    assert!(compiled.links[0].template.starts_with_field());
}

#[test]
fn links_that_are_not_to_be_counted_are_left_alone() {
    for (written, sent) in [
        (r#"<a mautic:disable-tracking href="https://s.io">x</a>"#, r#"<a href="https://s.io">x</a>"#),
        (r#"<a href="https://s.io" mautic:disable-tracking="true">x</a>"#, r#"<a href="https://s.io">x</a>"#),
        (r##"<a href="#top">x</a>"##, r##"<a href="#top">x</a>"##),
        (r#"<a href="mailto:a@x.io">x</a>"#, r#"<a href="mailto:a@x.io">x</a>"#),
        (r#"<a href="{webview_url}">x</a>"#, r#"<a href="https://m.io/email/view/k1">x</a>"#),
        (r#"<a href="%7Bunsubscribe_url%7D">x</a>"#, r#"<a href="https://m.io/email/unsubscribe/k1/ann%40x.io/s1">x</a>"#),
    ] {
        assert_eq!(body(written), sent, "{written}");
    }
}

#[test]
fn a_link_on_our_own_site_needs_no_host() {
    let compiled = CompiledEmail::compile(&source(r#"<a href="/ama-2017">x</a>"#)).unwrap();
    assert_eq!(compiled.links[0].url, "https://m.io/ama-2017");
}

#[test]
fn campaign_parameters_travel_on_every_counted_link() {
    let utm = Utm { source: "news letter".into(), campaign: "{contactfield=lastname}".into(), ..Utm::default() };
    let html = send(&EmailSource { utm, ..source(r#"<a href="https://s.io">x</a>"#) }).html;
    let wanted = "https://m.io/r/link0?ct=hg1.a.b&amp;utm_source=news%20letter&amp;utm_campaign=O%27Hara";
    assert!(html.contains(wanted), "{html}");
}

#[test]
fn the_subject_is_one_line_and_becomes_the_title() {
    let message = send(&source("<p>x</p>"));
    assert_eq!(message.subject, "Hi Ann & Co");
    assert!(message.html.contains("<title>Hi Ann &amp; Co</title>"), "{}", message.html);
}

#[test]
fn marketing_mail_always_offers_to_unsubscribe() {
    let forgotten = send(&EmailSource { purpose: Purpose::Marketing, ..source("<p>Buy!</p>") });
    assert!(forgotten.html.contains(">Unsubscribe</a>"), "{}", forgotten.html);
    assert_eq!(forgotten.text, "Buy!\n\nUnsubscribe [https://m.io/email/unsubscribe/k1/ann%40x.io/s1]");
    let written = send(&EmailSource { purpose: Purpose::Marketing, ..source("<p>{unsubscribe_text}</p>") });
    assert_eq!(written.html.matches("Unsubscribe</a>").count(), 1);
    assert!(!send(&source("<p>Receipt</p>")).html.contains("Unsubscribe"));
}

#[test]
fn preheader_stands_first_and_the_pixel_last() {
    let email = EmailSource { preheader: "Soon, {contactfield=firstname}", track_opens: true, ..source("<p>x</p>") };
    let html = send(&email).html;
    let (preheader, text, pixel) = (
        html.find("Soon, Ann &amp; Co").expect("the preheader"),
        html.find("<p>x</p>").expect("the text"),
        html.find("https://m.io/email/k1.gif").expect("the pixel"),
    );
    assert!(preheader < text && text < pixel);
    assert_eq!(html.matches("k1.gif").count(), 1);
}

#[test]
fn a_pixel_set_by_the_author_is_not_doubled() {
    let email = EmailSource { track_opens: true, ..source(r#"<img src="{tracking_pixel}">"#) };
    assert_eq!(send(&email).html.matches("k1.gif").count(), 1);
}

#[test]
fn plain_text_is_made_from_the_html_with_counted_links() {
    let message = send(&source(
        r#"<h1>Hello {contactfield=firstname}</h1><style>p{color:red}</style><p>Come <a href="https://s.io">here</a>,
           <b>now</b>.</p><ul><li>one</li><li>two</li></ul><img alt="Logo" src="x"><br>Bye &ndash; us"#,
    ));
    assert_eq!(
        message.text,
        "Hello Ann & Co\n\nCome here [https://m.io/r/link0?ct=hg1.a.b], now.\n\n- one\n- two\n\nLogo\nBye – us"
    );
}

#[test]
fn a_hand_written_plain_text_counts_its_links_with_those_of_the_html() {
    let email =
        EmailSource { plain_text: Some("See https://s.io, or (https://t.io)."), ..source(r#"<a href="https://s.io">x</a>"#) };
    let text = send(&email).text;
    assert_eq!(text, "See https://m.io/r/link0?ct=hg1.a.b, or (https://m.io/r/link1?ct=hg1.a.b).");
}

#[test]
fn the_automatic_plain_text_can_be_edited_with_links_as_they_were_written() {
    let compiled = CompiledEmail::compile(&source(r#"<p><a href="https://s.io">x</a></p>"#)).unwrap();
    assert_eq!(compiled.editable_text, "x [https://s.io]");
}

#[test]
fn mjml_becomes_html_and_loads_no_foreign_fonts() {
    let mjml = r#"<mjml><mj-body><mj-section><mj-column><mj-text>Hi {contactfield=firstname|you}</mj-text>
        <mj-button href="https://s.io/go">Go</mj-button></mj-column></mj-section></mj-body></mjml>"#;
    let html = send(&EmailSource { format: SourceFormat::Mjml, ..source(mjml) }).html;
    assert!(html.contains("Hi Ann &amp; Co"), "{html}");
    assert!(html.contains("https://m.io/r/link0?ct=hg1.a.b"), "{html}");
    assert!(!html.contains("fonts.googleapis"), "{html}");
}

#[test]
fn broken_mjml_says_so() {
    let broken = EmailSource { format: SourceFormat::Mjml, ..source("<mjml><mj-body><mj-nonsense>") };
    assert!(matches!(CompiledEmail::compile(&broken), Err(CompileError::Mjml(_))));
    let huge = "x".repeat(3_000_000);
    assert_eq!(CompiledEmail::compile(&source(&huge)).unwrap_err(), CompileError::TooLong);
}

#[test]
fn a_preview_shows_field_names_and_leads_nowhere_dangerous() {
    let compiled =
        CompiledEmail::compile(&source(r#"{contactfield=city} <a href="{unsubscribe_url}">u</a><a href="https://s.io">s</a>"#))
            .unwrap();
    let workspace = workspace();
    let message = compiled
        .render(&MessageFacts {
            contact: None,
            now: "2025-03-10T20:30:00[UTC]".parse().expect("a zoned instant"),
            workspace: &workspace,
            urls: MessageUrls::Preview { email_id: 3 },
            links: Links::Direct,
            pages: &BTreeMap::new(),
            from_name: "",
            owner: None,
            given: &BTreeMap::new(),
            escape_given: false,
        })
        .unwrap();
    assert!(message.html.contains(r##"[city] <a href="#">u</a><a href="https://s.io">s</a>"##), "{}", message.html);
}

#[test]
fn an_unknown_token_is_told_and_sent_as_it_is() {
    let compiled = CompiledEmail::compile(&source("{frist_name} {contactfield=frist}")).unwrap();
    let warnings = compiled.warnings(&|alias| alias == "firstname");
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(body("{frist_name}").contains("{frist_name}"));
}

#[test]
fn plain_text_of_strange_html_is_still_text() {
    for (html, wanted) in [
        ("", ""),
        ("<div style='display: none'>secret</div>seen", "seen"),
        ("<a href='https://x.io'>https://x.io</a>", "https://x.io"),
        ("<a href='mailto:a@x.io'>a@x.io</a>", "a@x.io"),
        ("<a href='https://x.io'><img src='y'></a>", "[https://x.io]"),
        ("a<script>b</script>c", "ac"),
        ("<p>one<p>two", "one\n\ntwo"),
    ] {
        assert_eq!(plain_text(html).unwrap(), wanted, "{html}");
    }
}
