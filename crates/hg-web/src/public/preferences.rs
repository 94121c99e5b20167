//! The preference centre as a page: plain forms that work without a script.

use axum::body::Bytes;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use hg_app::pages::preference_mark;
use hg_app::preferences::{Centre, Channel, Choice, Period, Said};
use hg_core::tokens::escaped_html;

use super::mails::page;
use super::visitor::never_cache;

/// The name that forms of the preference centre have always had.
const FORM: &str = "lead_contact_frequency_rules";

/// Reads what somebody sent; none when it is no form of the preference centre.
pub(super) fn read(body: &Bytes) -> Option<Said> {
    let mut said = Said::default();
    let mut ours = false;
    for (name, value) in url::form_urlencoded::parse(body) {
        let Some(rest) = name.strip_prefix(FORM) else { continue };
        ours = true;
        let parts: Vec<&str> = rest.split(['[', ']']).filter(|p| !p.is_empty()).collect();
        let value = value.into_owned();
        match parts.as_slice() {
            ["lead_channels", "subscribed_channels", ..] => {
                said.channels.insert(value);
            }
            ["lead_channels", "preferred_channel"] => said.preferred = Some(value).filter(|v| !v.is_empty()),
            ["lead_channels", key] => {
                if let Some(channel) = key.strip_prefix("frequency_number_") {
                    said.frequency.entry(channel.to_owned()).or_default().0 = value;
                } else if let Some(channel) = key.strip_prefix("frequency_time_") {
                    said.frequency.entry(channel.to_owned()).or_default().1 = value;
                } else if let Some(channel) = key.strip_prefix("contact_pause_start_date_") {
                    said.pauses.entry(channel.to_owned()).or_default().0 = value;
                } else if let Some(channel) = key.strip_prefix("contact_pause_end_date_") {
                    said.pauses.entry(channel.to_owned()).or_default().1 = value;
                }
            }
            ["lead_lists", ..] => said.segments.extend(value.parse::<i64>()),
            ["global_categories", ..] => said.categories.extend(value.parse::<i64>()),
            ["consents", ..] => {
                said.consents.insert(value);
            }
            _ => {}
        }
    }
    ours.then_some(said)
}

/// The page, with a word of thanks after saving.
pub(super) fn show(centre: &Centre, saved: bool) -> Response {
    let thanks = if saved { "<p role=\"status\"><strong>Your preferences are saved.</strong></p>" } else { "" };
    if let Some(frame) = &centre.page {
        return framed(frame, centre, thanks);
    }
    let address = escaped_html(&centre.leaver.address);
    let parts: String = [
        channels(centre),
        preferred(centre),
        choices("Topics", "global_categories", &centre.categories),
        choices("Lists", "lead_lists", &centre.segments),
        consents(centre),
    ]
    .concat();
    let body = format!(
        "{STYLE}{thanks}<p>What we send to <strong>{address}</strong>, and how often.</p><form method=\"post\">{parts}{}</form>{}",
        save_button(),
        leave_button()
    );
    page(StatusCode::OK, "Your preferences", &body)
}

const STYLE: &str = "<style>fieldset{border:1px solid #8886;border-radius:8px;margin:0 0 1rem;padding:.8rem 1rem}\
    legend{font-weight:600;padding:0 .3rem}label{display:block;margin:.4rem 0}label.row{display:inline-block;margin-right:1rem}\
    input,select{font:inherit;max-width:100%}input[type=number]{width:5rem}</style>";

fn save_button() -> &'static str {
    "<button type=\"submit\">Save my preferences</button>"
}

fn leave_button() -> &'static str {
    "<form method=\"post\"><input type=\"hidden\" name=\"unsubscribe\" value=\"1\">\
     <p style=\"margin-top:2rem\"><button type=\"submit\" style=\"background:none;color:inherit;text-decoration:underline;padding:0;font-weight:400\">\
     Unsubscribe from all email</button></p></form>"
}

fn name_of(channel: &str) -> &'static str {
    match channel {
        "email" => "Email",
        "sms" => "Text messages",
        _ => "Messages",
    }
}

fn checked(on: bool) -> &'static str {
    if on { " checked" } else { "" }
}

fn channels(centre: &Centre) -> String {
    centre.channels.iter().map(|c| channel(centre, c)).collect()
}

fn channel(centre: &Centre, c: &Channel) -> String {
    let key = c.key;
    let mut html = format!(
        "<fieldset><legend>{}</legend><label><input type=\"checkbox\" name=\"{FORM}[lead_channels][subscribed_channels][]\" value=\"{key}\"{}> Send me these</label>",
        name_of(key),
        checked(c.on)
    );
    if centre.shows.show_frequency {
        let most = c.rule.most.map_or(String::new(), |n| n.to_string());
        let options: String = [(Period::Day, "day"), (Period::Week, "week"), (Period::Month, "month")]
            .into_iter()
            .map(|(period, word)| {
                let chosen = if c.rule.period == Some(period) { " selected" } else { "" };
                format!("<option value=\"{}\"{chosen}>{word}</option>", period.key())
            })
            .collect();
        html.push_str(&format!(
            "<label class=\"row\">At most <input type=\"number\" min=\"1\" max=\"1000\" name=\"{FORM}[lead_channels][frequency_number_{key}]\" value=\"{most}\"></label>\
             <label class=\"row\">in a <select name=\"{FORM}[lead_channels][frequency_time_{key}]\">{options}</select></label>"
        ));
    }
    if centre.shows.show_pause_dates {
        html.push_str(&format!(
            "<p>Pause, when I want nothing:</p>\
             <label class=\"row\">from <input type=\"date\" name=\"{FORM}[lead_channels][contact_pause_start_date_{key}]\" value=\"{}\"></label>\
             <label class=\"row\">until <input type=\"date\" name=\"{FORM}[lead_channels][contact_pause_end_date_{key}]\" value=\"{}\"></label>",
            c.pause.0, c.pause.1
        ));
    }
    html.push_str("</fieldset>");
    html
}

fn preferred(centre: &Centre) -> String {
    if !centre.shows.show_preferred_channel || centre.channels.len() < 2 {
        return String::new();
    }
    let options: String = centre
        .channels
        .iter()
        .map(|c| {
            format!(
                "<label><input type=\"radio\" name=\"{FORM}[lead_channels][preferred_channel]\" value=\"{}\"{}> {}</label>",
                c.key,
                checked(c.rule.preferred),
                name_of(c.key)
            )
        })
        .collect();
    format!("<fieldset><legend>I like best to hear by</legend>{options}</fieldset>")
}

fn choices(title: &str, field: &str, all: &[Choice]) -> String {
    if all.is_empty() {
        return String::new();
    }
    let boxes: String = all
        .iter()
        .map(|c| {
            format!(
                "<label><input type=\"checkbox\" name=\"{FORM}[{field}][]\" value=\"{}\"{}> {}</label>",
                c.id,
                checked(c.on),
                escaped_html(&c.label)
            )
        })
        .collect();
    format!("<fieldset><legend>{title}</legend>{boxes}</fieldset>")
}

fn consents(centre: &Centre) -> String {
    if centre.consents.is_empty() {
        return String::new();
    }
    let boxes: String = centre
        .consents
        .iter()
        .map(|(purpose, given)| {
            let purpose = escaped_html(purpose);
            format!(
                "<label><input type=\"checkbox\" name=\"{FORM}[consents][]\" value=\"{purpose}\"{}> {purpose}</label>",
                checked(*given)
            )
        })
        .collect();
    format!("<fieldset><legend>I agree to</legend>{boxes}</fieldset>")
}

/// A landing page whose tokens become the parts of the form. The form is around all of it.
fn framed(frame: &str, centre: &Centre, thanks: &str) -> Response {
    let html = [
        ("segmentlist", choices("Lists", "lead_lists", &centre.segments)),
        ("categorylist", choices("Topics", "global_categories", &centre.categories)),
        ("channelfrequency", format!("{}{}", channels(centre), consents(centre))),
        ("preferredchannel", preferred(centre)),
        ("saveprefsbutton", save_button().to_owned()),
        ("successmessage", thanks.to_owned()),
        ("leadidentifier", escaped_html(&centre.leaver.address).to_string()),
    ]
    .into_iter()
    .fold(frame.to_owned(), |html, (name, part)| html.replace(&preference_mark(name), &part));
    let lower = html.to_ascii_lowercase();
    let open = lower.find("<body").and_then(|at| lower[at..].find('>').map(|end| at + end + 1));
    let close = lower.rfind("</body>");
    let html = match (open, close) {
        (Some(open), Some(close)) if open <= close => {
            format!("{}<form method=\"post\">{}</form>{}", &html[..open], &html[open..close], &html[close..])
        }
        _ => format!("<form method=\"post\">{html}</form>"),
    };
    let headers = [(header::X_CONTENT_TYPE_OPTIONS, "nosniff"), (header::REFERRER_POLICY, "no-referrer")];
    never_cache((headers, Html(html)).into_response())
}
