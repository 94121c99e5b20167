//! What happens, as it happens: server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::{Stream, StreamExt};
use hg_app::{Action, Area};
use tokio_stream::wrappers::BroadcastStream;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Web;
use crate::auth::Caller;
use crate::problem::Answer;

/// Announcements that people may see; everything else is the house's own business.
const TOPICS: [&str; 6] = ["activity", "task", "segment", "campaign", "send", "dashboard"];

pub fn router() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(live))
}

/// The live stream: `event` is the topic, `data` is JSON. A missed event is told as `event: lag`; read again then.
#[utoipa::path(get, path = "/live", tag = "live", responses((status = 200, content_type = "text/event-stream", body = String)))]
async fn live(Caller(cx): Caller) -> Answer<Sse<impl Stream<Item = Result<Event, Infallible>>>> {
    cx.may(Action::View(Area::Contacts))?;
    let ws = cx.ws.clone();
    let events = BroadcastStream::new(ws.db.subscribe())
        .filter_map(|announcement| async move {
            match announcement {
                Ok(a) if TOPICS.contains(&a.topic) => {
                    let data = if a.payload.is_empty() { "{}".to_owned() } else { a.payload };
                    Some(Ok(Event::default().event(a.topic).data(data)))
                }
                Ok(_) => None,
                Err(_) => Some(Ok(Event::default().event("lag").data("{}"))),
            }
        })
        .take_until(async move { ws.stopped().await });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(20))))
}
