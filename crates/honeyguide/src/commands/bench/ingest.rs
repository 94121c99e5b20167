//! Page hits of known visitors over 64 connections, each answered after its commit, with every worker running.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::routing::get;
use hg_app::tracking::{Hit, Visitor, record_hit};
use hg_app::{Cx, Result, Workspace, engine};
use hg_core::tracking::HitParams;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use super::{Bench, peak_memory};
use crate::open;

const CONNECTIONS: usize = 64;
const VISITORS: usize = 2_000;
const LASTS: Duration = Duration::from_secs(8);
pub(super) const BROWSER: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0";

pub(super) async fn run(bench: &Bench) -> Result<()> {
    let ws = bench.workspace("ingest").await?;
    let devices = Arc::new(visitors(&ws).await?);
    let workers = tokio::spawn({
        let ws = ws.clone();
        async move { engine::standard().run(&ws).await }
    });
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(said)?;
    let address = listener.local_addr().map_err(said)?;
    let app = hg_web::router(ws.clone()).route("/bench/empty", get(|| async { "" }));
    let server = tokio::spawn(async move {
        let _ = axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await;
    });
    let limit = load(address, |_| "/bench/empty".to_owned(), devices.clone()).await?;
    let page = |n: usize| format!("/mtracking.gif?page_url=https%3A%2F%2Fexample.org%2Fpage%2F{}&page_title=Page", n % 50);
    let hits = load(address, page, devices).await?;
    println!("ingest: {hits:.0} hits/s of {VISITORS} known visitors over {CONNECTIONS} connections, answered after the commit");
    println!("limit (an empty handler of the same server): {limit:.0}/s, ratio {:.2}", hits / limit);
    println!("ingest: peak memory {:.0} MB", peak_memory());
    server.abort();
    ws.stop();
    let _ = workers.await;
    ws.db.close().await;
    Ok(())
}

pub(super) fn said(error: std::io::Error) -> hg_app::Error {
    open::plain(error.to_string())
}

/// Visitors who were here before.
pub(super) async fn visitors(ws: &Workspace) -> Result<Vec<String>> {
    let cx = Cx::public(ws);
    let mut devices = Vec::with_capacity(VISITORS);
    for _ in 0..VISITORS {
        let visitor = Visitor {
            address: [127, 0, 0, 1].into(),
            user_agent: BROWSER.into(),
            is_head: false,
            purpose: None,
            gpc: false,
            dnt: false,
            device: None,
            own_user: false,
        };
        let answer = record_hit(&cx, Hit { visitor, params: HitParams::default(), page: None }).await?;
        devices.extend(answer.tracking_id);
    }
    Ok(devices)
}

/// Requests a second over all connections.
async fn load(
    address: SocketAddr,
    path: impl Fn(usize) -> String + Copy + Send + 'static,
    devices: Arc<Vec<String>>,
) -> Result<f64> {
    let began = Instant::now();
    let mut clients = tokio::task::JoinSet::new();
    for client in 0..CONNECTIONS {
        let devices = devices.clone();
        clients.spawn(async move {
            let mut stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            let (mut done, mut buffer) = (0_usize, vec![0; 8_192]);
            while began.elapsed() < LASTS {
                let device = &devices[(client * 31 + done) % devices.len()];
                let request = format!(
                    "GET {} HTTP/1.1\r\nHost: localhost\r\nUser-Agent: {BROWSER}\r\nCookie: mautic_device_id={device}\r\n\r\n",
                    path(client + done)
                );
                stream.write_all(request.as_bytes()).await?;
                answer(&mut stream, &mut buffer).await?;
                done += 1;
            }
            Ok::<usize, std::io::Error>(done)
        });
    }
    let mut total = 0;
    while let Some(done) = clients.join_next().await {
        total += done.map_err(|e| open::plain(e.to_string()))?.map_err(said)?;
    }
    Ok(total as f64 / began.elapsed().as_secs_f64())
}

/// Reads one answer with a length; its head, in small letters.
pub(super) async fn answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> std::io::Result<String> {
    let mut have = 0;
    loop {
        let read = stream.read(&mut buffer[have..]).await?;
        if read == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        have += read;
        if let Some(end) = buffer[..have].windows(4).position(|w| w == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&buffer[..end]).to_ascii_lowercase();
            let length =
                head.lines().find_map(|l| l.strip_prefix("content-length:")).and_then(|n| n.trim().parse::<usize>().ok());
            if have >= end + 4 + length.unwrap_or(0) {
                return Ok(head);
            }
        }
        if have == buffer.len() {
            buffer.resize(have * 2, 0);
        }
    }
}
