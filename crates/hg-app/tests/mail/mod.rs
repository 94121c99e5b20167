//! What tests of sending share: contacts, emails, and a look into the ledger and the outbox.
#![allow(dead_code)]

use hg_app::emails::{self, Content, NewEmail, Queue, Queued};
use hg_app::list::ListQuery;
use hg_app::sending::outbox::{self, CaughtMessage};
use hg_app::sending::{self, SendRow};
use hg_core::emails::SendState;
use hg_core::ids::{ContactId, EmailId};
use hg_core::time::Timestamp;
use hg_store::Sql;
use hg_testkit::TestApp;

/// A marketing email with a greeting.
pub fn email(name: &str, subject: &str) -> NewEmail {
    let source = "<p>Dear {contactfield=firstname}, <a href=\"https://example.com/offer\">look</a>.</p>".to_owned();
    NewEmail {
        name: name.into(),
        content: Content { subject: subject.into(), source, ..Content::default() },
        ..NewEmail::default()
    }
}

/// Short words for what tests do.
pub trait Desk {
    async fn contact(&self, address: &str, first_name: &str) -> ContactId;
    async fn email(&self, new: NewEmail) -> EmailId;
    async fn queue(&self, email: EmailId, contact: ContactId, occasion: &str) -> Queued;
    async fn queue_at(&self, email: EmailId, contact: ContactId, occasion: &str, due_at: Timestamp) -> Queued;
    async fn caught(&self) -> Vec<CaughtMessage>;
    async fn sends(&self, contact: ContactId) -> Vec<SendRow>;
    async fn block(&self, contact: ContactId, reason: i64);
    async fn blocked(&self, contact: ContactId) -> Option<i64>;
    async fn force_state(&self, contact: ContactId, state: SendState);
}

impl Desk for TestApp {
    async fn contact(&self, address: &str, first_name: &str) -> ContactId {
        let (address, first_name, now) = (address.to_owned(), first_name.to_owned(), self.now());
        let key = Some(address.clone()).filter(|a| !a.is_empty());
        self.ws
            .db
            .write(move |tx| {
                Ok::<_, hg_app::Error>(tx.one(
                    Sql::new("INSERT INTO contacts (created_at, updated_at, identified_at, email, email_key, firstname) VALUES ($1, $1, $1, $2, $3, $4) RETURNING id")
                        .bind(now)
                        .bind(key.as_deref())
                        .bind(key.as_deref())
                        .bind(&first_name),
                    |r| r.get(0),
                )?)
            })
            .await
            .unwrap()
    }

    async fn email(&self, new: NewEmail) -> EmailId {
        emails::create(&self.cx(), new).await.unwrap_or_else(|e| panic!("{e:?}")).id
    }

    async fn queue(&self, email: EmailId, contact: ContactId, occasion: &str) -> Queued {
        self.queue_at(email, contact, occasion, self.now()).await
    }

    async fn queue_at(&self, email: EmailId, contact: ContactId, occasion: &str, due_at: Timestamp) -> Queued {
        let (ws, occasion) = (self.ws.clone(), occasion.to_owned());
        let what = Queue { email, contact, occasion, campaign: None, step: None, due_at };
        self.ws.db.write(move |tx| emails::queue_one(&ws, tx, what.clone())).await.unwrap_or_else(|e| panic!("{e:?}"))
    }

    async fn caught(&self) -> Vec<CaughtMessage> {
        let mut messages = Vec::new();
        for caught in outbox::list(&self.cx(), ListQuery { limit: 500, ..ListQuery::default() }).await.unwrap().items {
            messages.push(outbox::get(&self.cx(), caught.id).await.unwrap());
        }
        messages
    }

    async fn sends(&self, contact: ContactId) -> Vec<SendRow> {
        self.ws.db.read(move |tx| sending::of_contact(tx, contact, 100)).await.unwrap()
    }

    async fn block(&self, contact: ContactId, reason: i64) {
        let now = self.now();
        self.ws.db.write(move |tx| sending::unsubscribe::write(tx, now, contact, reason, "by a test", None)).await.unwrap();
    }

    async fn blocked(&self, contact: ContactId) -> Option<i64> {
        let sql = "SELECT reason FROM do_not_contact WHERE contact_id = $1 AND channel = 'email'";
        self.ws.db.read(move |tx| Ok::<_, hg_app::Error>(tx.opt(Sql::new(sql).bind(contact), |r| r.get(0))?)).await.unwrap()
    }

    async fn force_state(&self, contact: ContactId, state: SendState) {
        let sql = "UPDATE sends SET state = $2, claimed_until = 0 WHERE contact_id = $1";
        self.ws
            .db
            .write(move |tx| Ok::<_, hg_app::Error>(tx.exec(Sql::new(sql).bind(contact).bind(state.code()))?))
            .await
            .unwrap();
    }
}
