//! Several ways out in order of priority, as one transport.
//!
//! A message goes to the next way only if the one before certainly did not take it: it could not be reached, it said "not
//! now" before the message was handed over, or it answered in a way that is known to mean "not taken". Where nobody knows,
//! the message stays where it is: what might have been sent is never sent again.

use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use hg_core::time::{Millis, SharedClock, Timestamp};

use super::transport::{Channel, Envelope, Refusal, Transport, TransportError, Undelivered};

/// A way that failed rests at most so many times two seconds, doubled each time.
const MOST_DOUBLINGS: u32 = 8;
const LONGEST_REST: Millis = Millis::seconds(2 << MOST_DOUBLINGS);

/// A way as it is opened.
pub struct Way {
    /// Tells the same way again: it goes on with its figures when the others change.
    pub key: String,
    /// Its number, when it was set in the app.
    pub id: Option<i64>,
    pub transport: Arc<dyn Transport>,
}

/// One way, and how it fares.
struct Route {
    key: String,
    id: Option<i64>,
    transport: Arc<dyn Transport>,
    rests_until: AtomicI64,
    failures: AtomicU32,
    taken: AtomicU64,
    passed_on: AtomicU64,
    unknown: AtomicU64,
    trouble: Mutex<Option<(Timestamp, String)>>,
}

/// How a way fares since the start, for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteHealth {
    /// Host and port.
    pub name: String,
    /// Its number, when it was set in the app; none when it stands in the configuration.
    pub way: Option<i64>,
    /// Whether messages are offered here first, as far as it is up to this way.
    pub working: bool,
    /// When it will be tried again, while it rests.
    pub rests_until: Option<Timestamp>,
    pub taken: u64,
    /// Messages that it did not take, and that went to the next way.
    pub passed_on: u64,
    /// Messages of which nobody knows whether it took them.
    pub unknown: u64,
    /// The last failure.
    pub trouble: Option<(Timestamp, String)>,
}

impl Route {
    fn new(way: Way) -> Self {
        Self {
            key: way.key,
            id: way.id,
            transport: way.transport,
            rests_until: AtomicI64::default(),
            failures: AtomicU32::default(),
            taken: AtomicU64::default(),
            passed_on: AtomicU64::default(),
            unknown: AtomicU64::default(),
            trouble: Mutex::default(),
        }
    }

    fn has_failed(&self, now: Timestamp, why: &str) {
        let failures = self.failures.fetch_add(1, Ordering::SeqCst).min(MOST_DOUBLINGS);
        self.rests_until.store(now.plus(Millis::seconds(2 << failures)).0, Ordering::SeqCst);
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = Some((now, why.to_owned()));
    }

    fn has_worked(&self) {
        self.taken.fetch_add(1, Ordering::Relaxed);
        if self.failures.swap(0, Ordering::SeqCst) > 0 {
            self.rests_until.store(0, Ordering::SeqCst);
        }
    }

    /// Until when it rests, if it does. A rest that is longer than any was written by a clock that has been put back.
    fn rests(&self, now: Timestamp) -> Option<Timestamp> {
        let until = Timestamp(self.rests_until.load(Ordering::SeqCst));
        Some(until).filter(|until| *until > now && until.since(now) <= LONGEST_REST)
    }
}

/// The ways out of a workspace; at least one.
#[derive(Clone)]
pub struct Routes {
    routes: Arc<[Arc<Route>]>,
    clock: SharedClock,
}

/// The ways out with their health, put in place with `set_part` beside the transport.
pub struct MailRoutes(pub Routes);

impl Routes {
    /// In order of priority.
    pub fn new(transports: Vec<Arc<dyn Transport>>, clock: SharedClock) -> Self {
        let ways = transports.into_iter().enumerate();
        Self::of(ways.map(|(at, transport)| Way { key: at.to_string(), id: None, transport }).collect(), clock, None)
    }

    /// The same with what is known of each; those that were open before go on as they are.
    pub fn of(ways: Vec<Way>, clock: SharedClock, before: Option<&Self>) -> Self {
        let route = |way: Way| {
            let known = before.and_then(|before| before.routes.iter().find(|route| route.key == way.key));
            known.cloned().unwrap_or_else(|| Arc::new(Route::new(way)))
        };
        Self { routes: ways.into_iter().map(route).collect(), clock }
    }

    /// How each fares, in order of priority.
    pub fn health(&self) -> Vec<RouteHealth> {
        let now = self.clock.now();
        let of = |route: &Arc<Route>| RouteHealth {
            name: route.transport.describe(),
            way: route.id,
            working: route.rests(now).is_none(),
            rests_until: route.rests(now),
            taken: route.taken.load(Ordering::Relaxed),
            passed_on: route.passed_on.load(Ordering::Relaxed),
            unknown: route.unknown.load(Ordering::Relaxed),
            trouble: route.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone(),
        };
        self.routes.iter().map(of).collect()
    }

    /// One of them alone, without the others behind it.
    pub fn alone(&self, number: usize) -> Option<Arc<dyn Transport>> {
        self.routes.get(number).map(|route| Arc::clone(&route.transport))
    }

    /// Numbers in the order in which a message is offered now: those that rest come last, the first to wake first.
    fn order(&self) -> Vec<usize> {
        let now = self.clock.now();
        let mut order: Vec<usize> = (0..self.routes.len()).collect();
        if order.len() > 1 {
            order.sort_by_key(|n| self.routes[*n].rests(now));
        }
        order
    }
}

/// Connections to the ways, made when they are needed.
struct Routed {
    ways: Routes,
    open: Vec<Option<Box<dyn Channel>>>,
    /// Whose "go ahead" was given, and those not yet asked for this message.
    at: usize,
    left: Vec<usize>,
    envelope: Option<Envelope>,
}

impl Routed {
    /// Offers to one way. A connection that carried mail before may have ended meanwhile: then a new one is tried.
    async fn offer_to(&mut self, number: usize, envelope: &Envelope, message: &[u8]) -> Result<(), TransportError> {
        loop {
            let mut channel = match self.open[number].take().filter(|c| c.is_usable()) {
                Some(channel) => channel,
                None => self.ways.routes[number].transport.channel().await?,
            };
            let offered = channel.offer(envelope, message).await;
            let stale = channel.is_used();
            if channel.is_usable() {
                self.open[number] = Some(channel);
            }
            match offered {
                Err(TransportError::Unreachable(_)) if stale => {}
                offered => return offered,
            }
        }
    }

    /// Offers to those not asked yet, until one says "go ahead" or "never". What the first said counts when none does.
    async fn offer_on(&mut self, message: &[u8]) -> Result<(), TransportError> {
        let Some(envelope) = self.envelope.clone() else { return Err(TransportError::Unreachable("there is no way out".into())) };
        let mut first_refusal: Option<Refusal> = None;
        let mut first_trouble: Option<String> = None;
        while !self.left.is_empty() {
            let number = self.left.remove(0);
            let route_is_last = self.left.is_empty();
            match self.offer_to(number, &envelope, message).await {
                Ok(()) => {
                    self.at = number;
                    return Ok(());
                }
                Err(TransportError::Refused(refusal)) if refusal.permanent => return Err(TransportError::Refused(refusal)),
                Err(TransportError::Refused(refusal)) => {
                    first_refusal.get_or_insert(refusal);
                }
                Err(TransportError::Unreachable(reason)) => {
                    let now = self.ways.clock.now();
                    self.ways.routes[number].has_failed(now, &reason);
                    first_trouble.get_or_insert(reason);
                }
            }
            if !route_is_last {
                self.ways.routes[number].passed_on.fetch_add(1, Ordering::Relaxed);
            }
        }
        Err(match (first_refusal, first_trouble) {
            (Some(refusal), _) => TransportError::Refused(refusal),
            (None, trouble) => TransportError::Unreachable(trouble.unwrap_or_else(|| "there is no way out".into())),
        })
    }
}

#[async_trait]
impl Channel for Routed {
    async fn offer(&mut self, envelope: &Envelope, message: &[u8]) -> Result<(), TransportError> {
        self.envelope = Some(envelope.clone());
        self.left = self.ways.order();
        self.offer_on(message).await
    }

    /// Passed on where the next message will most likely be offered first; where it is not, that connection is replaced.
    fn announce(&mut self, envelope: &Envelope, message: &[u8]) {
        if self.ways.order().first() == Some(&self.at)
            && let Some(channel) = &mut self.open[self.at]
        {
            channel.announce(envelope, message);
        }
    }

    async fn deliver(&mut self, message: &[u8]) -> Result<(), Undelivered> {
        loop {
            let at = self.at;
            let Some(mut channel) = self.open[at].take() else {
                return Err(Undelivered::NotTaken("the connection is gone".into()));
            };
            let delivered = channel.deliver(message).await;
            if channel.is_usable() {
                self.open[at] = Some(channel);
            }
            let (route, now) = (&self.ways.routes[at], self.ways.clock.now());
            let reason = match delivered {
                Ok(()) => {
                    route.has_worked();
                    return Ok(());
                }
                Err(Undelivered::NotTaken(reason)) => reason,
                Err(Undelivered::Unknown(reason)) => {
                    route.unknown.fetch_add(1, Ordering::Relaxed);
                    route.has_failed(now, &reason);
                    return Err(Undelivered::Unknown(reason));
                }
                Err(refused) => return Err(refused),
            };
            route.has_failed(now, &reason);
            if self.left.is_empty() {
                return Err(Undelivered::NotTaken(reason));
            }
            route.passed_on.fetch_add(1, Ordering::Relaxed);
            match self.offer_on(message).await {
                Ok(()) => {}
                Err(TransportError::Refused(refusal)) => return Err(Undelivered::Refused(refusal)),
                Err(TransportError::Unreachable(_)) => return Err(Undelivered::NotTaken(reason)),
            }
        }
    }

    /// Connections that ended are replaced here.
    fn is_usable(&self) -> bool {
        true
    }

    /// So it is never the news of an old connection that comes out.
    fn is_used(&self) -> bool {
        false
    }

    fn as_any(self: Box<Self>) -> Box<dyn std::any::Any + Send> {
        self
    }
}

#[async_trait]
impl Transport for Routes {
    /// Nothing is opened before the first message: which way it takes is not known yet.
    async fn channel(&self) -> Result<Box<dyn Channel>, TransportError> {
        let open = self.routes.iter().map(|_| None).collect();
        Ok(Box::new(Routed { ways: self.clone(), open, at: 0, left: Vec::new(), envelope: None }))
    }

    async fn release(&self, channel: Box<dyn Channel>) {
        let Ok(routed) = channel.as_any().downcast::<Routed>() else { return };
        for (route, channel) in self.routes.iter().zip(routed.open) {
            if let Some(channel) = channel {
                route.transport.release(channel).await;
            }
        }
    }

    /// The first is the one that the DNS has to know.
    fn describe(&self) -> String {
        self.routes.first().map(|route| route.transport.describe()).unwrap_or_default()
    }
}
