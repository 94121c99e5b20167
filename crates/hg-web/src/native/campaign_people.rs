//! People in campaigns, as the API shows them.

use hg_app::campaigns::{History, Next, Person, Progress};
use serde::Serialize;
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
pub struct ContactRef {
    pub id: i64,
    pub name: String,
    pub email: Option<String>,
}

/// A contact in a campaign.
#[derive(Serialize, ToSchema)]
pub struct PersonOut {
    contact: ContactRef,
    /// How often the contact began the campaign.
    rotation: i64,
    joined_at: String,
    /// `active`, `left` or `removed`.
    state: String,
    /// `goal` or `exit` where a rule of the campaign said so.
    left_why: Option<String>,
    current: Vec<NextOut>,
}

/// Something still to come.
#[derive(Serialize, ToSchema)]
pub struct NextOut {
    step_key: String,
    name: String,
    /// `scheduled`, `sending` or `waiting`.
    state: String,
    due_at: Option<String>,
    explain: String,
}

/// Something a contact went through.
#[derive(Serialize, ToSchema)]
struct HistoryOut {
    step_key: String,
    name: String,
    /// `done`, `warning`, `cancelled` or `failed`.
    state: String,
    at: String,
    path: Option<String>,
    detail: Option<String>,
    /// What a condition was decided by, with every value of that moment; its outcome can be found anew from it alone.
    #[schema(value_type = Option<Object>)]
    decision: Option<serde_json::Value>,
}

/// One contact's way through one campaign.
#[derive(Serialize, ToSchema)]
pub struct ProgressOut {
    contact: ContactRef,
    rotation: i64,
    joined_at: String,
    state: String,
    history: Vec<HistoryOut>,
    next: Vec<NextOut>,
}

impl From<Next> for NextOut {
    fn from(n: Next) -> Self {
        Self {
            step_key: n.step_key,
            name: n.name,
            state: n.state.into(),
            due_at: n.due_at.map(|t| t.rfc3339()),
            explain: n.explain,
        }
    }
}

impl From<History> for HistoryOut {
    fn from(h: History) -> Self {
        Self {
            step_key: h.step_key,
            name: h.name,
            state: h.state.into(),
            at: h.at.rfc3339(),
            path: h.path.map(|p| p.key().into()),
            detail: h.detail,
            decision: h.decision,
        }
    }
}

impl From<Person> for PersonOut {
    fn from(p: Person) -> Self {
        Self {
            contact: ContactRef { id: p.contact.0, name: p.name, email: p.email },
            rotation: p.rotation,
            joined_at: p.joined_at.rfc3339(),
            state: p.state,
            left_why: p.left_why,
            current: p.current.into_iter().map(NextOut::from).collect(),
        }
    }
}

impl From<Progress> for ProgressOut {
    fn from(p: Progress) -> Self {
        let person = p.person;
        Self {
            contact: ContactRef { id: person.contact.0, name: person.name, email: person.email },
            rotation: person.rotation,
            joined_at: person.joined_at.rfc3339(),
            state: person.state,
            history: p.history.into_iter().map(HistoryOut::from).collect(),
            next: p.next.into_iter().map(NextOut::from).collect(),
        }
    }
}
