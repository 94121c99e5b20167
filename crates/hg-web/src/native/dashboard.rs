//! The first page's figures.

use axum::Json;
use hg_app::dashboard::{self, Dashboard};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Web;
use crate::auth::Caller;
use crate::input::Query;
use crate::native::maybe::instant;
use crate::problem::Answer;

pub fn router() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(get))
}

#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Period {
    /// Start; thirty days back when absent.
    from: Option<String>,
    /// End, not included; the end of today when absent.
    to: Option<String>,
}

/// What the first page shows.
#[derive(Serialize, ToSchema)]
struct DashboardOut {
    from: String,
    to: String,
    contacts: DashboardContacts,
    emails: DashboardEmails,
    submissions: DashboardSubmissions,
    series: Vec<DashboardDay>,
    upcoming: Vec<DashboardUpcoming>,
    checklist: Vec<DashboardChecklist>,
}

#[derive(Serialize, ToSchema)]
struct DashboardContacts {
    total: i64,
    identified: i64,
    new: i64,
}

#[derive(Serialize, ToSchema)]
struct DashboardEmails {
    sent: i64,
    opened: i64,
    clicked: i64,
    unsubscribed: i64,
    bounced: i64,
}

#[derive(Serialize, ToSchema)]
struct DashboardSubmissions {
    total: i64,
    by_source: Vec<DashboardSource>,
}

#[derive(Serialize, ToSchema)]
struct DashboardSource {
    source: Option<String>,
    medium: Option<String>,
    count: i64,
}

#[derive(Serialize, ToSchema)]
struct DashboardDay {
    date: String,
    sent: i64,
    opened: i64,
    clicked: i64,
    submissions: i64,
    new_contacts: i64,
}

#[derive(Serialize, ToSchema)]
struct DashboardUpcoming {
    at: String,
    kind: String,
    title: String,
    people: i64,
    link: String,
}

#[derive(Serialize, ToSchema)]
struct DashboardChecklist {
    key: String,
    done: bool,
    link: String,
}

impl From<Dashboard> for DashboardOut {
    fn from(d: Dashboard) -> Self {
        Self {
            from: d.from.rfc3339(),
            to: d.to.rfc3339(),
            contacts: DashboardContacts { total: d.contacts.total, identified: d.contacts.identified, new: d.contacts.new },
            emails: DashboardEmails {
                sent: d.emails.sent,
                opened: d.emails.opened,
                clicked: d.emails.clicked,
                unsubscribed: d.emails.unsubscribed,
                bounced: d.emails.failed,
            },
            submissions: DashboardSubmissions {
                total: d.submissions,
                by_source: d
                    .by_source
                    .into_iter()
                    .map(|s| DashboardSource { source: s.source, medium: s.medium, count: s.count })
                    .collect(),
            },
            series: d
                .days
                .into_iter()
                .map(|x| DashboardDay {
                    date: x.date,
                    sent: x.sent,
                    opened: x.opened,
                    clicked: x.clicked,
                    submissions: x.submissions,
                    new_contacts: x.new_contacts,
                })
                .collect(),
            upcoming: d
                .upcoming
                .into_iter()
                .map(|u| DashboardUpcoming {
                    at: u.at.rfc3339(),
                    kind: u.kind.into(),
                    title: u.title,
                    people: u.people,
                    link: u.link,
                })
                .collect(),
            checklist: d
                .checklist
                .into_iter()
                .map(|c| DashboardChecklist { key: c.key.into(), done: c.done, link: c.link.into() })
                .collect(),
        }
    }
}

/// Contacts, mails, forms by source, day by day; what comes next; what is still to be set up.
#[utoipa::path(get, path = "/dashboard", tag = "dashboard", params(Period), responses((status = 200, body = DashboardOut)))]
async fn get(Caller(cx): Caller, Query(p): Query<Period>) -> Answer<Json<DashboardOut>> {
    let (from, to) = dashboard::default_period(&cx);
    let from = instant("/from", p.from)?.unwrap_or(from);
    let to = instant("/to", p.to)?.unwrap_or(to);
    Ok(Json(dashboard::dashboard(&cx, from, to).await?.into()))
}
