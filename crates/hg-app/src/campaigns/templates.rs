//! Campaigns to start from: whole ways with their waits and paths. What only the workspace knows (emails, segments, forms) is
//! left open, and is named as unfinished until somebody chooses it.

use hg_core::campaigns::{Path, Timing, Unit};
use serde_json::{Value as Json, json};

use super::model::{Campaign, NewCampaign, StepIn};
use super::service;
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, Result};

/// A campaign to start from.
#[derive(Debug, Clone)]
pub struct Template {
    pub key: &'static str,
    pub name: &'static str,
    /// For whom it is, and what it does.
    pub description: &'static str,
    /// What is to be chosen before it can start.
    pub needs: &'static str,
    pub steps: Vec<StepIn>,
}

/// A step of a template.
struct Drawn(StepIn);

fn draw(key: &str, name: &str, kind: &str, settings: Json) -> Drawn {
    Drawn(StepIn {
        key: key.to_owned(),
        parent: None,
        path: None,
        name: name.to_owned(),
        kind: kind.to_owned(),
        settings,
        timing: Timing::immediate(),
    })
}

impl Drawn {
    fn after(mut self, parent: &str) -> Self {
        self.0.parent = Some(parent.to_owned());
        self
    }

    fn yes(mut self, parent: &str) -> Self {
        self.0.path = Some(Path::Yes);
        self.after(parent)
    }

    fn no(mut self, parent: &str) -> Self {
        self.0.path = Some(Path::No);
        self.after(parent)
    }

    fn waits(mut self, n: i64, unit: Unit) -> Self {
        self.0.timing = Timing::after(n, unit);
        self
    }

    /// In the morning of a working day, so that it does not come at night.
    fn in_the_morning(mut self) -> Self {
        self.0.timing.hour = Some("09:00".to_owned());
        self.0.timing.weekdays = vec![1, 2, 3, 4, 5];
        self
    }
}

fn mail(key: &str, name: &str) -> Drawn {
    draw(key, name, "email.send", json!({ "email_id": null }))
}

fn tagged(key: &str, name: &str, tag: &str) -> Drawn {
    draw(key, name, "contact.tags", json!({ "add": [tag], "remove": [] }))
}

fn points(key: &str, name: &str, points: i64) -> Drawn {
    draw(key, name, "contact.points", json!({ "points": points }))
}

fn clicks(key: &str, name: &str) -> Drawn {
    draw(key, name, "email.click", json!({ "urls": [] }))
}

fn opens(key: &str, name: &str) -> Drawn {
    draw(key, name, "email.open", json!({}))
}

fn steps(drawn: Vec<Drawn>) -> Vec<StepIn> {
    drawn.into_iter().map(|d| d.0).collect()
}

/// All of them, in the order in which they are offered.
pub fn templates() -> Vec<Template> {
    use Unit::{Days, Hours};
    vec![
        Template {
            key: "welcome",
            name: "Welcome series",
            description: "Three mails over a week for people who just signed up; the last only for those who clicked nothing yet.",
            needs: "A form or segment of new people, and three emails.",
            steps: steps(vec![
                mail("hello", "Welcome"),
                mail("tour", "What you can do here").after("hello").waits(2, Days).in_the_morning(),
                clicks("curious", "Clicked in the tour?").after("tour"),
                tagged("engaged", "Mark as engaged", "engaged").yes("curious"),
                mail("story", "A story of somebody like you").no("curious").waits(4, Days).in_the_morning(),
            ]),
        },
        Template {
            key: "event-invitation",
            name: "Event invitation with reminder",
            description: "Invites, waits for the registration, reminds those who opened and those who did not in different words.",
            needs: "A segment of guests, the registration form, and three emails.",
            steps: steps(vec![
                mail("invite", "Invitation"),
                draw("registers", "Registered?", "form.submit", json!({ "forms": [] })).after("invite"),
                tagged("guest", "Mark as guest", "registered").yes("registers"),
                mail("details", "Your place is reserved").after("guest"),
                opens("opened", "Opened the invitation?").after("invite"),
                tagged("interested", "Mark as interested", "interested").yes("opened"),
                draw("still_open", "Registered meanwhile?", "contact.has_tags", json!({ "tags": ["registered"] }))
                    .no("opened")
                    .waits(3, Days)
                    .in_the_morning(),
                mail("remind", "Reminder").no("still_open"),
            ]),
        },
        Template {
            key: "re-engagement",
            name: "Win back the silent",
            description: "Asks people who have not opened anything for long whether they want to stay, and stops writing to those who \
                          do not answer.",
            needs: "A segment of silent people, and two emails.",
            steps: steps(vec![
                mail("miss", "We miss you"),
                clicks("back", "Clicked?").after("miss"),
                tagged("active", "Mark as active again", "re-engaged").yes("back"),
                mail("last", "Shall we stop writing?").no("back").waits(7, Days).in_the_morning(),
                clicks("stay", "Wants to stay?").after("last"),
                tagged("stays", "Mark as active again", "re-engaged").yes("stay"),
                draw(
                    "stop",
                    "Stop writing",
                    "contact.stop",
                    json!({ "channels": ["email"], "reason": "No answer to the last question" }),
                )
                .no("stay")
                .waits(10, Days),
            ]),
        },
        Template {
            key: "nurturing",
            name: "Nurture by points",
            description: "Sends something useful every few days, gives points for what people do, and tells the team when somebody is \
                          warm.",
            needs: "A segment or form, and four emails: three for the contact and one for the team.",
            steps: steps(vec![
                mail("guide", "A useful guide"),
                clicks("reads", "Read the guide?").after("guide"),
                points("reader", "10 points", 10).yes("reads"),
                mail("case", "How others do it").after("guide").waits(4, Days).in_the_morning(),
                clicks("reads_case", "Read the example?").after("case"),
                points("case_reader", "15 points", 15).yes("reads_case"),
                mail("offer", "Let us talk").after("case").waits(5, Days).in_the_morning(),
                draw("warm", "20 points or more?", "contact.points_are", json!({ "op": "gte", "points": 20 }))
                    .after("offer")
                    .waits(2, Days),
                draw("tell", "Tell the owner", "team.email", json!({ "email_id": null, "users": [], "owner": true, "to": [] }))
                    .yes("warm"),
                tagged("cold", "Keep for later", "nurture later").no("warm"),
            ]),
        },
        Template {
            key: "after-event",
            name: "Thanks after an event",
            description: "Thanks guests on the next morning, asks for their opinion, and keeps apart who came from who did not.",
            needs: "A segment of people who registered, a feedback form, and three emails. Mark those who came with the tag “attended”.",
            steps: steps(vec![
                draw("came", "Was there?", "contact.has_tags", json!({ "tags": ["attended"] })).waits(12, Hours),
                mail("thanks", "Thank you for coming").yes("came"),
                draw("feedback", "Gave feedback?", "form.submit", json!({ "forms": [] })).after("thanks"),
                points("helpful", "10 points", 10).yes("feedback"),
                mail("ask", "How was it?").no("feedback").waits(3, Days).in_the_morning(),
                mail("missed", "What you missed").no("came"),
            ]),
        },
    ]
}

/// Makes a draft of a template. `name`: how it is called; without one, as the template.
pub async fn create_from(cx: &Cx, key: &str, name: Option<String>, sources: Vec<hg_core::campaigns::Source>) -> Result<Campaign> {
    cx.may(Action::Edit(Area::Campaigns))?;
    let template = templates().into_iter().find(|t| t.key == key).ok_or_else(|| Error::not_found("template", key))?;
    let new = NewCampaign {
        name: name.filter(|n| !n.trim().is_empty()).unwrap_or_else(|| template.name.to_owned()),
        description: Some(template.description.to_owned()),
        sources,
        steps: template.steps,
        ..NewCampaign::default()
    };
    service::create(cx, new).await
}
