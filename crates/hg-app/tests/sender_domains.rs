//! Sender domains: their keys sign what leaves once the DNS knows them, and the desk says what is missing.

mod mail;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use hg_app::Role;
use hg_app::deliverability::{self, DnsRecord, KeyState, Names, RecordKind, Resolver, SenderDomain};
use hg_app::emails::{Content, NewEmail};
use hg_core::deliverability::Finding;
use hg_core::time::Millis;
use hg_testkit::{TestApp, on_each_db};
use mail::{Desk, email};
use mail_auth::common::parse::TxtRecordParser;
use mail_auth::common::verify::DomainKey;
use mail_auth::{AuthenticatedMessage, DkimResult, MessageAuthenticator, Parameters, ResolverCache, Txt};

/// A DNS that knows what it was told.
#[derive(Default, Clone)]
struct Zone(Arc<Mutex<Records>>);

type Records = HashMap<(RecordKind, String), Vec<String>>;

impl Zone {
    fn of(app: &TestApp) -> Self {
        let zone = Self::default();
        app.ws.set_part(Arc::new(Names(Arc::new(zone.clone()))));
        zone
    }

    fn put(&self, kind: RecordKind, name: &str, value: &str) {
        self.0.lock().unwrap().entry((kind, name.to_owned())).or_default().push(value.to_owned());
    }

    /// Somebody pastes the lines of the desk.
    fn publish(&self, domain: &SenderDomain) {
        for record in domain.records.iter().filter(|r| r.kind == "TXT") {
            self.put(RecordKind::Txt, &record.name, &record.value);
        }
    }
}

#[async_trait]
impl Resolver for Zone {
    async fn ask(&self, kind: RecordKind, name: &str) -> Result<Vec<String>, String> {
        if name.contains("silent") {
            return Err("no answer within five seconds".to_owned());
        }
        Ok(self.0.lock().unwrap().get(&(kind, name.to_owned())).cloned().unwrap_or_default())
    }
}

/// What a verifier would find in the DNS, by names with and without the dot at their end.
struct Cache(HashMap<Box<str>, Txt>);

impl Cache {
    fn of(zone: &Zone) -> Self {
        let mut known = HashMap::new();
        for ((_, name), values) in zone.0.lock().unwrap().iter() {
            let Some(key) = values.first().and_then(|v| DomainKey::parse(v.as_bytes()).ok()) else { continue };
            let key = Txt::from(key);
            known.insert(name.as_str().into(), key.clone());
            known.insert(format!("{name}.").into(), key);
        }
        Self(known)
    }
}

impl ResolverCache<Box<str>, Txt> for Cache {
    fn get<Q>(&self, name: &Q) -> Option<Txt>
    where
        Box<str>: std::borrow::Borrow<Q>,
        Q: std::hash::Hash + Eq + ?Sized,
    {
        self.0.get(name).cloned()
    }
    fn remove<Q>(&self, _: &Q) -> Option<Txt>
    where
        Box<str>: std::borrow::Borrow<Q>,
        Q: std::hash::Hash + Eq + ?Sized,
    {
        None
    }
    fn insert(&self, _: Box<str>, _: Txt, _: std::time::Instant) {}
}

/// How somebody else's verifier judges the signatures of a message: the algorithm, and whether it is good.
async fn verified(zone: &Zone, bytes: &[u8]) -> Vec<(String, bool)> {
    let message = AuthenticatedMessage::parse(bytes).expect("it can be read");
    let authenticator = MessageAuthenticator::new_cloudflare().expect("a resolver");
    let cache = Cache::of(zone);
    let outputs = authenticator.verify_dkim(Parameters::new(&message).with_txt_cache(&cache)).await;
    outputs.iter().map(|o| (format!("{:?}", o.signature().map(|s| s.a)), *o.result() == DkimResult::Pass)).collect()
}

fn record<'d>(domain: &'d SenderDomain, purpose: &str) -> &'d DnsRecord {
    domain.records.iter().find(|r| r.purpose == purpose).unwrap_or_else(|| panic!("no {purpose}"))
}

fn from(address: &str) -> NewEmail {
    let plain = email("Hello", "Hi {contactfield=firstname|there}");
    NewEmail { content: Content { from_address: address.into(), ..plain.content.clone() }, ..plain }
}

on_each_db!(mail_is_signed_twice_as_soon_as_the_dns_knows_the_keys, |app| {
    let zone = Zone::of(&app);
    let domain = deliverability::add(&app.cx(), "News@Example.org").await.unwrap();
    assert_eq!((domain.name.as_str(), domain.keys.len()), ("example.org", 2));
    let (ann, bob) = (app.contact("ann@x.io", "Ann").await, app.contact("bob@x.io", "Bob").await);
    let hello = app.email(from("team@news.example.org")).await;
    app.queue(hello, ann, "before").await;
    app.settle().await;
    let before = app.caught().await.remove(0);
    assert!(!String::from_utf8_lossy(&before.bytes).contains("DKIM-Signature"), "nobody could check it yet");
    zone.publish(&domain);
    let seen = deliverability::check(&app.cx(), domain.id).await.unwrap();
    assert!(seen.keys.iter().all(|k| k.state == KeyState::Active), "{seen:?}");
    app.queue(hello, bob, "after").await;
    app.settle().await;
    let after = app.caught().await.into_iter().find(|c| c.about.to == "bob@x.io").unwrap();
    let mut verdicts = verified(&zone, &after.bytes).await;
    verdicts.sort();
    assert_eq!(verdicts, [("Some(Ed25519Sha256)".to_owned(), true), ("Some(RsaSha256)".to_owned(), true)]);
    let forged = String::from_utf8_lossy(&after.bytes).replace("Subject: Hi Bob", "Subject: Hi Eve").into_bytes();
    assert!(verified(&zone, &forged).await.iter().all(|(_, good)| !good), "a changed message is not ours");
});

on_each_db!(new_keys_take_over_when_they_are_seen_and_the_old_ones_retire, |app| {
    let zone = Zone::of(&app);
    let domain = deliverability::add(&app.cx(), "example.org").await.unwrap();
    zone.publish(&domain);
    app.settle().await;
    let rotated = deliverability::rotate(&app.cx(), domain.id).await.unwrap();
    let states = |d: &SenderDomain| d.keys.iter().map(|k| k.state.key()).collect::<Vec<_>>();
    assert_eq!(states(&rotated), ["waiting", "waiting", "active", "active"]);
    let again = deliverability::rotate(&app.cx(), domain.id).await.unwrap_err();
    assert_eq!(again.code, "sender-domain.keys-wait");
    let signing = deliverability::remove_key(&app.cx(), domain.id, rotated.keys[3].id).await.unwrap_err();
    assert_eq!(signing.code, "sender-domain.key-active");
    zone.publish(&rotated);
    app.advance(Millis::hours(1));
    app.settle().await;
    let seen = deliverability::get(&app.cx(), domain.id).await.unwrap();
    assert_eq!(states(&seen), ["active", "active", "retired", "retired"]);
    assert_eq!(seen.records.iter().filter(|r| r.purpose == "dkim").count(), 2, "retired keys need no line any more");
    let left = deliverability::remove_key(&app.cx(), domain.id, seen.keys[3].id).await.unwrap();
    assert_eq!(left.keys.len(), 3);
});

on_each_db!(the_desk_says_of_each_line_how_it_stands_and_why, |app| {
    let zone = Zone::of(&app);
    let domain = deliverability::add(&app.cx(), "shop.example.org").await.unwrap();
    assert!(domain.records.iter().all(|r| r.finding == Finding::Unknown && r.reason == "Not looked at yet."));
    zone.put(RecordKind::Txt, "shop.example.org", "v=spf1 include:other.net -all");
    zone.put(RecordKind::Txt, "_dmarc.example.org", "v=DMARC1; p=quarantine");
    zone.put(RecordKind::Mx, "shop.example.org", "10 mx.example.org");
    app.settle().await;
    let seen = deliverability::get(&app.cx(), domain.id).await.unwrap();
    assert_eq!(seen.checked_at, Some(app.now()));
    let finding = |purpose: &str| record(&seen, purpose).finding;
    assert_eq!((finding("spf"), finding("dkim"), finding("dmarc")), (Finding::Weak, Finding::Missing, Finding::Good));
    assert!(record(&seen, "dmarc").reason.starts_with("example.org: "), "the policy of the domain above holds");
    assert_eq!((finding("return_path"), finding("tracking")), (Finding::Good, Finding::Missing));
    assert_eq!(record(&seen, "spf").found, ["v=spf1 include:other.net -all"]);
    let silent = deliverability::add(&app.cx(), "silent.example.org").await.unwrap();
    let asked = deliverability::check(&app.cx(), silent.id).await.unwrap();
    assert_eq!(record(&asked, "spf").finding, Finding::Unknown);
    assert!(record(&asked, "spf").reason.contains("no answer within five seconds"));
});

on_each_db!(a_deleted_domain_signs_no_more_until_it_comes_back, |app| {
    let domain = deliverability::add(&app.cx(), "example.org").await.unwrap();
    for key in &domain.keys {
        deliverability::activate(&app.cx(), domain.id, key.id).await.unwrap();
    }
    let hello = app.email(from("team@example.org")).await;
    let signed = async |address: &str| {
        let contact = app.contact(address, "Ann").await;
        app.queue(hello, contact, "first").await;
        app.settle().await;
        let caught = app.caught().await.into_iter().find(|c| c.about.to == address).unwrap();
        String::from_utf8_lossy(&caught.bytes).matches("DKIM-Signature:").count()
    };
    assert_eq!(signed("a@x.io").await, 2);
    deliverability::delete(&app.cx(), domain.id).await.unwrap();
    assert_eq!(signed("b@x.io").await, 0);
    assert!(deliverability::list(&app.cx()).await.unwrap().is_empty());
    deliverability::restore(&app.cx(), domain.id).await.unwrap();
    assert_eq!(signed("c@x.io").await, 2);
});

on_each_db!(names_that_are_no_domains_and_people_who_may_not_are_refused, |app| {
    for wrong in ["", "localhost", "no spaces.org", "-x.org", "a..b"] {
        let error = deliverability::add(&app.cx(), wrong).await.unwrap_err();
        assert_eq!(error.fields[0].pointer, "/name", "{wrong}");
    }
    let domain = deliverability::add(&app.cx(), "example.org").await.unwrap();
    assert_eq!(deliverability::add(&app.cx(), "EXAMPLE.org.").await.unwrap_err().code, "sender-domain.there");
    let (_, viewer) = app.user("vera@example.org", Role::Viewer).await;
    assert!(deliverability::add(&viewer, "other.org").await.is_err());
    assert!(deliverability::rotate(&viewer, domain.id).await.is_err());
    assert_eq!(deliverability::list(&viewer).await.unwrap().len(), 1);
    let rows: Vec<String> = app.ws.db.read(|tx| tx.all("SELECT private_key FROM sender_keys", |r| r.get(0))).await.unwrap();
    assert!(rows.iter().all(|sealed| sealed.starts_with("a:")), "no private key lies readable in the database");
});
