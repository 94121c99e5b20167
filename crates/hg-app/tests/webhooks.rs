//! Reports of providers: each is believed only when signed as it signs, counts once, and means what the provider means.

mod mail;

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hg_app::outgoing::{Ask, Outgoing, Told, Unanswered, Web};
use hg_app::returns::webhooks::{Callback, Provider, Refused, take, write_webhook};
use hg_app::returns::{self, ReturnQuery};
use hg_core::ids::ContactId;
use hg_core::time::Millis;
use hg_testkit::{TestApp, on_each_db};
use hmac::{Hmac, KeyInit, Mac};
use mail::{Desk, email};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair};
use rsa::pkcs8::{EncodePrivateKey, EncodePublicKey};
use serde_json::{Value as Json, json};
use sha2::Sha256;

const SECRET: &str = "a-shared-secret-of-some-length";

/// Ann, who was sent an email, and the key of the message.
async fn sent(app: &TestApp) -> (ContactId, String, String) {
    let ann = app.contact("ann@example.org", "Ann").await;
    let hello = app.email(email("Hello", "Hi")).await;
    app.queue(hello, ann, "first").await;
    app.settle().await;
    let send = app.sends(ann).await.remove(0);
    (ann, send.tracking_key, send.message_id)
}

fn basic() -> (String, String) {
    ("authorization".to_owned(), format!("Basic {}", STANDARD.encode(SECRET)))
}

fn plain(body: &Json) -> Callback {
    Callback { headers: vec![basic()], body: body.to_string().into_bytes() }
}

fn mac(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = <Hmac<Sha256> as KeyInit>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

async fn set_up(app: &TestApp, provider: Provider, secret: &str) {
    write_webhook(&app.cx(), provider, secret).await.unwrap();
}

/// What the day's counters say about a provider.
async fn counted(app: &TestApp, provider: Provider) -> Vec<(String, i64)> {
    let days = returns::days(&app.cx(), 1).await.unwrap();
    days.into_iter().filter(|d| d.source == provider.key()).map(|d| (d.outcome, d.times)).collect()
}

/// The report was taken once and known once.
async fn replayed(app: &TestApp, provider: Provider, times: i64) {
    let counted = counted(app, provider).await;
    for word in ["done", "repeated"] {
        assert!(counted.contains(&(word.to_owned(), times)), "{provider:?}: {counted:?}");
    }
}

on_each_db!(every_provider_can_say_that_an_address_is_dead, |app| {
    let bodies = |key: &str, message_id: &str| -> Vec<(Provider, Json)> {
        vec![
            (
                Provider::Postmark,
                json!({"RecordType": "Bounce", "ID": 42, "Type": "HardBounce", "Email": "ann@example.org",
                "Details": "550 no such user", "BouncedAt": "2024-03-13T10:00:00Z", "Metadata": {"hashId": key}}),
            ),
            (
                Provider::SparkPost,
                json!([{"msys": {"message_event": {"type": "bounce", "event_id": "92356927693813856", "bounce_class": "10",
                "rcpt_to": "ann@example.org", "raw_reason": "550 5.1.1 no such user", "rcpt_meta": {"hashId": key}}}}]),
            ),
            (
                Provider::Mailjet,
                json!({"event": "bounce", "time": 1430812195, "MessageID": 13792286917004336u64, "email": "ann@example.org",
                "hard_bounce": true, "error_related_to": "recipient", "error": "user unknown", "CustomID": key}),
            ),
            (
                Provider::Brevo,
                json!({"event": "hard_bounce", "email": "ann@example.org", "id": 26224, "ts_event": 1604933654,
                "message-id": format!("<{message_id}>"), "reason": "user unknown"}),
            ),
        ]
    };
    let hello = app.email(email("Hello", "Hi")).await;
    for (at, who) in ["ann@example.org", "bob@example.org", "cleo@example.org", "dan@example.org"].into_iter().enumerate() {
        let contact = app.contact(who, "Somebody").await;
        app.queue(hello, contact, "first").await;
        app.settle().await;
        let send = app.sends(contact).await.remove(0);
        let (provider, body) = bodies(&send.tracking_key, &send.message_id).remove(at);
        let body: Json = serde_json::from_str(&body.to_string().replace("ann@example.org", who)).unwrap();
        set_up(&app, provider, SECRET).await;
        assert_eq!(take(&app.cx(), provider, plain(&body)).await.unwrap(), Ok(1), "{provider:?}");
        assert_eq!(app.blocked(contact).await, Some(2), "{provider:?}");
        assert_eq!(
            take(&app.cx(), provider, plain(&body)).await.unwrap(),
            Ok(1),
            "a provider that repeats is told that all is well"
        );
        assert_eq!(counted(&app, provider).await, [("done".to_owned(), 1), ("repeated".to_owned(), 1)], "{provider:?}");
    }
});

on_each_db!(a_report_without_the_agreed_secret_changes_nothing_and_is_counted, |app| {
    let (ann, key, _) = sent(&app).await;
    let body = json!({"RecordType": "SpamComplaint", "ID": 1, "Email": "ann@example.org", "Metadata": {"hashId": key}});
    assert_eq!(take(&app.cx(), Provider::Postmark, plain(&body)).await.unwrap(), Err(Refused::Forged), "nobody set it up");
    set_up(&app, Provider::Postmark, SECRET).await;
    for header in ["", "Basic !!!", "Basic YTpi", "Bearer wrong", "Digest x"] {
        let mut callback = plain(&body);
        callback.headers = vec![("authorization".to_owned(), header.to_owned())];
        assert_eq!(take(&app.cx(), Provider::Postmark, callback).await.unwrap(), Err(Refused::Forged), "{header}");
    }
    assert_eq!(app.blocked(ann).await, None);
    assert_eq!(counted(&app, Provider::Postmark).await, [("forged".to_owned(), 6)]);
    let garbage = Callback { headers: vec![basic()], body: b"{".to_vec() };
    assert_eq!(take(&app.cx(), Provider::Postmark, garbage).await.unwrap(), Err(Refused::Unreadable));
    assert_eq!(take(&app.cx(), Provider::Postmark, plain(&json!({"a": 1}))).await.unwrap(), Err(Refused::Unreadable));
    write_webhook(&app.cx(), Provider::Postmark, "").await.unwrap();
    assert_eq!(take(&app.cx(), Provider::Postmark, plain(&body)).await.unwrap(), Err(Refused::Forged), "its door was shut");
});

on_each_db!(whoever_does_not_know_a_providers_secret_is_refused_at_every_door, |app| {
    let (ann, key, message_id) = sent(&app).await;
    let body = json!({"RecordType": "HardBounce", "event": "hard_bounce", "email": "ann@example.org", "hard_bounce": true,
        "CustomID": key, "message-id": message_id, "Metadata": {"hashId": key}});
    for provider in Provider::ALL {
        let secret = if provider == Provider::Ses { "arn:aws:sns:eu-west-1:1:bounces".to_owned() } else { "s3cret--".repeat(12) };
        set_up(&app, provider, &secret).await;
        for header in ["", "Basic YWRhOmd1ZXNz", "Bearer guess"] {
            let headers = vec![("authorization".to_owned(), header.to_owned())];
            let callback = Callback { headers, body: body.to_string().into_bytes() };
            assert_eq!(take(&app.cx(), provider, callback).await.unwrap(), Err(Refused::Forged), "{provider:?} {header}");
        }
        assert_eq!(counted(&app, provider).await, [("forged".to_owned(), 3)], "{provider:?}");
    }
    assert_eq!(app.blocked(ann).await, None);
});

on_each_db!(mailgun_signs_time_and_token, |app| {
    let (ann, key, _) = sent(&app).await;
    set_up(&app, Provider::Mailgun, SECRET).await;
    let signed = |at: i64, key: &str| {
        let signature = hex(&mac(SECRET.as_bytes(), &format!("{at}token")));
        plain(&json!({"signature": {"timestamp": at.to_string(), "token": "token", "signature": signature},
            "event-data": {"event": "complained", "id": "ncV2XwymRUKbPek_MIM-Gw", "recipient": "ann@example.org", "user-variables": {"hashId": key}}}))
    };
    let now = app.now().secs();
    let mut forged = signed(now, &key);
    forged.body = String::from_utf8(forged.body).unwrap().replace(&now.to_string(), &(now + 1).to_string()).into_bytes();
    assert_eq!(take(&app.cx(), Provider::Mailgun, forged).await.unwrap(), Err(Refused::Forged));
    assert_eq!(take(&app.cx(), Provider::Mailgun, signed(now - 90_000, &key)).await.unwrap(), Err(Refused::Stale));
    assert_eq!(app.blocked(ann).await, None);
    let good = signed(now, &key);
    for _ in 0..2 {
        assert_eq!(take(&app.cx(), Provider::Mailgun, good.clone()).await.unwrap(), Ok(1));
    }
    assert_eq!(app.blocked(ann).await, Some(1));
    replayed(&app, Provider::Mailgun, 1).await;
});

on_each_db!(resend_signs_as_svix_does, |app| {
    let (ann, key, _) = sent(&app).await;
    let raw = b"thirty-two bytes of a secret key";
    set_up(&app, Provider::Resend, &format!("whsec_{}", STANDARD.encode(raw))).await;
    let body = json!({"type": "email.bounced", "data": {"email_id": "56761188", "to": ["ann@example.org"],
        "bounce": {"type": "Permanent", "message": "user unknown"}, "headers": [{"name": "X-Honeyguide-Key", "value": key}]}})
    .to_string();
    let signed = |at: i64, body: &str| {
        let signature = STANDARD.encode(mac(raw, &format!("msg_1.{at}.{body}")));
        let headers = [
            ("svix-id", "msg_1".to_owned()),
            ("svix-timestamp", at.to_string()),
            ("svix-signature", format!("v1,bad v1,{signature}")),
        ];
        Callback { headers: headers.map(|(n, v)| (n.to_owned(), v)).to_vec(), body: body.as_bytes().to_vec() }
    };
    let now = app.now().secs();
    assert_eq!(take(&app.cx(), Provider::Resend, signed(now - 3_600, &body)).await.unwrap(), Err(Refused::Stale));
    let mut changed = signed(now, &body);
    changed.body.push(b' ');
    assert_eq!(take(&app.cx(), Provider::Resend, changed).await.unwrap(), Err(Refused::Forged));
    for _ in 0..2 {
        assert_eq!(take(&app.cx(), Provider::Resend, signed(now, &body)).await.unwrap(), Ok(1));
    }
    assert_eq!(app.blocked(ann).await, Some(2));
    replayed(&app, Provider::Resend, 1).await;
});

on_each_db!(sendgrid_signs_with_an_elliptic_curve, |app| {
    let (ann, key, message_id) = sent(&app).await;
    let random = SystemRandom::new();
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
    let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8.as_ref(), &random).unwrap();
    // The frame that SendGrid shows: algorithm, curve, point.
    let frame = STANDARD.decode("MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE").unwrap();
    let public = STANDARD.encode([&frame[..frame.len() - 1], pair.public_key().as_ref()].concat());
    set_up(&app, Provider::SendGrid, &public).await;
    let body = json!([
        {"event": "delivered", "email": "ann@example.org", "sg_event_id": "one", "smtp-id": format!("<{message_id}>")},
        {"event": "open", "email": "ann@example.org", "sg_event_id": "two", "hashId": key},
        {"event": "bounce", "type": "blocked", "email": "ann@example.org", "sg_event_id": "three", "reason": "550 user unknown"},
        {"event": "group_unsubscribe", "email": "ann@example.org", "sg_event_id": "four", "hashId": key},
    ])
    .to_string();
    let signed = |at: i64, body: &str| {
        let signature = pair.sign(&random, format!("{at}{body}").as_bytes()).unwrap();
        let headers = [
            ("x-twilio-email-event-webhook-timestamp", at.to_string()),
            ("x-twilio-email-event-webhook-signature", STANDARD.encode(signature.as_ref())),
        ];
        Callback { headers: headers.map(|(n, v)| (n.to_owned(), v)).to_vec(), body: body.as_bytes().to_vec() }
    };
    let now = app.now().secs();
    let mut changed = signed(now, &body);
    changed.body.extend_from_slice(b"\n");
    assert_eq!(take(&app.cx(), Provider::SendGrid, changed).await.unwrap(), Err(Refused::Forged));
    assert_eq!(take(&app.cx(), Provider::SendGrid, signed(now - 3_600, &body)).await.unwrap(), Err(Refused::Stale));
    for _ in 0..2 {
        assert_eq!(take(&app.cx(), Provider::SendGrid, signed(now, &body)).await.unwrap(), Ok(4));
    }
    let times = counted(&app, Provider::SendGrid).await;
    let of = |word: &str| times.iter().find(|(outcome, _)| outcome == word).map_or(0, |(_, n)| *n);
    assert_eq!(of("done"), of("repeated"), "each event of the replay was known: {times:?}");
    assert_eq!(app.blocked(ann).await, Some(1), "she left; the block was not hers");
    let kept = returns::list(&app.cx(), ReturnQuery { limit: 10, ..ReturnQuery::default() }).await.unwrap();
    let kinds: Vec<&str> = kept.items.iter().map(|r| r.kind.as_str()).collect();
    assert_eq!(kinds, ["unsubscribe", "bounce", "other"], "deliveries are kept apart");
    assert_eq!(kept.items[1].verdict, "alert");
});

/// Amazon, as far as it is asked: its certificate, and who subscribed.
struct Amazon {
    certificate: String,
    asked: std::sync::Mutex<Vec<String>>,
}

#[async_trait]
impl Web for Amazon {
    async fn ask(&self, ask: Ask) -> Result<Told, Unanswered> {
        self.asked.lock().unwrap().push(ask.url.clone());
        let body = if ask.url.ends_with(".pem") { self.certificate.clone() } else { String::new() };
        Ok(Told { status: 200, headers: Vec::new(), body: body.into_bytes() })
    }
    async fn fetch(&self, _: Ask, _: &Path) -> Result<Told, Unanswered> {
        Err(Unanswered::Refused("no files".to_owned()))
    }
}

/// A value of DER with its length.
fn der(tag: u8, value: &[u8]) -> Vec<u8> {
    let length = value.len();
    let mut out = vec![tag];
    match length {
        0..=127 => out.push(length as u8),
        128..=255 => out.extend([0x81, length as u8]),
        _ => out.extend([0x82, (length >> 8) as u8, length as u8]),
    }
    out.extend_from_slice(value);
    out
}

on_each_db!(amazon_signs_with_its_certificate_and_subscriptions_are_confirmed, |app| {
    const TOPIC: &str = "arn:aws:sns:eu-west-1:123456789012:bounces";
    let (ann, key, _) = sent(&app).await;
    let made = rsa::RsaPrivateKey::new(&mut rsa::rand_core::OsRng, 2_048).unwrap();
    let mut primes = rsa::traits::PrivateKeyParts::primes(&made).to_vec();
    primes.sort();
    primes.reverse();
    let (n, e) = (rsa::traits::PublicKeyParts::n(&made).clone(), rsa::traits::PublicKeyParts::e(&made).clone());
    let made = rsa::RsaPrivateKey::from_components(n, e, rsa::traits::PrivateKeyParts::d(&made).clone(), primes).unwrap();
    let pair = RsaKeyPair::from_pkcs8(made.to_pkcs8_der().unwrap().as_bytes()).unwrap();
    let spki = made.to_public_key().to_public_key_der().unwrap();
    let sequence = |n: u8| der(0x30, &[0x02, 0x01, n]);
    let head = [der(0xa0, &[0x02, 0x01, 0x02]), der(0x02, &[7]), sequence(1), sequence(2), sequence(3), sequence(4)].concat();
    let signed_part = der(0x30, &[head, spki.as_bytes().to_vec()].concat());
    let certificate = der(0x30, &[signed_part, sequence(5)].concat());
    let pem = format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", STANDARD.encode(certificate));
    let amazon = Arc::new(Amazon { certificate: pem, asked: std::sync::Mutex::default() });
    app.ws.set_part(Arc::new(Outgoing(amazon.clone())));
    set_up(&app, Provider::Ses, TOPIC).await;
    let signed = |mut body: Json, names: &[&str]| {
        let text: String = names.iter().filter_map(|n| Some(format!("{n}\n{}\n", body.get(n)?.as_str()?))).collect();
        let mut signature = vec![0; pair.public().modulus_len()];
        pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature).unwrap();
        body["Signature"] = STANDARD.encode(signature).into();
        body["SignatureVersion"] = "2".into();
        body["SigningCertURL"] = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem".into();
        body
    };
    let subscription = signed(
        json!({"Type": "SubscriptionConfirmation", "MessageId": "m0", "TopicArn": TOPIC, "Message": "Confirm", "Token": "t",
            "Timestamp": app.now().rfc3339(), "SubscribeURL": "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription"}),
        &["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"],
    );
    assert_eq!(take(&app.cx(), Provider::Ses, plain(&subscription)).await.unwrap(), Ok(1));
    assert_eq!(amazon.asked.lock().unwrap().last().unwrap(), "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription");
    let message = json!({"notificationType": "Bounce", "mail": {"messageId": "ses-1", "headers": [{"name": "X-Honeyguide-Key", "value": key}]},
        "bounce": {"bounceType": "Permanent", "feedbackId": "f1", "bouncedRecipients": [
            {"emailAddress": "ann@example.org", "status": "5.1.1", "diagnosticCode": "smtp; 550 5.1.1 user unknown"}]}});
    let names = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"];
    let notice = |topic: &str, at: String| json!({"Type": "Notification", "MessageId": "m1", "TopicArn": topic, "Message": message.to_string(), "Timestamp": at});
    let good = signed(notice(TOPIC, app.now().rfc3339()), &names);
    let mut forged = good.clone();
    forged["Message"] = message.to_string().replace("ann@", "bob@").into();
    let mut elsewhere = good.clone();
    elsewhere["SigningCertURL"] = "https://sns.evil.example/x.pem".into();
    let other = signed(notice("arn:aws:sns:eu-west-1:666:other", app.now().rfc3339()), &names);
    for wrong in [forged, elsewhere, other] {
        assert_eq!(take(&app.cx(), Provider::Ses, plain(&wrong)).await.unwrap(), Err(Refused::Forged), "{wrong}");
    }
    let old = signed(notice(TOPIC, app.now().minus(Millis::days(2)).rfc3339()), &names);
    assert_eq!(take(&app.cx(), Provider::Ses, plain(&old)).await.unwrap(), Err(Refused::Stale));
    assert_eq!(app.blocked(ann).await, None);
    for _ in 0..2 {
        assert_eq!(take(&app.cx(), Provider::Ses, plain(&good)).await.unwrap(), Ok(1));
    }
    assert_eq!(app.blocked(ann).await, Some(2));
    replayed(&app, Provider::Ses, 1).await;
    assert_eq!(amazon.asked.lock().unwrap().len(), 2, "the certificate was fetched once");
});
