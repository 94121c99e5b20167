//! What can be done to many contacts.

use hg_core::time::Timestamp;
use hg_store::{Sql, Tx};
use serde::{Deserialize, Serialize};

use crate::cx::Area;
use crate::error::{Error, Result};
use crate::preferences::{self, Period, Rule};

/// At most so many messages in a period; none: as the workspace says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limit {
    pub most: Option<i64>,
    pub period: Option<Period>,
}

/// A pause on a channel; without both ends it is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    pub from: Option<Timestamp>,
    pub until: Option<Timestamp>,
}

/// What happens to them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum BulkAction {
    AddTags {
        tags: Vec<String>,
    },
    RemoveTags {
        tags: Vec<String>,
    },
    AddToSegment {
        segment: i64,
    },
    RemoveFromSegment {
        segment: i64,
    },
    /// Undoes a move by hand: the exception is as it was too (1 pinned, -1 taken out, 0 none).
    PutBack {
        segment: i64,
        member: bool,
        exception: i64,
    },
    AddToCampaign {
        campaign: i64,
    },
    RemoveFromCampaign {
        campaign: i64,
    },
    /// 3 by hand; only taking something back writes other reasons.
    DoNotContact {
        channel: String,
        comments: String,
        #[serde(default = "by_hand")]
        reason: i64,
    },
    /// Takes colleagues' own entries away, never what contacts said or servers refused.
    ContactAgain {
        channel: String,
    },
    /// What is `None` stays as it is with each of them.
    ChangeChannel {
        channel: String,
        /// Taking part again lifts what contacts and colleagues said, not what servers refused.
        subscribed: Option<bool>,
        preferred: Option<bool>,
        limit: Option<Limit>,
        pause: Option<Pause>,
    },
    /// Undoes [`BulkAction::ChangeChannel`].
    SetRule {
        rule: Rule,
    },
    Subscribe {
        category: i64,
        subscribed: bool,
    },
    AddToCompany {
        company: i64,
        /// Whether it becomes the primary one.
        #[serde(default = "yes")]
        primary: bool,
    },
    RemoveFromCompany {
        company: i64,
    },
    /// Gives them an owner, or none.
    SetOwner {
        owner: Option<i64>,
    },
    /// To a stage, or out of any.
    ChangeStage {
        stage: Option<i64>,
    },
    Delete,
    Restore,
}

fn by_hand() -> i64 {
    3
}

fn yes() -> bool {
    true
}

impl BulkAction {
    /// What people call it.
    pub(super) fn title(&self) -> &'static str {
        match self {
            Self::AddTags { .. } => "Add tags",
            Self::RemoveTags { .. } => "Remove tags",
            Self::AddToSegment { .. } => "Add to a segment",
            Self::RemoveFromSegment { .. } => "Remove from a segment",
            Self::PutBack { .. } => "Put back into a segment",
            Self::AddToCampaign { .. } => "Add to a campaign",
            Self::RemoveFromCampaign { .. } => "Remove from a campaign",
            Self::DoNotContact { .. } => "Do not contact",
            Self::ContactAgain { .. } => "Allow contact again",
            Self::ChangeChannel { .. } | Self::SetRule { .. } => "Change a channel",
            Self::Subscribe { subscribed: true, .. } => "Subscribe to a category",
            Self::Subscribe { subscribed: false, .. } => "Unsubscribe from a category",
            Self::AddToCompany { .. } => "Add to a company",
            Self::RemoveFromCompany { .. } => "Remove from a company",
            Self::SetOwner { .. } => "Change the owner",
            Self::ChangeStage { .. } => "Change the stage",
            Self::Delete => "Delete",
            Self::Restore => "Restore",
        }
    }

    /// Whose things change, besides those of contacts.
    pub(super) fn area(&self) -> Area {
        match self {
            Self::AddToSegment { .. } | Self::RemoveFromSegment { .. } => Area::Segments,
            Self::AddToCampaign { .. } | Self::RemoveFromCampaign { .. } => Area::Campaigns,
            _ => Area::Contacts,
        }
    }

    /// Going back into a campaign would send its mail again: that is for somebody to want, not for a button to do.
    pub(super) fn can_be_undone(&self) -> bool {
        !matches!(self, Self::RemoveFromCampaign { .. })
    }

    /// Whether what it names is there and its values make sense.
    pub(super) fn check(&self, tx: &mut Tx<'_>) -> Result<()> {
        match self {
            Self::AddToSegment { segment: id } | Self::RemoveFromSegment { segment: id } => there(tx, "segments", "segment", *id),
            Self::AddToCampaign { campaign: id } | Self::RemoveFromCampaign { campaign: id } => {
                there(tx, "campaigns", "campaign", *id)
            }
            Self::ChangeStage { stage: Some(id) } => there(tx, "stages", "stage", *id),
            Self::SetOwner { owner: Some(id) } => there(tx, "users", "user", *id),
            Self::AddToCompany { company: id, .. } | Self::RemoveFromCompany { company: id } => {
                there(tx, "companies", "company", *id)
            }
            Self::Subscribe { category: id, .. } => there(tx, "categories", "category", *id),
            Self::DoNotContact { channel, .. } | Self::ContactAgain { channel } => {
                preferences::check(&Rule::open(channel.as_str()))
            }
            Self::ChangeChannel { channel, subscribed, preferred, limit, pause } => {
                if subscribed.is_none() && preferred.is_none() && limit.is_none() && pause.is_none() {
                    let detail = "Say what changes on the channel: who takes part, how often, a pause or the preferred one.";
                    return Err(Error::field("/action/channel", "contact.no-action", detail));
                }
                let mut rule = Rule::open(channel.as_str());
                change_rule(&mut rule, *preferred, *limit, *pause);
                preferences::check(&rule)
            }
            _ => Ok(()),
        }
    }
}

fn there(tx: &mut Tx<'_>, table: &'static str, what: &'static str, id: i64) -> Result<()> {
    let text = format!("SELECT id FROM {table} WHERE id = $1 AND deleted_at IS NULL");
    let found: Option<i64> = tx.opt(Sql::new(text).bind(id), |r| r.get(0))?;
    found.map(drop).ok_or_else(|| Error::not_found(what, id))
}

/// Writes into a rule what is to change of it.
pub(super) fn change_rule(rule: &mut Rule, preferred: Option<bool>, limit: Option<Limit>, pause: Option<Pause>) {
    if let Some(preferred) = preferred {
        rule.preferred = preferred;
    }
    if let Some(limit) = limit {
        (rule.most, rule.period) = (limit.most, limit.period);
    }
    if let Some(pause) = pause {
        (rule.pause_from, rule.pause_until) = (pause.from, pause.until);
    }
}
