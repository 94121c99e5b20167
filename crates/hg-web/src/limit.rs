//! How often one network address may do what costs us or others something. Sign-in has its own lock (`users`).
//!
//! Counted per minute and in memory: whoever restarts the server begins anew, which harms nobody.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};

use axum::extract::{Request, State};
use axum::http::{Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use hg_app::Workspace;
use hg_core::time::{Millis, Timestamp};

use crate::Web;
use crate::request::ClientAddress;

const WINDOW: Millis = Millis::minutes(1);
/// Addresses remembered at once; more are only met in an attack, and then all begin anew.
const MOST_ADDRESSES: usize = 50_000;

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum What {
    /// Answers to forms, and leaving by a link.
    Post,
    /// Saying "I am this address" with a visit.
    Claim,
    /// The first run, which hashes a password for anybody.
    Setup,
}

impl What {
    /// A whole audience may sit behind one address, a machine that tries everything out should not.
    const fn most(self) -> u32 {
        match self {
            Self::Post => 120,
            Self::Claim => 60,
            Self::Setup => 10,
        }
    }
}

#[derive(Default)]
struct Limits(Mutex<HashMap<(What, IpAddr), (Timestamp, u32)>>);

/// Counts one more, and says whether it may be.
pub fn allows(ws: &Workspace, what: What, address: IpAddr) -> bool {
    let (now, limits) = (ws.clock.now(), ws.part::<Limits>());
    let mut seen = limits.0.lock().unwrap_or_else(PoisonError::into_inner);
    if seen.len() >= MOST_ADDRESSES {
        seen.retain(|_, (since, _)| now.since(*since) < WINDOW);
        if seen.len() >= MOST_ADDRESSES {
            seen.clear();
        }
    }
    let (since, count) = seen.entry((what, household(address))).or_insert((now, 0));
    if now.since(*since) >= WINDOW {
        (*since, *count) = (now, 0);
    }
    *count = count.saturating_add(1);
    *count <= what.most()
}

/// One customer has a whole /64 of IPv6 addresses.
fn household(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & (u128::MAX << 64))),
    }
}

/// Refuses posts of the public that come too often.
pub async fn posts(State(web): State<Web>, request: Request, next: Next) -> Response {
    let address = request.extensions().get::<ClientAddress>().map(|a| a.0);
    if request.method() == Method::POST
        && let Some(address) = address
        && !allows(&web.ws, What::Post, address)
    {
        let retry = [(header::RETRY_AFTER, "60")];
        return (StatusCode::TOO_MANY_REQUESTS, retry, "Too many answers from your network. Try again in a minute.")
            .into_response();
    }
    next.run(request).await
}
