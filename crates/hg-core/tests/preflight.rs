//! The look over an email before it goes out, and the gallery that it finds nothing in.

use hg_core::deliverability::Finding;
use hg_core::emails::preflight::{Preflight, Remark, SenderFacts, Weight, preflight};
use hg_core::emails::{Brand, CompiledEmail, EmailSource, Purpose, SourceFormat, Utm, gallery};

const ADDRESS: &str = "Garden Ltd\n5 Apple Lane\n11000 Prague";

fn email<'a>(format: SourceFormat, source: &'a str, subject: &'a str, preheader: &'a str) -> EmailSource<'a> {
    EmailSource {
        format,
        source,
        subject,
        preheader,
        plain_text: None,
        language: "en",
        utm: Utm::default(),
        purpose: Purpose::Marketing,
        track_clicks: true,
        track_opens: true,
        hidden_link: false,
        site_url: "https://garden.io",
        dynamic: &[],
    }
}

fn checked(email: &EmailSource<'_>, sender: &SenderFacts) -> Vec<Remark> {
    let asked = Preflight {
        email,
        bytes: email.source.len(),
        postal_address: ADDRESS,
        sender,
        image_bytes: &|src| src.ends_with("huge.png").then_some(3_000_000),
    };
    preflight(&asked).unwrap()
}

fn good_sender() -> SenderFacts {
    let lines = ["spf", "dkim", "dmarc"].map(|p| (p.to_owned(), Finding::Good, String::new()));
    SenderFacts::Known("garden.io".into(), lines.to_vec())
}

const FOOT: &str = "<p>Garden Ltd, 5 Apple Lane, 11000 Prague</p><p>{unsubscribe_text}</p>";

fn codes_of(html: &str) -> Vec<&'static str> {
    let source = format!("<p>This letter has enough words to be read by people who do not load images at all.</p>{html}{FOOT}");
    let email = email(SourceFormat::Html, &source, "A letter", "What is inside");
    checked(&email, &good_sender()).iter().map(|r| r.code).collect()
}

#[test]
fn the_gallery_compiles_in_every_brand_and_nothing_is_found_in_it() {
    let house =
        Brand { name: "Garden & Sons".into(), site_url: "https://garden.io".into(), address: ADDRESS.into(), ..Brand::default() };
    let bright = Brand {
        primary: "#ffd400".into(),
        logo_url: "https://garden.io/media/1/logo.png".into(),
        links: vec![("Mastodon".into(), "https://social.garden.io/@us".into())],
        ..house.clone()
    };
    for brand in [house, bright] {
        let all = gallery(&brand);
        assert_eq!(all.len(), 10);
        for one in all {
            assert!(!one.source.contains('@') || !one.source.contains("@primary@"), "{}", one.key);
            let purpose = if one.transactional { Purpose::Transactional } else { Purpose::Marketing };
            let email = EmailSource { purpose, ..email(SourceFormat::Mjml, &one.source, one.subject, one.preheader) };
            CompiledEmail::compile(&email).unwrap_or_else(|error| panic!("{}: {error}", one.key));
            assert_eq!(checked(&email, &good_sender()), [], "{}", one.key);
        }
    }
}

#[test]
fn links_are_told_by_what_is_wrong_with_them() {
    for (html, code) in [
        ("<a href=''>Go</a>", "link-empty"),
        ("<a href='#'>Go</a>", "link-empty"),
        ("<a href='https://'>Go</a>", "link-empty"),
        ("<a href='spring.html'>Go</a>", "link-relative"),
        ("<a href='www.garden.io'>Go</a>", "link-relative"),
        ("<a href='javascript:alert(1)'>Go</a>", "link-forbidden"),
        ("<a href='https://gar den'>Go</a>", "link-broken"),
        ("<a href='https://example.org/x'>Go</a>", "link-placeholder"),
        ("<a href='http://garden.example/'>Go</a>", "link-insecure"),
    ] {
        assert_eq!(codes_of(html), [code], "{html}");
    }
    for fine in [
        "https://garden.io/a?b=1&amp;c=2",
        "{pagelink=4}",
        "%7Bwebview_url%7D",
        "/spring",
        "mailto:a@garden.io",
        "https://garden.io/?n={contactfield=lastname}",
        "{contactfield=website}",
    ] {
        assert_eq!(codes_of(&format!("<a href='{fine}'>Go</a>")), [] as [&str; 0], "{fine}");
    }
}

#[test]
fn images_need_words_a_width_an_address_and_little_weight() {
    let src = "https://garden.io/a.png";
    assert_eq!(codes_of(&format!("<img src='{src}' alt='An apple' width='300'>")), [] as [&str; 0]);
    for (html, code) in [
        (format!("<img src='{src}' width='300'>"), "image-without-text"),
        (format!("<img src='{src}' alt='An apple'>"), "image-size"),
        ("<img src='' alt='An apple' width='300'>".to_owned(), "image-missing"),
        ("<img src='a.png' alt='An apple' width='300'>".to_owned(), "image-address"),
        ("<img src='data:image/png;base64,AAAA' alt='x' width='300'>".to_owned(), "image-embedded"),
        ("<img src='https://garden.io/huge.png' alt='x' width='300'>".to_owned(), "heavy-images"),
    ] {
        assert_eq!(codes_of(&html), [code], "{html}");
    }
    let only = format!("<img src='{src}' alt='An apple' width='300'>");
    let email = EmailSource { purpose: Purpose::Transactional, ..email(SourceFormat::Html, &only, "A letter", "Inside") };
    assert_eq!(checked(&email, &good_sender())[0].code, "only-images");
}

#[test]
fn words_that_can_hardly_be_read_are_quoted_with_their_contrast() {
    assert_eq!(codes_of("<p style='color:#999'>Faint</p>"), ["contrast"]);
    assert_eq!(
        codes_of("<div style='background:#4f46e5'><a style='color:#ffffff' href='https://garden.io/'>Go</a></div>"),
        [] as [&str; 0]
    );
    assert_eq!(codes_of("<table><tr><td bgcolor='#000000'>Black on black</td></tr></table>"), ["contrast"]);
    assert_eq!(
        codes_of("<div style='background-image:url(https://garden.io/x.png);color:#fff'>Who knows</div>"),
        [] as [&str; 0]
    );
    assert_eq!(codes_of("<div style='display:none;color:#fff'>Hidden</div>"), [] as [&str; 0]);
}

#[test]
fn the_subject_and_the_words_are_looked_over() {
    let body = format!("<p>A letter with a few words in it, for you.</p>{FOOT}");
    let codes = |subject: &str, preheader: &str| -> Vec<&'static str> {
        let email = email(SourceFormat::Html, &body, subject, preheader);
        checked(&email, &good_sender()).iter().map(|r| r.code).collect()
    };
    assert_eq!(codes("BUY OUR APPLES", "Inside"), ["capitals"]);
    assert_eq!(codes("Apples!!!", "Inside"), ["exclamation-marks"]);
    assert_eq!(codes("Re: our talk", "Inside"), ["false-reply"]);
    assert_eq!(codes("Apples", ""), ["no-preview-text"]);
    assert_eq!(codes("Apples", "apples"), ["same-preview-text"]);
    assert_eq!(codes(&"Apples and pears ".repeat(6), "Inside"), ["long-subject"]);
    assert_eq!(codes("Act now", "Inside"), ["spam-words"]);
    assert_eq!(codes("Reacting nowhere", "Inside"), [] as [&str; 0], "parts of words do not count");
    assert_eq!(codes("{contactfield=firstname}, apples", "Inside"), [] as [&str; 0]);
}

#[test]
fn marketing_mail_has_duties_that_a_receipt_does_not_have() {
    let bare = email(SourceFormat::Html, "<p>A letter with a few words in it, for you.</p>", "Apples", "Inside");
    let codes: Vec<_> = checked(&bare, &good_sender()).iter().map(|r| r.code).collect();
    assert_eq!(codes, ["no-unsubscribe", "address-missing"]);
    let receipt = EmailSource { purpose: Purpose::Transactional, ..bare };
    assert_eq!(checked(&receipt, &good_sender()), []);
}

#[test]
fn the_senders_domain_is_judged_by_what_stands_in_the_dns() {
    let source = format!("<p>A letter with a few words in it, for you.</p>{FOOT}");
    let email = email(SourceFormat::Html, &source, "Apples", "Inside");
    let codes = |sender: SenderFacts| -> Vec<(&'static str, Weight)> {
        checked(&email, &sender).iter().map(|r| (r.code, r.weight)).collect()
    };
    assert_eq!(codes(SenderFacts::Nobody), [("no-sender", Weight::Error)]);
    assert_eq!(codes(SenderFacts::Varies), []);
    assert_eq!(codes(SenderFacts::Strange("gmail.com".into())), [("free-mailbox", Weight::Error)]);
    assert_eq!(codes(SenderFacts::Strange("garden.io".into())), [("unknown-domain", Weight::Warning)]);
    let lines = vec![
        ("spf".to_owned(), Finding::Missing, "There is none.".to_owned()),
        ("dkim".to_owned(), Finding::Unknown, String::new()),
        ("dmarc".to_owned(), Finding::Weak, "It asks for nothing.".to_owned()),
    ];
    assert_eq!(codes(SenderFacts::Known("garden.io".into(), lines)), [("spf", Weight::Warning), ("dmarc", Weight::Hint)]);
}

#[test]
fn what_gmail_cuts_off_comes_first() {
    let source = format!("<p style='color:#999'>{}</p>{FOOT}", "word ".repeat(25_000));
    let email = email(SourceFormat::Html, &source, "Apples", "Inside");
    let remarks = checked(&email, &good_sender());
    assert_eq!((remarks[0].code, remarks[0].weight), ("clipped", Weight::Error));
    assert!(remarks[0].seen.contains("KB"), "{remarks:?}");
}

#[test]
fn two_megabytes_pasted_from_a_word_processor_are_judged_and_more_is_refused() {
    let paragraph = "<p class=MsoNormal style='mso-margin-top-alt:auto;color:black'><o:p>&nbsp;</o:p><span lang=EN-US style='font-family:\"Calibri\",sans-serif;mso-fareast-font-family:\"Times New Roman\"'>Words</span></p>\n";
    let source = paragraph.repeat(2 * 1024 * 1024 / paragraph.len());
    let pasted = email(SourceFormat::Html, &source, "Apples", "Inside");
    assert_eq!(checked(&pasted, &good_sender())[0].code, "clipped");
    assert!(CompiledEmail::compile(&pasted).is_ok());
    let more = format!("{source}{paragraph}{paragraph}");
    let refused = CompiledEmail::compile(&email(SourceFormat::Html, &more, "Apples", "Inside"));
    assert_eq!(refused.unwrap_err().to_string(), "the email is longer than 2 MB");
}
