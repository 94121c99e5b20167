//! The interfaces of providers, against stand-ins that speak as they are documented: what is asked, what answers mean,
//! limits, and that nothing goes to the next way out that might have been taken.

use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hg_app::contacts::{self, ContactInput};
use hg_app::emails::{self, Content, NewEmail};
use hg_app::sending::{self, Envelope, MailTransport, Routes, Transport, TransportError, Undelivered};
use hg_core::emails::SendState;
use hg_core::time::{Millis, SharedClock};
use hg_net::apis::{ApiAddress, ApiTransport};
use hg_net::smtp::{SmtpConfig, SmtpTransport};
use hg_net::web::WebClient;
use hg_testkit::smtp_sink::{Faults, SinkOptions, SmtpSink};
use hg_testkit::{FakeClock, on_each_db};
use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

const MESSAGE: &str = "From: \"Team\" <team@example.org>\r\nTo: \"Ann Lee\" <ann@example.net>\r\nReply-To: <answers@example.org>\r\n\
    Subject: News\r\nMessage-ID: <m1@example.org>\r\nList-Unsubscribe: <https://example.org/u>\r\nX-Honeyguide-Key: k1\r\n\
    X-Own: yes\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
    --b\r\nContent-Type: multipart/alternative; boundary=a\r\n\r\n\
    --a\r\nContent-Type: text/plain\r\n\r\nHello\r\n--a\r\nContent-Type: text/html\r\n\r\n<p>Hello</p>\r\n--a--\r\n\
    --b\r\nContent-Type: text/calendar; name=\"a.ics\"\r\nContent-Disposition: attachment; filename=\"a.ics\"\r\n\r\nBEGIN\r\n--b--\r\n";

/// What the stand-in says to the next question.
#[derive(Debug, Clone)]
enum Say {
    Answer(u16, &'static str, &'static str),
    /// It hangs up after it has read everything.
    Nothing,
}

#[derive(Debug, Clone)]
struct Asked {
    line: String,
    headers: String,
    body: Vec<u8>,
}

impl Asked {
    fn json(&self) -> Json {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// A provider that says the same until told otherwise.
struct StandIn {
    url: String,
    says: Arc<Mutex<Say>>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl StandIn {
    async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let says = Arc::new(Mutex::new(Say::Answer(200, "", "{}")));
        let asked: Arc<Mutex<Vec<Asked>>> = Arc::default();
        let (said, heard) = (Arc::clone(&says), Arc::clone(&asked));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let say = said.lock().unwrap().clone();
                let Some((one, mut stream)) = hear(stream).await else { continue };
                heard.lock().unwrap().push(one);
                if let Say::Answer(status, headers, body) = say {
                    let length = body.len();
                    let answer =
                        format!("HTTP/1.1 {status} X\r\n{headers}Content-Length: {length}\r\nConnection: close\r\n\r\n{body}");
                    let _ = stream.write_all(answer.as_bytes()).await;
                }
            }
        });
        Self { url, says, asked }
    }

    fn say(&self, status: u16, headers: &'static str, body: &'static str) {
        *self.says.lock().unwrap() = Say::Answer(status, headers, body);
    }

    fn count(&self) -> usize {
        self.asked.lock().unwrap().len()
    }

    fn last(&self) -> Asked {
        self.asked.lock().unwrap().last().cloned().unwrap()
    }

    fn transport(&self, address: &str, clock: &FakeClock) -> ApiTransport {
        let mark = if address.contains('?') { '&' } else { '?' };
        let address = ApiAddress::parse(&format!("{address}{mark}endpoint={}", self.url)).unwrap().unwrap();
        let clock: SharedClock = Arc::new(clock.clone());
        ApiTransport::new(address, Arc::new(WebClient::new().unwrap()), clock)
    }
}

async fn hear(mut stream: TcpStream) -> Option<(Asked, TcpStream)> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 8192];
    let (head, length) = loop {
        let n = stream.read(&mut buffer).await.ok().filter(|n| *n > 0)?;
        bytes.extend_from_slice(&buffer[..n]);
        let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&bytes[..end]).to_lowercase();
        let length = head.lines().find_map(|l| l.strip_prefix("content-length: ")?.parse::<usize>().ok()).unwrap_or(0);
        break (end + 4, length);
    };
    while bytes.len() < head + length {
        let n = stream.read(&mut buffer).await.ok().filter(|n| *n > 0)?;
        bytes.extend_from_slice(&buffer[..n]);
    }
    let text = String::from_utf8_lossy(&bytes[..head]).into_owned();
    let (line, headers) = text.split_once("\r\n").unwrap();
    let asked = Asked { line: line.to_owned(), headers: headers.to_owned(), body: bytes.split_off(head) };
    Some((asked, stream))
}

fn clock() -> FakeClock {
    FakeClock::at("2024-03-13T10:00:00Z")
}

fn envelope() -> Envelope {
    Envelope { sender: "bounces+k1@example.org".into(), recipient: "ann@example.net".into() }
}

#[derive(Debug, PartialEq, Eq)]
enum Fate {
    Taken,
    Later,
    Never,
    DeadAddress,
    /// Not taken, and no fault of the message.
    NotTaken,
    Unknown,
    NotOffered,
}

async fn send(transport: &dyn Transport) -> Fate {
    let Ok(mut channel) = transport.channel().await else { return Fate::NotOffered };
    match channel.offer(&envelope(), MESSAGE.as_bytes()).await {
        Ok(()) => {}
        Err(TransportError::Unreachable(_)) => return Fate::NotOffered,
        Err(TransportError::Refused(refusal)) => return if refusal.permanent { Fate::Never } else { Fate::Later },
    }
    let fate = match channel.deliver(MESSAGE.as_bytes()).await {
        Ok(()) => Fate::Taken,
        Err(Undelivered::Refused(r)) if r.permanent && r.blames_address => Fate::DeadAddress,
        Err(Undelivered::Refused(r)) => {
            if r.permanent {
                Fate::Never
            } else {
                Fate::Later
            }
        }
        Err(Undelivered::NotTaken(_)) => Fate::NotTaken,
        Err(Undelivered::Unknown(_)) => Fate::Unknown,
    };
    transport.release(channel).await;
    fate
}

const ALL: [&str; 8] = [
    "ses+api://AK:SK@default?region=eu-west-1",
    "sendgrid+api://KEY@default",
    "mailgun+api://KEY:mg.example.org@default",
    "postmark+api://KEY@default",
    "sparkpost+api://KEY@default",
    "mailjet+api://PUB:PRIV@default",
    "brevo+api://KEY@default",
    "resend+api://KEY@default",
];

#[tokio::test]
async fn each_provider_is_asked_in_its_own_words_and_takes_the_key_along() {
    let provider = StandIn::new().await;
    let ask = async |address: &str| {
        assert_eq!(send(&provider.transport(address, &clock())).await, Fate::Taken, "{address}");
        provider.last()
    };
    let ses = ask(ALL[0]).await;
    assert!(ses.line.starts_with("POST /v2/email/outbound-emails "), "{}", ses.line);
    assert!(ses.headers.contains("Credential=AK/20240313/eu-west-1/ses/aws4_request"), "{}", ses.headers);
    assert!(ses.headers.contains("x-amz-date: 20240313T100000Z"), "{}", ses.headers);
    assert_eq!(ses.json()["Content"]["Raw"]["Data"], json!(STANDARD.encode(MESSAGE)));
    assert_eq!(ses.json()["Destination"]["ToAddresses"], json!(["ann@example.net"]));

    let sendgrid = ask(ALL[1]).await;
    let body = sendgrid.json();
    assert!(sendgrid.line.starts_with("POST /v3/mail/send ") && sendgrid.headers.contains("authorization: Bearer KEY"));
    assert_eq!(body["personalizations"][0]["custom_args"], json!({"hashId": "k1"}));
    assert_eq!(body["personalizations"][0]["to"], json!([{"email": "ann@example.net", "name": "Ann Lee"}]));
    assert_eq!(body["personalizations"][0]["headers"]["List-Unsubscribe"], json!("<https://example.org/u>"));
    assert_eq!(body["reply_to"], json!({"email": "answers@example.org"}));
    assert_eq!(body["content"][0]["type"], "text/plain");
    assert!(body["content"][1]["value"].as_str().unwrap().contains("<p>Hello</p>"));
    assert_eq!(body["attachments"][0]["filename"], "a.ics");
    assert_eq!(STANDARD.decode(body["attachments"][0]["content"].as_str().unwrap()).unwrap(), b"BEGIN");

    let mailgun = ask(ALL[2]).await;
    assert!(mailgun.line.starts_with("POST /v3/mg.example.org/messages.mime "), "{}", mailgun.line);
    assert!(mailgun.headers.contains(&format!("authorization: Basic {}", STANDARD.encode("api:KEY"))));
    assert!(mailgun.text().contains("name=\"v:hashId\"\r\n\r\nk1\r\n") && mailgun.text().contains(MESSAGE));

    let postmark = ask(ALL[3]).await;
    assert!(postmark.headers.to_lowercase().contains("x-postmark-server-token: key"), "{}", postmark.headers);
    let body = postmark.json();
    assert_eq!((&body["Metadata"]["hashId"], &body["MessageStream"]), (&json!("k1"), &json!("outbound")));
    assert_eq!(body["To"], "\"Ann Lee\" <ann@example.net>");
    assert!(body["Headers"].as_array().unwrap().contains(&json!({"Name": "X-PM-KeepID", "Value": "true"})));

    let sparkpost = ask(ALL[4]).await.json();
    assert_eq!(sparkpost["recipients"], json!([{"address": {"email": "ann@example.net"}, "metadata": {"hashId": "k1"}}]));
    assert_eq!(sparkpost["content"]["email_rfc822"], MESSAGE);

    let mailjet = ask(ALL[5]).await;
    assert!(mailjet.headers.contains(&format!("authorization: Basic {}", STANDARD.encode("PUB:PRIV"))));
    let body = mailjet.json();
    assert_eq!((&body["Messages"][0]["CustomID"], &body["Messages"][0]["Headers"]["X-Own"]), (&json!("k1"), &json!("yes")));
    assert_eq!(body["Messages"][0]["Attachments"][0]["Filename"], "a.ics");

    let brevo = ask(ALL[6]).await;
    assert!(brevo.headers.contains("api-key: KEY") && brevo.line.starts_with("POST /v3/smtp/email "));
    assert_eq!(brevo.json()["headers"]["X-Mailin-custom"], "hashId:k1");

    let resend = ask(ALL[7]).await;
    assert!(resend.headers.contains("idempotency-key: m1@example.org"), "{}", resend.headers);
    assert_eq!(resend.json()["headers"]["X-Honeyguide-Key"], "k1");
}

#[tokio::test]
async fn answers_are_sorted_the_same_way_for_all_and_unknown_is_what_nobody_knows() {
    let provider = StandIn::new().await;
    for address in ALL {
        for (status, fate) in [
            (202, Fate::Taken),
            (400, Fate::Never),
            (401, Fate::NotTaken),
            (429, Fate::NotTaken),
            (500, Fate::Unknown),
            (502, Fate::Unknown),
            (503, Fate::NotTaken),
        ] {
            provider.say(status, "", "{\"message\": \"said so\"}");
            assert_eq!(send(&provider.transport(address, &clock())).await, fate, "{address} {status}");
        }
        *provider.says.lock().unwrap() = Say::Nothing;
        assert_eq!(send(&provider.transport(address, &clock())).await, Fate::Unknown, "{address} hung up");
    }
    let gone = StandIn { url: "http://127.0.0.1:9".into(), ..provider };
    assert_eq!(send(&gone.transport(ALL[1], &clock())).await, Fate::NotTaken, "nobody listens there");
}

#[tokio::test]
async fn what_only_one_provider_says_is_understood() {
    let provider = StandIn::new().await;
    for (address, status, body, fate) in [
        (ALL[0], 400, "{\"__type\": \"ThrottlingException\"}", Fate::NotTaken),
        (ALL[0], 400, "{\"__type\": \"MessageRejected\", \"message\": \"Email address is not verified\"}", Fate::Never),
        (ALL[0], 403, "{\"message\": \"The security token is invalid\"}", Fate::NotTaken),
        (ALL[1], 403, "{\"errors\": [{\"message\": \"The from address does not match\"}]}", Fate::Later),
        (ALL[3], 422, "{\"ErrorCode\": 406, \"Message\": \"Inactive recipient\"}", Fate::DeadAddress),
        (ALL[3], 422, "{\"ErrorCode\": 405, \"Message\": \"Out of credits\"}", Fate::NotTaken),
        (ALL[3], 422, "{\"ErrorCode\": 300, \"Message\": \"Invalid email\"}", Fate::Never),
        (ALL[3], 200, "{\"ErrorCode\": 0}", Fate::Taken),
        (ALL[4], 420, "{\"errors\": [{\"message\": \"Exceed Sending Limit\"}]}", Fate::NotTaken),
        (ALL[4], 200, "{\"results\": {\"total_accepted_recipients\": 0}}", Fate::Never),
        (ALL[5], 200, "{\"Messages\": [{\"Status\": \"error\"}]}", Fate::Never),
        (ALL[5], 200, "{\"Messages\": [{\"Status\": \"success\"}]}", Fate::Taken),
        (ALL[6], 402, "{\"code\": \"not_enough_credits\"}", Fate::NotTaken),
        (ALL[7], 409, "{\"name\": \"concurrent_idempotent_requests\"}", Fate::Unknown),
        (ALL[7], 403, "{\"name\": \"invalid_api_key\"}", Fate::NotTaken),
    ] {
        provider.say(status, "", body);
        assert_eq!(send(&provider.transport(address, &clock())).await, fate, "{address} {status} {body}");
    }
}

#[tokio::test]
async fn a_provider_that_says_too_much_is_left_alone_as_long_as_it_asks_for() {
    let (provider, clock) = (StandIn::new().await, clock());
    let transport = provider.transport(ALL[1], &clock);
    provider.say(429, "Retry-After: 120\r\n", "");
    assert_eq!(send(&transport).await, Fate::NotTaken);
    provider.say(202, "", "");
    clock.advance(Millis::seconds(119));
    assert_eq!(send(&transport).await, Fate::NotOffered);
    assert_eq!(provider.count(), 1, "it is not asked meanwhile");
    clock.advance(Millis::seconds(1));
    assert_eq!(send(&transport).await, Fate::Taken);
}

async fn smtp(faults: Faults) -> (SmtpSink, Arc<dyn Transport>) {
    let sink = SmtpSink::with(SinkOptions { faults, ..SinkOptions::default() }).await.unwrap();
    let config = SmtpConfig::parse(&format!("{}?tls=none", sink.url())).unwrap();
    (sink, Arc::new(SmtpTransport::new(config)))
}

/// First a provider, then a mail server.
async fn two_ways(provider: &StandIn, clock: &FakeClock) -> (Routes, SmtpSink) {
    let (sink, spare) = smtp(Faults::default()).await;
    let first: Arc<dyn Transport> = Arc::new(provider.transport(ALL[1], clock));
    (Routes::new(vec![first, spare], Arc::new(clock.clone())), sink)
}

#[tokio::test]
async fn a_message_goes_to_the_next_way_only_if_the_first_certainly_did_not_take_it() {
    for (status, fate, first_had_it) in [
        (202, Fate::Taken, true),
        (429, Fate::Taken, false),
        (503, Fate::Taken, false),
        (401, Fate::Taken, false),
        (500, Fate::Unknown, true),
        (504, Fate::Unknown, true),
        (400, Fate::Never, true),
    ] {
        let (provider, clock) = (StandIn::new().await, clock());
        let (ways, sink) = two_ways(&provider, &clock).await;
        provider.say(status, "", "");
        assert_eq!(send(&ways).await, fate, "{status}");
        assert_eq!((provider.count(), sink.total()), (1, u64::from(!first_had_it)), "{status}");
    }
    let (provider, clock) = (StandIn::new().await, clock());
    let (ways, sink) = two_ways(&provider, &clock).await;
    *provider.says.lock().unwrap() = Say::Nothing;
    assert_eq!(send(&ways).await, Fate::Unknown, "it read everything and never answered");
    assert_eq!(sink.total(), 0);
    let health = ways.health();
    assert_eq!((health[0].unknown, health[0].working, health[1].taken), (1, false, 0));
}

#[tokio::test]
async fn a_way_that_failed_rests_and_is_the_first_again_when_it_works() {
    let (provider, clock) = (StandIn::new().await, clock());
    let (ways, sink) = two_ways(&provider, &clock).await;
    provider.say(503, "Retry-After: 60\r\n", "");
    assert_eq!(send(&ways).await, Fate::Taken);
    let health = ways.health();
    assert_eq!((health[0].working, health[0].passed_on, health[1].taken), (false, 1, 1));
    assert!(health[0].trouble.as_ref().is_some_and(|(_, why)| why.contains("503")), "{health:?}");
    provider.say(202, "", "");
    for _ in 0..3 {
        assert_eq!(send(&ways).await, Fate::Taken);
    }
    assert_eq!((provider.count(), sink.total()), (1, 4));
    clock.advance(Millis::minutes(10));
    assert_eq!(send(&ways).await, Fate::Taken);
    assert_eq!((provider.count(), sink.total()), (2, 4));
    assert!(ways.health()[0].working);
}

#[tokio::test]
async fn a_mail_server_that_says_not_now_before_the_message_passes_it_on_and_one_that_drops_it_does_not() {
    let refused =
        || Faults { recipients: [("ann@example.net".to_owned(), "451 4.7.1 not now".to_owned())].into(), ..Faults::default() };
    let dead =
        || Faults { recipients: [("ann@example.net".to_owned(), "550 5.1.1 nobody".to_owned())].into(), ..Faults::default() };
    for (faults, fate, spare_had) in [
        (refused(), Fate::Taken, 1),
        (dead(), Fate::Never, 0),
        (Faults { drop_after_every_nth: Some(1), ..Faults::default() }, Fate::Unknown, 0),
    ] {
        let ((_first_sink, first), (spare_sink, spare)) = (smtp(faults).await, smtp(Faults::default()).await);
        let ways = Routes::new(vec![first, spare], Arc::new(clock()));
        assert_eq!(send(&ways).await, fate);
        assert_eq!(spare_sink.total(), spare_had, "{fate:?}");
    }
}

on_each_db!(what_a_provider_did_not_take_waits_as_if_never_offered_and_what_it_may_have_taken_is_unknown, |app| {
    let (provider, cx) = (StandIn::new().await, app.cx());
    let transport: Arc<dyn Transport> = Arc::new(provider.transport(ALL[1], &app.clock));
    let ways = Routes::new(vec![transport], app.ws.clock.clone());
    app.ws.set_part(Arc::new(MailTransport(Arc::new(ways))));
    let mut own = app.ws.settings().sending.clone();
    own.sender_email = "team@example.org".into();
    hg_app::settings::write_sending(&cx, own).await.unwrap();
    let content = Content { subject: "News".into(), source: "<p>Hello</p>".into(), ..Content::default() };
    let email = emails::create(&cx, NewEmail { name: "News".into(), content, ..NewEmail::default() }).await.unwrap().id;
    let mut people = Vec::new();
    for name in ["ann", "bob"] {
        let fields = [("email".to_owned(), json!(format!("{name}@example.net")))].into();
        let made = contacts::create(&cx, ContactInput { fields, ..ContactInput::default() }, false).await.unwrap();
        people.push(made.0.id);
    }
    let state = async |n: usize| {
        let person = people[n];
        let send = app.ws.db.read(move |tx| sending::of_contact(tx, person, 10)).await.unwrap().remove(0);
        (send.state, send.attempts)
    };
    provider.say(429, "Retry-After: 600\r\n", "");
    sending::send_to_contact(&cx, email, people[0], sending::Personal::default(), None).await.unwrap();
    app.settle().await;
    assert_eq!((state(0).await, provider.count()), ((SendState::Queued, 0), 1));
    provider.say(202, "", "");
    app.play_until(app.now().plus(Millis::minutes(9))).await;
    assert_eq!((state(0).await, provider.count()), ((SendState::Queued, 0), 1), "it is left alone for ten minutes");
    app.play_until(app.now().plus(Millis::minutes(5))).await;
    assert_eq!((state(0).await.0, provider.count()), (SendState::Sent, 2));
    *provider.says.lock().unwrap() = Say::Nothing;
    sending::send_to_contact(&cx, email, people[1], sending::Personal::default(), None).await.unwrap();
    app.play_until(app.now().plus(Millis::days(2))).await;
    assert_eq!((state(1).await.0, provider.count()), (SendState::Unknown, 3));
});
