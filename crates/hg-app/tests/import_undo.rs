//! Undoing an import: what it made goes, what it changed comes back, what people did since stays.

use std::path::PathBuf;

use hg_app::contacts::{self, Contact, ContactInput, NewDoNotContact};
use hg_app::imports::{self, Import, ImportOptions, ImportPatch, UndoCounts};
use hg_app::segments::{self, NewSegment};
use hg_app::{Role, consents, privacy};
use hg_core::ids::ContactId;
use hg_core::time::Millis;
use hg_store::Sql;
use hg_testkit::{TestApp, on_each_db};
use serde_json::{Value, json};

async fn upload(app: &TestApp, name: &str, text: &str) -> Import {
    let path: PathBuf = app.test_db.dir.path().join(name);
    std::fs::write(&path, text).unwrap();
    imports::create(&app.cx(), hg_core::imports::Object::Contact, name, path, text.len() as i64, None, None).await.unwrap()
}

async fn run(app: &TestApp, import: &Import, options: ImportOptions) -> Import {
    let patch = ImportPatch { options: Some(options), ..ImportPatch::default() };
    imports::patch(&app.cx(), import.id, patch).await.unwrap();
    imports::start(&app.cx(), import.id).await.unwrap();
    app.settle().await;
    imports::get(&app.cx(), import.id).await.unwrap()
}

fn input(fields: Value) -> ContactInput {
    let Value::Object(fields) = fields else { panic!("fields are an object") };
    ContactInput { fields: fields.into_iter().collect(), ..ContactInput::default() }
}

async fn person(app: &TestApp, fields: Value) -> ContactId {
    contacts::create(&app.cx(), input(fields), false).await.unwrap().0.id
}

async fn get(app: &TestApp, id: ContactId) -> Contact {
    contacts::get(&app.cx(), id).await.unwrap()
}

async fn by_email(app: &TestApp, email: &'static str) -> ContactId {
    let ws = app.ws.clone();
    app.ws.db.read(move |tx| contacts::find_by_email(&ws, tx, email)).await.unwrap().unwrap()
}

async fn count(app: &TestApp, text: &'static str) -> i64 {
    app.ws.db.read(move |tx| Ok::<_, hg_app::Error>(tx.scalar(Sql::new(text))?)).await.unwrap()
}

on_each_db!(an_import_is_taken_back_but_for_what_people_changed_since, |app| {
    let (owner, cx) = app.user("owner@example.org", Role::Administrator).await;
    let ada = person(&app, json!({"email": "ada@example.org", "city": "London", "company": "Old Works"})).await;
    let bo = person(&app, json!({"email": "bo@example.org", "city": "Oslo", "firstname": "Bo"})).await;
    let entry = NewDoNotContact { channel: "email".into(), reason: 1, channel_id: None, comments: "left".into() };
    contacts::stop_contacting(&app.cx(), bo, entry).await.unwrap();
    contacts::update(&app.cx(), ada, ContactInput { tags: vec!["old".into()], ..input(json!({})) }, true).await.unwrap();
    consents::set(&app.cx(), ada, "newsletter".into(), false, None).await.unwrap();
    let gathered = segments::create(&app.cx(), NewSegment { name: "Gathered".into(), ..NewSegment::default() }).await.unwrap();
    app.settle().await;
    let before = (get(&app, ada).await, get(&app, bo).await);
    let file = "email,city,firstname,company,tags,stage,owner,doNotEmail,newsletter\n\
        ada@example.org,Paris,Ada,New Works,fresh|-old,Customer,owner@example.org,yes,yes\n\
        bo@example.org,Bergen,Bosse,,fresh,,,no,\n\
        ada@example.org,Rome,,,,,,,\n\
        new@example.org,Bonn,Neu,New Works,fresh,,,,yes\n\
        kept@example.org,Bonn,Kept,,,,,,\n";
    let import = upload(&app, "wrong.csv", file).await;
    let options = ImportOptions { segment_id: Some(gathered.id.0), tags: vec!["all".into()], ..ImportOptions::default() };
    let import = run(&app, &import, options).await;
    assert_eq!((import.counts.created, import.counts.updated, import.counts.rejected), (2, 3, 0), "{:?}", import.message);
    let changed = get(&app, ada).await;
    assert_eq!((changed.text("city"), changed.text("company")), (Some("Rome".into()), Some("New Works".into())));
    assert_eq!((changed.owner_id, changed.tags.len(), changed.do_not_contact.len()), (Some(owner.id), 2, 1));
    assert!(get(&app, bo).await.do_not_contact.is_empty());
    // Since then somebody gave Bo another name, and edited one of the new ones.
    app.clock.advance(Millis::minutes(5));
    contacts::update(&cx, bo, input(json!({"firstname": "Boris"})), true).await.unwrap();
    let kept = by_email(&app, "kept@example.org").await;
    contacts::update(&cx, kept, input(json!({"city": "Köln"})), true).await.unwrap();
    let expected = UndoCounts { deleted: 1, restored: 2, kept: 2, gone: 0 };
    let preview = imports::undo_preview(&cx, import.id).await.unwrap();
    assert_eq!((preview.counts, preview.exact), (expected, true));
    let new = by_email(&app, "new@example.org").await;
    imports::undo(&cx, import.id).await.unwrap();
    app.settle().await;
    let undone = imports::get(&app.cx(), import.id).await.unwrap();
    let undo = undone.undo.clone().unwrap();
    assert_eq!((undone.undo_state.as_deref(), undo.counts, undo.done), (Some("done"), expected, undo.total));
    let (mut a, mut b) = (get(&app, ada).await, get(&app, bo).await);
    assert_eq!(b.text("firstname").as_deref(), Some("Boris"), "what a person wrote since stays");
    b.values.insert("firstname".into(), before.1.values["firstname"].clone());
    for (now, was) in [(&mut a, &before.0), (&mut b, &before.1)] {
        (now.version, now.updated_at) = (was.version, was.updated_at);
        for (now, was) in now.do_not_contact.iter_mut().zip(&was.do_not_contact) {
            now.at = was.at;
        }
        assert_eq!(now, was);
    }
    assert!(contacts::get(&app.cx(), new).await.unwrap_err().is_not_found());
    assert_eq!(get(&app, kept).await.text("city").as_deref(), Some("Köln"));
    contacts::restore(&cx, new).await.unwrap();
    let held = app.ws.db.read(move |tx| consents::holds(tx, ada, "newsletter")).await.unwrap();
    assert!(!held, "a consent that the import claimed is unsaid");
    let (found, _) = segments::get(&app.cx(), gathered.id).await.unwrap();
    assert_eq!(found.members, 1, "only the new one who was edited is left in the segment: the others were never put in by hand");
    assert_eq!(count(&app, "SELECT count(*) FROM import_changes").await, 0);
    assert_eq!(count(&app, "SELECT count(*) FROM audit WHERE action = 'undo' AND object_type = 'import'").await, 1);
    assert_eq!(imports::undo(&cx, import.id).await.unwrap_err().code, "import.cannot-undo");
    assert_eq!(imports::resume(&cx, import.id).await.unwrap_err().code, "import.undone");
});

on_each_db!(an_undoing_that_was_killed_goes_on_with_what_is_left, |app| {
    let known: String = (0..450).map(|n| format!("known{n}@example.org,Before\n")).collect();
    let first = upload(&app, "first.csv", &format!("email,city\n{known}")).await;
    run(&app, &first, ImportOptions::default()).await;
    let both: String = (0..450).map(|n| format!("known{n}@example.org,After\nnew{n}@example.org,After\n")).collect();
    let second = upload(&app, "second.csv", &format!("email,city\n{both}")).await;
    let second = run(&app, &second, ImportOptions::default()).await;
    assert_eq!((second.counts.created, second.counts.updated), (450, 450));
    imports::undo(&app.cx(), second.id).await.unwrap();
    // As a process that was killed in the middle leaves it: some notes are done, the job is still running.
    let id = second.id;
    app.ws
        .db
        .write(move |tx| {
            tx.exec("UPDATE jobs SET state = 'running', leased_until = 1 WHERE kind = 'imports.undo'")?;
            tx.exec(Sql::new("UPDATE imports SET undo_state = 'running' WHERE id = $1").bind(id))?;
            Ok::<_, hg_app::Error>(())
        })
        .await
        .unwrap();
    app.settle().await;
    assert_eq!(imports::get(&app.cx(), id).await.unwrap().undo.unwrap().done, 0, "nobody works on it");
    app.clock.advance(Millis::minutes(10));
    hg_app::jobs::recover(&app.cx()).await.unwrap();
    app.settle().await;
    let undone = imports::get(&app.cx(), id).await.unwrap();
    assert_eq!(undone.undo.unwrap().counts, UndoCounts { deleted: 450, restored: 450, ..UndoCounts::default() });
    assert_eq!(count(&app, "SELECT count(*) FROM contacts WHERE deleted_at IS NULL AND city = 'Before'").await, 450);
    assert_eq!(count(&app, "SELECT count(*) FROM contacts WHERE deleted_at IS NULL").await, 450);
});

on_each_db!(whoever_is_gone_or_whose_address_is_taken_is_counted, |app| {
    let ada = person(&app, json!({"email": "ada@example.org"})).await;
    let bo = person(&app, json!({"email": "bo@example.org", "city": "Oslo"})).await;
    let text = format!("id,email,city\n{ada},countess@example.org,Paris\n{bo},,Bergen\n,new@example.org,Bonn\n");
    let import = upload(&app, "ids.csv", &text).await;
    let import = run(&app, &import, ImportOptions::default()).await;
    assert_eq!((import.counts.updated, import.counts.created), (2, 1), "{:?}", import.message);
    contacts::delete(&app.cx(), bo).await.unwrap();
    person(&app, json!({"email": "ada@example.org", "firstname": "Another"})).await;
    imports::undo_now(&app.cx(), import.id).await.unwrap();
    let undone = imports::get(&app.cx(), import.id).await.unwrap().undo.unwrap();
    assert_eq!(undone.counts, UndoCounts { deleted: 1, restored: 1, kept: 1, gone: 1 });
    let ada = get(&app, ada).await;
    assert_eq!((ada.email().as_deref(), ada.text("city")), (Some("countess@example.org"), None));
});

on_each_db!(an_import_cannot_be_undone_after_thirty_days_and_its_notes_are_forgotten, |app| {
    let ada = person(&app, json!({"email": "ada@example.org", "city": "London"})).await;
    let import = upload(&app, "late.csv", "email,city\nada@example.org,Paris\nnew@example.org,Bonn\n").await;
    assert_eq!(imports::undo(&app.cx(), import.id).await.unwrap_err().code, "import.cannot-undo");
    run(&app, &import, ImportOptions::default()).await;
    app.clock.advance(Millis::days(29));
    app.settle().await;
    assert_eq!(imports::undo_preview(&app.cx(), import.id).await.unwrap().reason, None);
    app.clock.advance(Millis::days(2));
    app.settle().await;
    let error = imports::undo(&app.cx(), import.id).await.unwrap_err();
    assert!(error.to_string().contains("thirty days"), "{error}");
    assert_eq!(count(&app, "SELECT (SELECT count(*) FROM import_changes) + (SELECT count(*) FROM import_made)").await, 0);
    assert_eq!(get(&app, ada).await.text("city").as_deref(), Some("Paris"));
});

on_each_db!(erasing_somebody_takes_what_an_import_noted_of_her, |app| {
    let ada = person(&app, json!({"email": "ada@example.org", "city": "Xanthippolis"})).await;
    let import = upload(&app, "city.csv", "email,city\nada@example.org,Paris\n").await;
    run(&app, &import, ImportOptions::default()).await;
    assert_eq!(count(&app, "SELECT count(*) FROM import_changes").await, 1);
    privacy::erase(&app.cx(), ada, false).await.unwrap();
    app.settle().await;
    assert_eq!(count(&app, "SELECT count(*) FROM import_changes").await, 0);
    assert!(imports::undo_now(&app.cx(), import.id).await.is_ok());
});
