//! An application in a test: a workspace on a database of its own, with a clock that stands still.

use std::sync::Arc;

use hg_app::settings::Settings;
use hg_app::users::{NewUser, User};
use hg_app::{Cx, Role, Site, Workspace, engine};
use hg_core::time::{Clock, Millis, Timestamp};

use crate::clock::{FakeClock, SeededChance};
use crate::db::{Backend, TestDb};

/// The password of every user a test makes.
pub const PASSWORD: &str = "correct horse battery";

/// A workspace under test.
pub struct TestApp {
    pub ws: Workspace,
    pub clock: FakeClock,
    pub test_db: TestDb,
}

impl TestApp {
    /// A fresh workspace; the clock stands at Wednesday 13 March 2024, 10:00 UTC.
    pub async fn new(backend: Backend) -> Self {
        let test_db = TestDb::new(backend).await;
        Self::on(test_db, FakeClock::at("2024-03-13T10:00:00Z")).await
    }

    /// A workspace on a database that is there already.
    pub async fn on(test_db: TestDb, clock: FakeClock) -> Self {
        let site = Site {
            url: "http://honeyguide.test".into(),
            data_dir: test_db.dir.path().to_owned(),
            secret_key: b"a key for tests that nobody else may know".to_vec(),
            mail_transport: "outbox".into(),
            trusted_proxies: Vec::new(),
            demo: false,
        };
        let ws = Workspace::new(
            test_db.db.clone(),
            Arc::new(clock.clone()),
            Arc::new(SeededChance::new(7)),
            site,
            Settings::default(),
        );
        Self { ws, clock, test_db }
    }

    /// The same workspace in other surroundings.
    #[must_use]
    pub fn with_site(self, change: impl FnOnce(&mut Site)) -> Self {
        let Self { ws, clock, test_db } = self;
        let mut site = ws.site.clone();
        change(&mut site);
        let settings = (*ws.settings()).clone();
        let ws = Workspace::new(test_db.db.clone(), ws.clock.clone(), ws.chance.clone(), site, settings);
        Self { ws, clock, test_db }
    }

    /// The product itself acts.
    pub fn cx(&self) -> Cx {
        Cx::system(&self.ws)
    }

    /// A visitor acts.
    pub fn visitor(&self) -> Cx {
        Cx::public(&self.ws)
    }

    /// Somebody with this role acts; the account is made for it.
    pub async fn user(&self, email: &str, role: Role) -> (User, Cx) {
        let new = NewUser {
            email: email.into(),
            password: PASSWORD.into(),
            first_name: "Ada".into(),
            last_name: "Lovelace".into(),
            role,
            timezone: None,
        };
        let user = hg_app::users::create(&self.cx(), new).await.unwrap_or_else(|e| panic!("{e:?}"));
        let cx = Cx { actor: user.actor(false), ..self.cx() };
        (user, cx)
    }

    /// Runs everything that is due now, and what follows from it.
    pub async fn settle(&self) {
        engine::standard().settle(&self.ws).await.unwrap_or_else(|e| panic!("{e:?}"));
    }

    /// Moves the clock to each due instant up to `to` and runs what is due there, as time itself would.
    pub async fn play_until(&self, to: Timestamp) {
        self.settle().await;
        while let Some(due) = engine::standard().next_due(&self.ws).await.unwrap_or_else(|e| panic!("{e:?}")).filter(|d| *d <= to)
        {
            self.clock.set(due.max(self.clock.now()));
            self.settle().await;
        }
        self.clock.set(to);
        self.settle().await;
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub fn advance(&self, by: Millis) {
        self.clock.advance(by);
    }
}
