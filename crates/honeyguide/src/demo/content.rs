//! What the demo's marketing team wrote: six emails, a landing page, a form.

use hg_core::time::{Millis, TimeZone, Timestamp};

/// The colours and frame of every mail: tables and inlined styles, so that each client shows the same.
fn mail(heading: &str, body: &str, button: Option<(&str, &str)>) -> String {
    let button = button.map_or(String::new(), |(url, label)| {
        format!(
            r##"<mj-button href="{url}" background-color="#3b4fd0" color="#ffffff" border-radius="6px" font-size="16px" inner-padding="12px 22px" align="left">{label}</mj-button>"##
        )
    });
    format!(
        r##"<mjml>
  <mj-head>
    <mj-attributes>
      <mj-all font-family="Helvetica, Arial, sans-serif" />
      <mj-text font-size="16px" line-height="1.6" color="#23262f" />
    </mj-attributes>
  </mj-head>
  <mj-body background-color="#f4f5f9" width="600px">
    <mj-section padding="24px 0 8px"><mj-column><mj-text font-size="13px" color="#555b6b">{{webview_text}}</mj-text></mj-column></mj-section>
    <mj-section background-color="#ffffff" border-radius="8px" padding="16px 12px 24px">
      <mj-column>
        <mj-text font-size="24px" font-weight="700" line-height="1.3">{heading}</mj-text>
        {body}
        {button}
      </mj-column>
    </mj-section>
    <mj-section padding="12px 0 32px"><mj-column><mj-text font-size="13px" color="#555b6b">You get this because you agreed to mail from the community.<br />{{unsubscribe_text}}</mj-text></mj-column></mj-section>
  </mj-body>
</mjml>"##
    )
}

fn text(paragraph: &str) -> String {
    format!("<mj-text>{paragraph}</mj-text>")
}

/// An email of the demo.
pub struct DemoEmail {
    pub name: &'static str,
    pub subject: &'static str,
    pub preheader: &'static str,
    pub source: String,
}

/// The session's instant in its own city, as the time token wants it.
fn time_token(event: Timestamp) -> String {
    let zone = hg_core::time::zone("America/New_York").unwrap_or(TimeZone::UTC);
    let civil = event.civil(&zone);
    format!(
        "{{time={:04}-{:02}-{:02}T{:02}:{:02}:00[America/New_York]|l, F j, g:i a T}}",
        civil.year(),
        civil.month(),
        civil.day(),
        civil.hour(),
        civil.minute()
    )
}

/// The six emails: invitation, its reminder, thank-you, two reminders, thanks and answers.
pub fn emails(site: &str, event: Timestamp) -> [DemoEmail; 6] {
    let when = time_token(event);
    let page = format!("{site}/ama-2017?utm_source=newsletter&amp;utm_medium=email");
    let name = "{contactfield=firstname|friend}";
    let channel = "<b>#ama</b>";
    [
        DemoEmail {
            name: "AMA invitation",
            subject: "{contactfield=firstname|Hello}, ask us anything on Thursday",
            preheader: "Our first ask-me-anything session, and your questions come first.",
            source: mail(
                "Ask us anything",
                &[
                    text(&format!("Hi {name},")),
                    text("for the first time the people behind the project answer whatever you want to know: where it is going, why things are as they are, how to take part."),
                    text(&format!("For you that is <b>{when}</b>, in the chat channel {channel}.")),
                    text("Send in your question beforehand and it will be among the first to be answered."),
                ]
                .concat(),
                Some((&page, "Send in a question")),
            ),
        },
        DemoEmail {
            name: "AMA invitation, reminder",
            subject: "Still time for your question, {contactfield=firstname|friend}",
            preheader: "The list of questions is open until Thursday.",
            source: mail(
                "Your question is missing",
                &[
                    text(&format!("Hi {name},")),
                    text(&format!("we meet in {channel} on <b>{when}</b>. Many questions came in already; yours would be welcome.")),
                ]
                .concat(),
                Some((&page, "Ask now")),
            ),
        },
        DemoEmail {
            name: "AMA thank-you",
            subject: "Your question is on the list",
            preheader: "Thank you. Here is when and where.",
            source: mail(
                "Thank you, we have it",
                &[
                    text(&format!("Hi {name},")),
                    text("your question is on the list. We will answer it in the session; if time runs out, in writing afterwards."),
                    text(&format!("See you on <b>{when}</b> in {channel}. Bring a cup of something warm.")),
                ]
                .concat(),
                None,
            ),
        },
        DemoEmail {
            name: "AMA tomorrow",
            subject: "Tomorrow: ask us anything",
            preheader: "One day to go.",
            source: mail("Tomorrow we meet", &[text(&format!("Hi {name},")), text(&format!("a short note that the session is tomorrow: <b>{when}</b>, in {channel}."))].concat(), None),
        },
        DemoEmail {
            name: "AMA in one hour",
            subject: "In one hour: ask us anything",
            preheader: "We open the channel now.",
            source: mail("We start in one hour", &[text(&format!("Hi {name},")), text(&format!("the channel {channel} is open. We begin at <b>{when}</b>."))].concat(), None),
        },
        DemoEmail {
            name: "AMA thanks and answers",
            subject: "Thank you, and all the answers",
            preheader: "Everything that was asked and answered.",
            source: mail(
                "Thank you for asking",
                &[text(&format!("Hi {name},")), text("it was a pleasure. All questions with their answers are on the page of the session, also those that we ran out of time for.")].concat(),
                Some((&page, "Read the answers")),
            ),
        },
    ]
}

/// When the reminders and the answers go out: a day and an hour before, and a day after.
pub fn registration_dates(event: Timestamp) -> [Timestamp; 3] {
    [event.minus(Millis::days(1)), event.minus(Millis::hours(1)), event.plus(Millis::days(1))]
}

/// The landing page with the form in it.
pub fn page_html(form_id: i64, event: Timestamp) -> String {
    let when = time_token(event);
    format!(
        r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{pagetitle}}</title>
<style>
body {{ margin: 0; font: 17px/1.6 Helvetica, Arial, sans-serif; color: #23262f; background: #f4f5f9; }}
main {{ max-width: 40rem; margin: 0 auto; padding: 3rem 1.25rem 5rem; }}
h1 {{ font-size: 2.2rem; line-height: 1.2; margin: 0 0 1rem; }}
.when {{ background: #fff; border-radius: 8px; padding: 1rem 1.25rem; margin: 1.5rem 0; border: 1px solid #dfe2ec; }}
form {{ background: #fff; border-radius: 8px; padding: 1.25rem; border: 1px solid #dfe2ec; }}
.mauticform-row {{ margin-bottom: 1rem; }}
label {{ display: block; font-weight: 600; margin-bottom: .25rem; }}
input[type=text], input[type=email], textarea {{ width: 100%; box-sizing: border-box; font: inherit; padding: .6rem .7rem; border: 1px solid #8b90a0; border-radius: 6px; }}
textarea {{ min-height: 7rem; }}
button {{ font: inherit; font-weight: 600; color: #fff; background: #3b4fd0; border: 0; border-radius: 6px; padding: .7rem 1.4rem; cursor: pointer; }}
.mauticform-errormsg, .mauticform-error {{ color: #b3261e; }}
</style>
</head>
<body>
<main>
<h1>Ask us anything</h1>
<p>The people behind the project answer your questions, live and in the open. Beginners' questions are the best ones.</p>
<p class="when"><strong>When:</strong> {when}<br><strong>Where:</strong> the chat channel <strong>#ama</strong><br><strong>What to bring:</strong> your question, sent in below or asked on the spot</p>
{{form={form_id}}}
</main>
</body>
</html>
"#
    )
}

/// Questions that visitors of the demo send in.
pub const QUESTIONS: &[&str] = &[
    "How do I get started as a contributor?",
    "What is the plan for the next release?",
    "Will there be an LTS version?",
    "How do you decide which features get in?",
    "Which part of the code needs help most?",
    "Is there a good way to test a campaign before it goes out?",
    "How can a small organisation use this without a developer?",
    "What did you get wrong in the beginning?",
    "Do you meet in person somewhere?",
    "How does the project earn its money?",
    "Can we translate the interface?",
    "What would you never do again?",
    "How do you keep contacts' data safe?",
    "Is there a mentoring programme?",
    "What does a normal week of a maintainer look like?",
];
