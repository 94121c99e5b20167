//! `honeyguide serve`: the server with all its workers, until it is asked to stop.

use std::net::SocketAddr;

use hg_app::{Result, Workspace, engine};
use tokio::net::TcpListener;

use crate::config::Config;
use crate::open;

/// Runs the server.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  honeyguide serve\n  honeyguide serve --listen 127.0.0.1:9000 --data-dir /var/lib/honeyguide\n\nThe first visit of /s/ leads through the set-up."
)]
pub struct Args {}

pub async fn run(_: Args, config: Config) -> Result<()> {
    let ws = open::workspace(&config, false).await?;
    let address = config.listen().map_err(open::plain)?;
    let listener = bind(address).await?;
    serve(ws, listener).await
}

/// Binds the address, or says what to do when it is taken.
pub async fn bind(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|e| {
        open::plain(match e.kind() {
            std::io::ErrorKind::AddrInUse => format!("{address} is in use by another program; choose another with --listen"),
            _ => format!("{address} cannot be listened on: {e}"),
        })
    })
}

/// Serves the workspace until the process is asked to stop; what was begun is finished.
pub async fn serve(ws: Workspace, listener: TcpListener) -> Result<()> {
    let address = listener.local_addr().map_err(|e| open::plain(e.to_string()))?;
    tracing::info!(%address, site = %ws.site.url, "Honeyguide is ready");
    let workers = tokio::spawn({
        let (engine, ws) = (engine::standard(), ws.clone());
        async move { engine.run(&ws).await }
    });
    // Lists of many contacts are read into memory while nobody waits for them yet.
    let warming = tokio::spawn({
        let ws = ws.clone();
        async move {
            if let Err(error) = hg_app::contacts::warm_up(&ws).await {
                tracing::warn!(%error, "The contact list could not be read ahead; it will be when it is first used");
            }
        }
    });
    let on_signal = tokio::spawn({
        let ws = ws.clone();
        async move {
            asked_to_stop().await;
            tracing::info!("Honeyguide is stopping");
            ws.stop();
        }
    });
    let app = hg_web::router(ws.clone()).into_make_service_with_connect_info::<SocketAddr>();
    let stopping = ws.clone();
    let served = axum::serve(listener, app).with_graceful_shutdown(async move { stopping.stopped().await }).await;
    ws.stop();
    let _ = workers.await;
    warming.abort();
    on_signal.abort();
    ws.db.close().await;
    served.map_err(|e| open::plain(e.to_string()))
}

async fn asked_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = match signal(SignalKind::terminate()) {
        Ok(signal) => signal,
        Err(error) => {
            tracing::error!(%error, "The stop signal cannot be heard");
            return std::future::pending().await;
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}
