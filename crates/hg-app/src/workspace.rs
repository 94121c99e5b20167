//! A workspace: everything one customer's Honeyguide is made of. Nothing is global; a process can serve several.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use hg_core::ids::SharedChance;
use hg_core::time::SharedClock;
use hg_store::Db;
use tokio::sync::watch;

use crate::settings::Settings;

/// What is fixed when the process starts, besides the settings that people change.
#[derive(Debug, Clone)]
pub struct Site {
    /// Where the public reaches this workspace, without a trailing slash.
    pub url: String,
    /// Files that belong to the workspace (imports, exports).
    pub data_dir: PathBuf,
    /// Signs tokens, cookies and links. At least 32 bytes.
    pub secret_key: Vec<u8>,
    /// `outbox` or `smtp`, for display.
    pub mail_transport: String,
    /// Addresses and networks of the proxies whose word about the visitor's address and scheme is believed.
    pub trusted_proxies: Vec<String>,
    /// Whether this is the demo with its sample data.
    pub demo: bool,
}

/// How to sign in to a demo whose account everybody knows; the sign-in page shows it. Put in place with
/// [`Workspace::set_part`]; empty everywhere else.
#[derive(Debug, Default)]
pub struct OpenDoor(pub Option<(String, String)>);

/// A handle on a workspace; clones share it.
#[derive(Clone)]
pub struct Workspace(Arc<Inner>);

pub struct Inner {
    pub db: Db,
    pub clock: SharedClock,
    pub chance: SharedChance,
    pub site: Site,
    settings: RwLock<Arc<Settings>>,
    parts: Mutex<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>,
    stop: watch::Sender<bool>,
}

impl std::ops::Deref for Workspace {
    type Target = Inner;
    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Workspace {
    pub fn new(db: Db, clock: SharedClock, chance: SharedChance, site: Site, settings: Settings) -> Self {
        Self(Arc::new(Inner {
            db,
            clock,
            chance,
            site,
            settings: RwLock::new(Arc::new(settings)),
            parts: Mutex::default(),
            stop: watch::channel(false).0,
        }))
    }

    /// The settings as they are now.
    pub fn settings(&self) -> Arc<Settings> {
        self.settings.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn replace_settings(&self, settings: Settings) {
        *self.settings.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(settings);
    }

    /// A domain's own part of the workspace (a cache, a port), made on first use.
    pub fn part<T: Default + Any + Send + Sync>(&self) -> Arc<T> {
        let mut parts = self.parts.lock().unwrap_or_else(PoisonError::into_inner);
        let part = parts.entry(TypeId::of::<T>()).or_insert_with(|| Arc::new(T::default())).clone();
        part.downcast().unwrap_or_default()
    }

    /// Puts a domain's part in place, such as the transport that `emails` hands mail to.
    pub fn set_part<T: Any + Send + Sync>(&self, part: Arc<T>) {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner).insert(TypeId::of::<T>(), part);
    }

    /// Takes away what was put in place.
    pub fn drop_part<T: Any + Send + Sync>(&self) {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner).remove(&TypeId::of::<T>());
    }

    /// Where mail goes: `outbox` while it is caught inside.
    pub fn mail_transport(&self) -> &str {
        if self.get_part::<crate::sending::MailTransport>().is_some() { "smtp" } else { &self.site.mail_transport }
    }

    /// A part that was put in place with [`Workspace::set_part`].
    pub fn get_part<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        let part = self.parts.lock().unwrap_or_else(PoisonError::into_inner).get(&TypeId::of::<T>()).cloned();
        part.and_then(|p| p.downcast().ok())
    }

    /// Asks every worker to come to an end.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }

    pub fn is_stopping(&self) -> bool {
        *self.stop.borrow()
    }

    /// Waits until [`Workspace::stop`] was called.
    pub async fn stopped(&self) {
        let mut stop = self.stop.subscribe();
        let _ = stop.wait_for(|s| *s).await;
    }
}
