//! Emails to start from: our own words and our own looks, in the brand of whoever writes.

use crate::tokens::escaped_html;

/// How a house looks and what it has to say about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brand {
    /// The name of the house.
    pub name: String,
    /// Its public address on the web.
    pub site_url: String,
    /// Where the logo lies; empty: the name is written instead.
    pub logo_url: String,
    /// How wide the logo is shown, in pixels.
    pub logo_width: u32,
    /// Colour of buttons.
    pub primary: String,
    /// Colour of words.
    pub text: String,
    /// Colour behind the cards.
    pub ground: String,
    /// Colour of the cards.
    pub card: String,
    /// A list of fonts that every machine has.
    pub font: String,
    /// How round buttons are, in pixels.
    pub radius: u32,
    /// Where post reaches the house; many countries ask for it.
    pub address: String,
    /// Name and address of profiles elsewhere.
    pub links: Vec<(String, String)>,
}

impl Default for Brand {
    fn default() -> Self {
        Self {
            name: "Honeyguide".into(),
            site_url: String::new(),
            logo_url: String::new(),
            logo_width: 140,
            primary: "#4338ca".into(),
            text: "#22252f".into(),
            ground: "#f4f4f7".into(),
            card: "#ffffff".into(),
            font: "Helvetica, Arial, sans-serif".into(),
            radius: 8,
            address: String::new(),
            links: Vec::new(),
        }
    }
}

/// An email to start from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Starter {
    /// Its word.
    pub key: &'static str,
    /// What it is called.
    pub name: &'static str,
    /// What it is good for.
    pub text: &'static str,
    /// Whether it is sent because of something that the person did or bought.
    pub transactional: bool,
    /// A subject.
    pub subject: &'static str,
    /// A preview text.
    pub preheader: &'static str,
    /// MJML.
    pub source: String,
}

struct Plain {
    key: &'static str,
    name: &'static str,
    text: &'static str,
    subject: &'static str,
    preheader: &'static str,
    content: &'static str,
}

macro_rules! plain {
    ($key:literal, $name:literal, $text:literal, $subject:literal, $preheader:literal) => {
        Plain {
            key: $key,
            name: $name,
            text: $text,
            subject: $subject,
            preheader: $preheader,
            content: include_str!(concat!($key, ".mjml")),
        }
    };
}

const ALL: [Plain; 10] = [
    plain!(
        "welcome",
        "Welcome",
        "The first email after somebody signed up.",
        "Welcome, {contactfield=firstname|friend}",
        "Three things to begin with, and a person who reads your answer."
    ),
    plain!(
        "newsletter",
        "Newsletter",
        "Several short pieces, one under the other and side by side.",
        "What this month brings",
        "A story, a habit that saves an hour, and a date for your calendar."
    ),
    plain!(
        "invitation",
        "Invitation",
        "When, where, what it costs, and one button.",
        "An evening with us on 14 May",
        "Short talks, good food, and a seat with your name on it."
    ),
    plain!(
        "reminder",
        "Reminder",
        "The day before an appointment or an event.",
        "Tomorrow at six",
        "How to get there, and what to do if something came up."
    ),
    plain!(
        "thank-you",
        "Thank you",
        "After a purchase, a visit or an answer.",
        "Thank you, {contactfield=firstname|friend}",
        "Two questions, one minute, and a person who reads the answer."
    ),
    plain!(
        "announcement",
        "Announcement",
        "Something new, and what it does for the reader.",
        "It is here: what we have been making",
        "Forty conversations with customers, and what came of them."
    ),
    plain!(
        "digest",
        "Digest",
        "A few links with one sentence each.",
        "Your week in five lines",
        "Something to read, to watch and to use."
    ),
    plain!(
        "re-engagement",
        "Shall we stay in touch?",
        "For people who have not opened for a while.",
        "Shall we stay in touch?",
        "One click is enough. Without it we stop writing in two weeks."
    ),
    plain!(
        "receipt",
        "Receipt",
        "Sent by the API after an order, with tokens of your own.",
        "Your order {order_number}",
        "We have received it, and this is your receipt."
    ),
    plain!(
        "letter",
        "Plain letter",
        "From one person to another, without decoration.",
        "A word to you, {contactfield=firstname|friend}",
        "You asked us to be easier to reach. This is what we did."
    ),
];

/// The gallery in the looks of a house.
pub fn gallery(brand: &Brand) -> Vec<Starter> {
    let shell = include_str!("shell.mjml");
    ALL.iter()
        .map(|plain| Starter {
            key: plain.key,
            name: plain.name,
            text: plain.text,
            transactional: plain.key == "receipt",
            subject: plain.subject,
            preheader: plain.preheader,
            source: branded(&shell.replace("@content@", plain.content.trim_end()), brand),
        })
        .collect()
}

/// A text with the marks of a brand filled in.
pub fn branded(text: &str, brand: &Brand) -> String {
    let site = if brand.site_url.is_empty() { "https://" } else { brand.site_url.as_str() };
    let head = if brand.logo_url.is_empty() {
        format!(r#"<mj-text font-size="18px" font-weight="700" align="center">{}</mj-text>"#, escaped_html(&brand.name))
    } else {
        format!(
            r#"<mj-image src="{}" alt="{}" width="{}px" align="center" />"#,
            escaped_html(&brand.logo_url),
            escaped_html(&brand.name),
            brand.logo_width
        )
    };
    let lines = brand.address.lines().map(str::trim).filter(|line| !line.is_empty());
    let address: String = lines.map(|line| format!("<br />{}", escaped_html(line))).collect();
    let profiles: Vec<String> = brand
        .links
        .iter()
        .map(|(name, url)| format!(r##"<a href="{}" style="color:#565b6b">{}</a>"##, escaped_html(url), escaped_html(name)))
        .collect();
    let social = if profiles.is_empty() { String::new() } else { format!("{}<br />", profiles.join(" &#183; ")) };
    let link = if super::preflight::readable_on(&brand.primary, &brand.card) { &brand.primary } else { &brand.text };
    [
        ("@head@", head.as_str()),
        ("@social@", &social),
        ("@name@", &escaped_html(&brand.name)),
        ("@address@", &address),
        ("@font@", &escaped_html(&brand.font)),
        ("@primary@", &brand.primary),
        ("@on-primary@", on(&brand.primary)),
        ("@link@", link),
        ("@text@", &brand.text),
        ("@ground@", &brand.ground),
        ("@card@", &brand.card),
        ("@radius@", &format!("{}px", brand.radius)),
        ("@site@", site),
    ]
    .iter()
    .fold(text.to_owned(), |text, (mark, value)| text.replace(mark, value))
}

/// White or nearly black, whichever can be read on a colour.
fn on(colour: &str) -> &'static str {
    if super::preflight::readable_on("#ffffff", colour) { "#ffffff" } else { "#15171f" }
}
