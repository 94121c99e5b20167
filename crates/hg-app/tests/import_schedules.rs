//! Imports that come back: from the web and from a folder of the inbox.

use std::path::Path;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use hg_app::imports::schedules::{self, NewSchedule, Schedule, SchedulePatch, SourceKind};
use hg_app::imports::{self, ImportState};
use hg_app::list::ListQuery;
use hg_app::outgoing::{Ask, Outgoing, Told, Unanswered, Web};
use hg_core::imports::Object;
use hg_core::time::Millis;
use hg_store::Sql;
use hg_testkit::{TestApp, on_each_db};

/// A server whose file changes; it remembers what was asked.
#[derive(Default)]
struct Server {
    file: Mutex<Option<(String, String)>>,
    asked: Mutex<Vec<(Option<String>, bool)>>,
}

impl Server {
    fn has(&self, etag: &str, text: &str) {
        *self.file.lock().unwrap() = Some((etag.to_owned(), text.to_owned()));
    }
}

#[async_trait]
impl Web for Server {
    async fn ask(&self, _: Ask) -> Result<Told, Unanswered> {
        Err(Unanswered::Refused("Files are fetched.".into()))
    }

    async fn fetch(&self, ask: Ask, to: &Path) -> Result<Told, Unanswered> {
        let etag = ask.headers.iter().find(|h| h.0 == "if-none-match").map(|h| h.1.clone());
        self.asked.lock().unwrap().push((etag.clone(), ask.private));
        let Some((current, text)) = self.file.lock().unwrap().clone() else {
            return Ok(Told { status: 404, ..Told::default() });
        };
        if etag.as_ref() == Some(&current) {
            return Ok(Told { status: 304, ..Told::default() });
        }
        std::fs::write(to, text).unwrap();
        Ok(Told { status: 200, headers: vec![("etag".into(), current)], body: Vec::new() })
    }
}

fn new(kind: SourceKind, source: &str) -> NewSchedule {
    NewSchedule { name: "CRM".into(), object: Object::Contact, kind, source: source.into(), mapping_id: None, every_minutes: 60 }
}

async fn contacts(app: &TestApp) -> i64 {
    let count = "SELECT count(*) FROM contacts WHERE deleted_at IS NULL";
    app.ws.db.read(move |tx| Ok::<_, hg_app::Error>(tx.scalar(Sql::new(count))?)).await.unwrap()
}

async fn after(app: &TestApp, by: Millis, id: i64) -> Schedule {
    app.clock.advance(by);
    app.settle().await;
    schedules::get(&app.cx(), id).await.unwrap()
}

on_each_db!(a_file_of_the_web_is_imported_when_it_changed_and_only_then, |app| {
    let server = Arc::new(Server::default());
    app.ws.set_part(Arc::new(Outgoing(server.clone())));
    server.has("v1", "email,city\nada@example.org,London\n");
    let schedule = schedules::create(&app.cx(), new(SourceKind::Url, "https://crm.example/people.csv?key=1")).await.unwrap();
    app.settle().await;
    let first = schedules::get(&app.cx(), schedule.id).await.unwrap();
    assert_eq!((first.last_state.as_deref(), contacts(&app).await), (Some("ok"), 1), "{:?}", first.last_message);
    let import = imports::list(&app.cx(), ListQuery::default()).await.unwrap().items.remove(0);
    assert_eq!(
        (import.state, import.file_name.as_str(), first.last_import),
        (ImportState::Done, "people.csv", Some(import.id.0))
    );
    // Nothing changed; then another mark on the same content; then more people.
    let second = after(&app, Millis::minutes(61), schedule.id).await;
    assert_eq!(second.last_state.as_deref(), Some("unchanged"));
    server.has("v2", "email,city\nada@example.org,London\n");
    let third = after(&app, Millis::minutes(61), schedule.id).await;
    assert_eq!((third.last_state.as_deref(), third.last_import), (Some("unchanged"), Some(import.id.0)));
    server.has("v3", "email,city\nada@example.org,London\nbo@example.org,Oslo\n");
    let paused = SchedulePatch { paused: Some(true), ..SchedulePatch::default() };
    schedules::update(&app.cx(), schedule.id, paused).await.unwrap();
    after(&app, Millis::minutes(200), schedule.id).await;
    assert_eq!(contacts(&app).await, 1, "paused");
    schedules::run_soon(&app.cx(), schedule.id).await.unwrap();
    app.settle().await;
    assert_eq!(contacts(&app).await, 2, "by hand also while it is paused");
    let asked: Vec<Option<String>> = server.asked.lock().unwrap().iter().map(|a| a.0.clone()).collect();
    assert_eq!(asked, [None, Some("v1".into()), Some("v1".into()), Some("v2".into())]);
    assert!(server.asked.lock().unwrap().iter().all(|a| !a.1), "private addresses are not allowed by themselves");
    // What goes wrong is told, and the next run comes.
    *server.file.lock().unwrap() = None;
    let goes_on = SchedulePatch { paused: Some(false), ..SchedulePatch::default() };
    schedules::update(&app.cx(), schedule.id, goes_on).await.unwrap();
    let failed = after(&app, Millis::minutes(61), schedule.id).await;
    assert_eq!(failed.last_state.as_deref(), Some("failed"));
    assert!(failed.last_message.unwrap().contains("404") && failed.next_at > app.cx().now());
});

on_each_db!(files_of_a_folder_are_taken_once_they_no_longer_grow_and_never_twice, |app| {
    let schedule = schedules::create(&app.cx(), new(SourceKind::Folder, "crm")).await.unwrap();
    app.settle().await;
    let folder = app.ws.site.data_dir.join("inbox/crm");
    std::fs::write(folder.join("people.csv"), "email\nada@example.org\n").unwrap();
    std::fs::write(folder.join("broken.csv"), "email,email\na@example.org,b\n").unwrap();
    std::fs::write(folder.join(".part"), "email\nhidden@example.org\n").unwrap();
    let seen = after(&app, Millis::minutes(61), schedule.id).await;
    assert_eq!((seen.last_state.as_deref(), contacts(&app).await), (Some("unchanged"), 0), "it may still grow");
    let taken = after(&app, Millis::minutes(2), schedule.id).await;
    assert_eq!((contacts(&app).await, taken.last_state.as_deref()), (1, Some("failed")));
    assert!(taken.last_message.unwrap().contains("broken.csv: "));
    assert!(folder.join("done/people.csv").exists() && folder.join("failed/broken.csv").exists());
    assert!(folder.join(".part").exists(), "what is hidden is somebody else's");
    // As a crash after the start of the import leaves it: the file still lies there.
    std::fs::rename(folder.join("done/people.csv"), folder.join("people.csv")).unwrap();
    after(&app, Millis::minutes(61), schedule.id).await;
    let again = after(&app, Millis::minutes(2), schedule.id).await;
    assert_eq!(again.last_message.as_deref(), Some("1 files hold what was imported before."));
    assert_eq!(imports::list(&app.cx(), ListQuery::default()).await.unwrap().items.len(), 1);
    assert!(folder.join("done/people.csv").exists());
    let kept = std::fs::read_dir(app.ws.site.data_dir.join("imports")).unwrap().count();
    assert_eq!(kept, 1, "only the file of the import that ran");
});

on_each_db!(a_schedule_that_cannot_be_is_refused_at_its_fields, |app| {
    for (schedule, pointer) in [
        (new(SourceKind::Url, "ftp://crm.example/x"), "/source"),
        (new(SourceKind::Folder, "../secrets"), "/source"),
        (new(SourceKind::Folder, "a/b"), "/source"),
        (NewSchedule { every_minutes: 1, ..new(SourceKind::Folder, "crm") }, "/every_minutes"),
        (NewSchedule { name: " ".into(), ..new(SourceKind::Folder, "crm") }, "/name"),
        (NewSchedule { mapping_id: Some(99), ..new(SourceKind::Folder, "crm") }, "/mapping_id"),
    ] {
        let error = schedules::create(&app.cx(), schedule).await.unwrap_err();
        assert_eq!(error.fields[0].pointer, pointer);
    }
    let made = schedules::create(&app.cx(), new(SourceKind::Folder, "crm")).await.unwrap();
    schedules::delete(&app.cx(), made.id).await.unwrap();
    assert!(schedules::get(&app.cx(), made.id).await.unwrap_err().is_not_found());
    app.settle().await;
});
