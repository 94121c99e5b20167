//! Who enters and leaves (`campaigns.md` §2).

use hg_core::campaigns::{Source, SourceKind};
use hg_core::events::EventKind;
use hg_core::ids::{CampaignId, ContactId};
use hg_store::{Sql, Tx};

use super::run::Run;
use super::store;
use crate::changes::{self, Happening};
use crate::error::Result;

/// How somebody enters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry {
    /// A segment let her in.
    Segment,
    /// He sent in the form.
    Form,
    /// Somebody added the contact by hand, or an API client did.
    ByHand,
    /// A step of the campaign begins it anew.
    Again,
}

struct Membership {
    state: String,
    rotation: i64,
}

fn membership(tx: &mut Tx<'_>, campaign: CampaignId, contact: ContactId) -> Result<Option<Membership>> {
    let sql = Sql::new("SELECT state, rotation FROM campaign_members WHERE campaign_id = $1 AND contact_id = $2")
        .bind(campaign)
        .bind(contact);
    Ok(tx.opt(sql, |r| Ok(Membership { state: r.get(0)?, rotation: r.get(1)? }))?)
}

/// The rotation that an active member is in.
pub(super) fn active_rotation(tx: &mut Tx<'_>, campaign: CampaignId, contact: ContactId) -> Result<Option<i64>> {
    Ok(membership(tx, campaign, contact)?.filter(|m| m.state == "active").map(|m| m.rotation))
}

impl Run<'_, '_> {
    /// Lets a contact in and begins; `false` when the rules of restart refuse.
    pub(super) fn enter(&mut self, campaign: CampaignId, contact: ContactId, entry: Entry) -> Result<bool> {
        let loaded = self.load(campaign)?;
        let before = membership(self.tx, campaign, contact)?;
        let by_hand = i64::from(entry != Entry::Segment);
        let rotation = match &before {
            None => {
                let earlier: i64 = self.tx.scalar(
                    Sql::new("SELECT coalesce(max(rotation), 0) FROM campaign_log WHERE campaign_id = $1 AND contact_id = $2")
                        .bind(campaign)
                        .bind(contact),
                )?;
                earlier + 1
            }
            // Somebody in it already begins again only by sending in the form once more.
            Some(m) if m.state == "active" && entry != Entry::Again && !(loaded.allow_restart && entry == Entry::Form) => {
                return Ok(false);
            }
            Some(m) if m.state == "removed" && entry != Entry::ByHand => return Ok(false),
            Some(m) if m.state == "left" && entry != Entry::ByHand && !loaded.allow_restart => return Ok(false),
            Some(m) => m.rotation + 1,
        };
        // For whom it is over already, it does not begin.
        if self.rule_that_holds(&loaded, contact)?.is_some() {
            return Ok(false);
        }
        if before.is_some() {
            self.cancel_open(campaign, contact, "The contact began the campaign again.")?;
        } else {
            self.tx.exec(Sql::new("UPDATE campaigns SET members = members + 1 WHERE id = $1").bind(campaign))?;
        }
        self.tx.exec(
            Sql::new(
                "INSERT INTO campaign_members (campaign_id, contact_id, rotation, joined_at, state, by_hand) VALUES ($1, $2, $3, $4, 'active', $5) \
                 ON CONFLICT (campaign_id, contact_id) DO UPDATE SET rotation = excluded.rotation, joined_at = excluded.joined_at, \
                 state = 'active', by_hand = excluded.by_hand, left_at = NULL, left_why = NULL",
            )
            .bind(campaign)
            .bind(contact)
            .bind(rotation)
            .bind(self.now)
            .bind(by_hand),
        )?;
        let name = loaded.name.clone();
        changes::note(
            self.tx,
            &Happening::new(contact, EventKind::CampaignJoined, self.now)
                .object(campaign.0)
                .detail(serde_json::json!({ "name": name })),
        )?;
        self.begin(&loaded, contact, rotation)?;
        Ok(true)
    }

    /// Takes a contact out; what was to come is cancelled. `removed`: by somebody's hand, so only a hand brings it back.
    pub(super) fn leave(&mut self, campaign: CampaignId, contact: ContactId, removed: bool, why: &str) -> Result<bool> {
        let n = self.tx.exec(
            Sql::new("UPDATE campaign_members SET state = $3, left_at = $4, by_hand = 0 WHERE campaign_id = $1 AND contact_id = $2 AND state = 'active'")
                .bind(campaign)
                .bind(contact)
                .bind(if removed { "removed" } else { "left" })
                .bind(self.now),
        )?;
        if n == 0 {
            return Ok(false);
        }
        self.cancel_open(campaign, contact, why)?;
        let name = self.load(campaign)?.name.clone();
        changes::note(
            self.tx,
            &Happening::new(contact, EventKind::CampaignLeft, self.now)
                .object(campaign.0)
                .detail(serde_json::json!({ "name": name, "text": why })),
        )?;
        Ok(true)
    }

    /// A contact left a segment: automatic members of its campaigns go, unless another source still holds them.
    pub(super) fn source_lost(&mut self, campaign: CampaignId, contact: ContactId) -> Result<()> {
        let automatic: i64 = self.tx.scalar(
            Sql::new("SELECT count(*) FROM campaign_members WHERE campaign_id = $1 AND contact_id = $2 AND state = 'active' AND by_hand = 0")
                .bind(campaign)
                .bind(contact),
        )?;
        if automatic == 0 {
            return Ok(());
        }
        for source in store::sources(self.tx, campaign)? {
            if self.is_held(source, contact)? {
                return Ok(());
            }
        }
        self.leave(campaign, contact, false, "The contact left the segment that feeds the campaign.")?;
        Ok(())
    }

    /// A contact came to a company or left one, or a company of hers moved between segments: the campaigns that segments of
    /// companies feed follow.
    pub(super) fn companies_changed(&mut self, contact: ContactId) -> Result<()> {
        for campaign in store::fed_by_companies(self.tx)? {
            let of_companies = |s: &Source| s.kind == SourceKind::CompanySegment;
            let sources: Vec<Source> = store::sources(self.tx, campaign)?.into_iter().filter(of_companies).collect();
            let mut held = false;
            for source in sources {
                held = held || self.is_held(source, contact)?;
            }
            if held {
                self.enter(campaign, contact, Entry::Segment)?;
            } else {
                self.source_lost(campaign, contact)?;
            }
        }
        Ok(())
    }

    fn is_held(&mut self, source: Source, contact: ContactId) -> Result<bool> {
        match source.kind {
            SourceKind::Segment => {
                let members = crate::segments::members(self.ws, self.tx, hg_core::ids::SegmentId(source.id))?;
                Ok(members.contains(contact.bit()))
            }
            SourceKind::CompanySegment => {
                crate::company_segments::holds(self.tx, hg_core::ids::CompanySegmentId(source.id), contact)
            }
            SourceKind::Form => Ok(false),
        }
    }
}
