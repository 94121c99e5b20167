//! The call context: who asks, where, in which words. The first parameter of every use case.

use hg_core::ids::{Chance, UserId};
use hg_core::time::Timestamp;
use hg_store::Db;

use crate::error::{Error, Result};
use crate::workspace::Workspace;

/// What somebody who signs in may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Everything.
    Administrator,
    /// Writes and edits; what goes to segments leaves after an administrator said yes.
    Author,
    /// See everything, change nothing.
    Viewer,
}

impl Role {
    pub const fn key(self) -> &'static str {
        match self {
            Self::Administrator => "administrator",
            Self::Author => "author",
            Self::Viewer => "viewer",
        }
    }

    pub fn from_key(key: &str) -> Option<Self> {
        match key {
            "administrator" => Some(Self::Administrator),
            "author" => Some(Self::Author),
            "viewer" => Some(Self::Viewer),
            _ => None,
        }
    }
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// Somebody signed in, in the browser or through an API.
    User { id: UserId, name: String, role: Role, api: bool },
    /// The product itself: workers, commands at the console.
    System,
    /// A visitor of a page, a form, a link. May only what public use cases allow; every check refuses.
    Public,
}

/// A part of the product that permissions are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Area {
    Contacts,
    Fields,
    Segments,
    Emails,
    Pages,
    Forms,
    Campaigns,
    Stages,
    Points,
    Categories,
    Tasks,
    Settings,
    Users,
}

/// What somebody wants to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    View(Area),
    Edit(Area),
    /// Put mails on their way.
    Send,
    /// Ask that mails be put on their way.
    AskToSend,
}

/// What somebody who writes may do.
const fn author_may(action: Action) -> bool {
    match action {
        Action::View(area) => !matches!(area, Area::Users),
        Action::Edit(area) => !matches!(area, Area::Users | Area::Settings),
        Action::AskToSend => true,
        Action::Send => false,
    }
}

/// The call context.
#[derive(Clone)]
pub struct Cx {
    pub ws: Workspace,
    pub actor: Actor,
    /// The language of texts in the answer (`en`).
    pub locale: String,
    /// For the log and for the answer's `request_id`.
    pub request_id: String,
    /// Where the request came from, when a request it was.
    pub address: Option<std::net::IpAddr>,
}

impl Cx {
    /// The product itself acts.
    pub fn system(ws: &Workspace) -> Self {
        Self { ws: ws.clone(), actor: Actor::System, locale: "en".into(), request_id: String::new(), address: None }
    }

    /// A visitor acts.
    pub fn public(ws: &Workspace) -> Self {
        Self { actor: Actor::Public, ..Self::system(ws) }
    }

    pub fn db(&self) -> &Db {
        &self.ws.db
    }

    pub fn now(&self) -> Timestamp {
        self.ws.clock.now()
    }

    pub fn chance(&self) -> &dyn Chance {
        &*self.ws.chance
    }

    /// Refuses when the actor may not do this.
    pub fn may(&self, action: Action) -> Result<()> {
        match (&self.actor, action) {
            (Actor::System, _) => Ok(()),
            (Actor::User { role: Role::Administrator, .. }, _) => Ok(()),
            (Actor::User { role: Role::Viewer, .. }, Action::View(area)) if area != Area::Users => Ok(()),
            (Actor::User { role: Role::Author, .. }, action) if author_may(action) => Ok(()),
            (Actor::User { role: Role::Author, .. }, Action::Send) => {
                Err(Error::forbidden("Your role writes; sending and publishing need an administrator. Ask one."))
            }
            (Actor::User { .. }, _) => {
                Err(Error::forbidden("Your role may see this but not change it. Ask an administrator for the permission."))
            }
            (Actor::Public, _) => Err(Error::unauthenticated()),
        }
    }

    /// The user who acts, if one does.
    pub fn user_id(&self) -> Option<UserId> {
        match self.actor {
            Actor::User { id, .. } => Some(id),
            _ => None,
        }
    }

    /// The name that stands in logs of who did what.
    pub fn actor_name(&self) -> &str {
        match &self.actor {
            Actor::User { name, .. } => name,
            Actor::System => "Honeyguide",
            Actor::Public => "visitor",
        }
    }
}
