//! Personalised mails of 10 KB with five tracked links, from the full ledger to a local server.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use hg_app::deliverability;
use hg_app::emails::{self, Content, Kind, NewEmail};
use hg_app::jobs::JobWorker;
use hg_app::segments::{self, NewSegment};
use hg_app::sending::{self, FillJob, MailTransport, MailWorker};
use hg_app::worker::Worker;
use hg_app::{Cx, Result, settings};
use hg_core::deliverability::Algorithm;
use hg_net::smtp::{Connection, Envelope, SmtpConfig, SmtpTransport};
use serde_json::json;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::{Bench, peak_memory, people};
use crate::open;

/// With what kind of key the mails are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Sign {
    Ed25519,
    /// RSA of 2,048 bits.
    Rsa,
}

impl Sign {
    const fn algorithm(self) -> Algorithm {
        match self {
            Self::Ed25519 => Algorithm::Ed25519,
            Self::Rsa => Algorithm::Rsa,
        }
    }
}

/// Makes the keys of the sender's domain, and lets the one of this kind sign.
async fn sign_with(cx: &Cx, sign: Sign) -> Result<()> {
    let domain = deliverability::add(cx, "example.org").await?;
    if let Some(key) = domain.keys.iter().find(|k| k.algorithm == sign.algorithm()) {
        deliverability::activate(cx, domain.id, key.id).await?;
    }
    Ok(())
}

pub(super) async fn run(bench: &Bench, connections: u32, sign: Option<Sign>) -> Result<()> {
    let ws = bench.workspace("send").await?;
    let cx = Cx::system(&ws);
    people::fill(bench, &ws).await?;
    let smtp = SmtpConfig::parse(&format!("smtp://{}?tls=none&per_connection=100000", sink(None).await?))
        .map_err(|e| open::plain(e.to_string()))?;
    ws.set_part(Arc::new(MailTransport(Arc::new(SmtpTransport::new(smtp.clone())))));
    let mut own = ws.settings().sending.clone();
    own.sender_email = "team@example.org".into();
    own.max_connections = connections;
    settings::write_sending(&cx, own).await?;
    if let Some(sign) = sign {
        sign_with(&cx, sign).await?;
    }
    let filter = json!({"match": "all", "rules": [{"field": "email", "op": "!empty"}]});
    let everybody =
        segments::create(&cx, NewSegment { name: "Bench".into(), filter: Some(filter), ..NewSegment::default() }).await?;
    segments::rebuild_all_now(&cx, Some(everybody.id)).await?;
    let links: String = (0..5).map(|n| format!("<p><a href=\"https://example.org/{n}\">Offer {n}</a></p>")).collect();
    let filler = "<p>Words that fill a mail up to its usual size, again and again.</p>".repeat(140);
    let source = format!("<h1>Dear {{contactfield=firstname|friend}} of {{contactfield=city}}</h1>{links}{filler}");
    let content = Content { subject: "News for {contactfield=firstname}".into(), source, ..Content::default() };
    let new =
        NewEmail { name: "Bench".into(), content, kind: Kind::Segment, segments: vec![everybody.id.0], ..NewEmail::default() };
    let email = emails::create(&cx, new).await?;
    sending::send_to_segments(&cx, email.id, sending::Wish::default()).await?;
    let jobs = JobWorker::new(vec![Arc::new(FillJob)]);
    let began = Instant::now();
    while jobs.run_once(&cx).await? > 0 {}
    println!("send: ledger filled for {} contacts in {:.1} s", bench.contacts, began.elapsed().as_secs_f64());
    let began = Instant::now();
    while MailWorker.run_once(&cx).await? > 0 {}
    let took = began.elapsed().as_secs_f64();
    let counts = emails::get(&cx, email.id).await?.counts;
    let rate = counts.sent as f64 / took;
    println!("send: {} mails in {took:.1} s, {rate:.0}/s over {connections} connections ({counts:?})", counts.sent);
    let limit = prepared(&smtp, connections, counts.sent.max(1) as usize).await?;
    println!("limit (one prepared message over the same connections): {limit:.0}/s, ratio {:.2}", rate / limit);
    println!("send: peak memory {:.0} MB", peak_memory());
    ws.stop();
    ws.db.close().await;
    Ok(())
}

/// The same number of copies of one message, without ledger and without filling in.
async fn prepared(smtp: &SmtpConfig, connections: u32, count: usize) -> Result<f64> {
    let message = Arc::new(format!("Subject: Bench\r\n\r\n{}", "Words that fill a mail.\r\n".repeat(480)).into_bytes());
    let began = Instant::now();
    let mut lines = tokio::task::JoinSet::new();
    for _ in 0..connections {
        let (smtp, message) = (smtp.clone(), message.clone());
        lines.spawn(async move {
            let envelope = Envelope { sender: "team@example.org".into(), recipient: "someone@example.org".into() };
            let mut connection = Connection::open(&smtp).await.map_err(|e| e.to_string())?;
            for _ in 0..count / connections as usize {
                connection.offer(&envelope, &message).await.map_err(|e| e.to_string())?;
                connection.announce(&envelope, &message);
                connection.deliver(&message).await.map_err(|e| e.to_string())?;
            }
            Ok::<(), String>(())
        });
    }
    while let Some(done) = lines.join_next().await {
        done.map_err(|e| open::plain(e.to_string()))?.map_err(open::plain)?;
    }
    Ok(count as f64 / began.elapsed().as_secs_f64())
}

/// When the last message to an address was taken.
pub(super) type Arrivals = Arc<Mutex<HashMap<String, Instant>>>;

/// A mail server that takes everything and keeps nothing but when it came, where that is wanted; its address.
pub(super) async fn sink(arrivals: Option<Arrivals>) -> Result<std::net::SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(|e| open::plain(e.to_string()))?;
    let address = listener.local_addr().map_err(|e| open::plain(e.to_string()))?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(take(stream, arrivals.clone()));
        }
    });
    Ok(address)
}

async fn take(stream: TcpStream, arrivals: Option<Arrivals>) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::with_capacity(64 * 1024, stream);
    let mut answers: Vec<u8> = b"220 bench\r\n".to_vec();
    let mut line = Vec::new();
    let mut recipient = String::new();
    loop {
        // Like any server it answers once it has read everything that came.
        if stream.buffer().is_empty() {
            stream.get_mut().write_all(&answers).await?;
            answers.clear();
        }
        line.clear();
        if stream.read_until(b'\n', &mut line).await? == 0 {
            return Ok(());
        }
        if arrivals.is_some() && line.first() == Some(&b'R') {
            let text = String::from_utf8_lossy(&line);
            recipient = text.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
        }
        let answer: &[u8] = match line.first() {
            Some(b'E') => b"250-bench\r\n250-PIPELINING\r\n250 8BITMIME\r\n",
            Some(b'D') => b"354 go\r\n",
            Some(b'Q') => b"221 bye\r\n",
            _ => b"250 ok\r\n",
        };
        answers.extend_from_slice(answer);
        if line.first() == Some(&b'D') {
            stream.get_mut().write_all(&answers).await?;
            answers.clear();
            if !swallow(&mut stream).await? {
                return Ok(());
            }
            if let Some(arrivals) = &arrivals {
                arrivals.lock().unwrap_or_else(PoisonError::into_inner).insert(recipient.clone(), Instant::now());
            }
            answers.extend_from_slice(b"250 taken\r\n");
        }
    }
}

/// Reads a message to its end without looking at its lines; false when the other side hung up. What comes after it stays.
async fn swallow(stream: &mut BufReader<TcpStream>) -> std::io::Result<bool> {
    const END: &[u8] = b"\r\n.\r\n";
    let end_in = |bytes: &[u8]| bytes.windows(END.len()).rposition(|window| window == END).map(|at| at + END.len());
    // The last bytes of what came before: the end may come in two pieces.
    let mut before: Vec<u8> = Vec::new();
    loop {
        let piece = stream.fill_buf().await?;
        if piece.is_empty() {
            return Ok(false);
        }
        let seam = [before.as_slice(), piece.get(..END.len() - 1).unwrap_or(piece)].concat();
        let end = end_in(&seam).map(|end| end - before.len()).or_else(|| end_in(piece));
        before.extend_from_slice(piece.get(piece.len().saturating_sub(END.len() - 1)..).unwrap_or_default());
        before.drain(..before.len().saturating_sub(END.len() - 1));
        let length = piece.len();
        stream.consume(end.unwrap_or(length));
        if end.is_some() {
            return Ok(true);
        }
    }
}
