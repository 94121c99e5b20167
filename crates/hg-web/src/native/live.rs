//! What happens, as it happens: server-sent events.

use std::collections::HashSet;
use std::convert::Infallible;
use std::time::Duration;

use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::{Stream, StreamExt};
use hg_app::{Action, Announcement, Area, Cx};
use tokio_stream::wrappers::BroadcastStream;
use tokio_stream::wrappers::errors::BroadcastStreamRecvError;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::Web;
use crate::auth::Caller;
use crate::problem::Answer;

/// Announcements that people may see; everything else is the house's own business.
const TOPICS: [&str; 5] = ["task", "segment", "campaign", "send", "dashboard"];
/// Messages taken at once, and how many of the things people did are told of them: nobody reads a thousand a second.
const CHUNK: usize = 256;
const MOST_AT_ONCE: usize = 20;

pub fn router() -> OpenApiRouter<Web> {
    OpenApiRouter::new().routes(routes!(live))
}

/// The live stream: `event` is the topic, `data` is JSON. A missed event is told as `event: lag`; read again then.
#[utoipa::path(get, path = "/live", tag = "live", responses((status = 200, content_type = "text/event-stream", body = String)))]
async fn live(Caller(cx): Caller) -> Answer<Sse<impl Stream<Item = Result<Event, Infallible>>>> {
    cx.may(Action::View(Area::Contacts))?;
    let ws = cx.ws.clone();
    let events = BroadcastStream::new(ws.db.subscribe())
        .ready_chunks(CHUNK)
        .then(move |chunk| {
            let cx = cx.clone();
            async move { futures_util::stream::iter(tell(&cx, chunk).await) }
        })
        .flatten()
        .take_until(async move { ws.stopped().await });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(Duration::from_secs(20))))
}

/// What came in at once: each message once, and of what people did the newest, with names and titles.
async fn tell(cx: &Cx, chunk: Vec<Result<Announcement, BroadcastStreamRecvError>>) -> Vec<Result<Event, Infallible>> {
    let mut out = Vec::new();
    let mut seen = HashSet::new();
    let mut happened = Vec::new();
    for announcement in chunk {
        let Ok(a) = announcement else {
            out.push(Ok(Event::default().event("lag").data("{}")));
            continue;
        };
        if a.topic == hg_app::changes::ACTIVITY {
            let id = serde_json::from_str::<serde_json::Value>(&a.payload).ok().and_then(|v| v.get("id")?.as_i64());
            happened.extend(id);
        } else if a.topic == hg_app::notices::TOPIC {
            // What one person is told is for that person's windows.
            let whose = serde_json::from_str::<serde_json::Value>(&a.payload).ok().and_then(|v| v.get("user")?.as_i64());
            if whose.is_some() && whose == cx.user_id().map(|u| u.0) && seen.insert((a.topic, String::new())) {
                out.push(Ok(Event::default().event(a.topic).data("{}")));
            }
        } else if TOPICS.contains(&a.topic) && seen.insert((a.topic, a.payload.clone())) {
            let data = if a.payload.is_empty() { "{}".to_owned() } else { a.payload };
            out.push(Ok(Event::default().event(a.topic).data(data)));
        }
    }
    let newest = happened.split_off(happened.len().saturating_sub(MOST_AT_ONCE));
    if !newest.is_empty()
        && let Ok(told) = super::activity::told(cx, newest).await
    {
        out.extend(told.into_iter().map(|text| Ok(Event::default().event(hg_app::changes::ACTIVITY).data(text))));
    }
    out
}
