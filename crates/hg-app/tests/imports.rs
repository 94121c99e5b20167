//! Imports: counts, reasons, encodings, stopping and going on.

use std::path::PathBuf;

use hg_app::contacts::{self, ContactInput, ContactQuery};
use hg_app::imports::{self, Counts, Import, ImportOptions, ImportPatch, ImportState};
use hg_app::list::ListQuery;
use hg_app::segments::{self, NewSegment};
use hg_core::imports::Column;
use hg_testkit::{TestApp, on_each_db};
use serde_json::json;

async fn upload(app: &TestApp, name: &str, bytes: &[u8]) -> hg_app::Result<Import> {
    let path: PathBuf = app.test_db.dir.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    imports::create(&app.cx(), hg_core::imports::Object::Contact, name, path, bytes.len() as i64, None, None).await
}

async fn run(app: &TestApp, import: &Import) -> Import {
    imports::start(&app.cx(), import.id).await.unwrap();
    app.settle().await;
    imports::get(&app.cx(), import.id).await.unwrap()
}

async fn names(app: &TestApp, search: &str) -> Vec<String> {
    let list = ListQuery { search: search.into(), sort: "id".into(), limit: 500, ..ListQuery::default() };
    let page = contacts::list(&app.cx(), ContactQuery { list, ..ContactQuery::default() }).await.unwrap();
    page.items.iter().map(contacts::Contact::name).collect()
}

const PEOPLE: &str = "firstname,lastname,email,city,country,timezone,preferred_locale,newsletter
Ada,Lovelace,ada@example.org,London,uk,Europe/London,en,yes
Žofie,Nováková,zofie@example.org,Plzeň,cz,Europe/Prague,cs_CZ,no
Broken,Address,nobody,Praha,cz,Europe/Prague,cs,yes
Ada,King,ADA@example.org,,uk,,,yes
Too,Few
José,Pérez,jose@example.org,\"Ciudad,
de México\",mx,America/Mexico_City,es_MX,YES
Bad,Zone,zone@example.org,Praha,cz,Mars/Olympus,cs,yes
";

on_each_db!(a_list_is_imported_with_reasons_for_what_is_not, |app| {
    contacts::create(
        &app.cx(),
        ContactInput { fields: [("email".to_owned(), json!("Jose@Example.org"))].into(), ..ContactInput::default() },
        false,
    )
    .await
    .unwrap();
    let filter = json!({"match": "all", "rules": [{"field": "consent:newsletter", "op": "=", "value": true}]});
    let agreed = segments::create(&app.cx(), NewSegment { name: "Agreed".into(), filter: Some(filter), ..NewSegment::default() })
        .await
        .unwrap();
    app.settle().await;
    let import = upload(&app, "people.csv", PEOPLE.as_bytes()).await.unwrap();
    assert_eq!((import.state, import.setup.delimiter, import.setup.headers.len()), (ImportState::Mapping, ',', 8));
    assert!(import.setup.mapping.iter().all(|c| c.guessed), "{:?}", import.setup.mapping);
    imports::start_dry_run(&app.cx(), import.id).await.unwrap();
    app.settle().await;
    let tried = imports::get(&app.cx(), import.id).await.unwrap();
    let expected = Counts { created: 2, updated: 2, skipped: 0, rejected: 3 };
    let dry_run = tried.dry_run.clone().unwrap();
    assert_eq!((tried.state, dry_run.counts), (ImportState::Ready, expected));
    assert_eq!(names(&app, "").await.len(), 1, "a dry run writes nothing");
    let done = run(&app, &import).await;
    assert_eq!((done.state, done.counts), (ImportState::Done, expected), "{:?}", done.message);
    assert_eq!(names(&app, "").await, ["José Pérez", "Ada King", "Žofie Nováková"]);
    assert_eq!(names(&app, "city:%mexico").await, ["José Pérez"]);
    let (found, _) = segments::get(&app.cx(), agreed.id).await.unwrap();
    assert_eq!(found.members, 2, "segments are current when the import is done");
    let (csv, last) = imports::rejected_page(&app.cx(), import.id, None).await.unwrap().unwrap();
    let text = String::from_utf8(csv).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 4, "{text}");
    assert!(lines[0].ends_with("newsletter,line,reason"));
    assert!(
        lines[1].contains("nobody") && lines[1].contains(",4,") && lines[1].contains("is not an e-mail address"),
        "{}",
        lines[1]
    );
    assert!(lines[2].starts_with("Too,Few,") && lines[2].contains(",6,\"the row has 2 cells"), "{}", lines[2]);
    assert!(lines[3].contains("Mars/Olympus") && lines[3].contains(",9,"), "{}", lines[3]);
    assert!(imports::rejected_page(&app.cx(), import.id, Some(last)).await.unwrap().is_none());
    // The same file again changes nothing.
    let again = upload(&app, "again.csv", PEOPLE.as_bytes()).await.unwrap();
    let again = run(&app, &again).await;
    assert_eq!((again.counts.created, again.counts.rejected), (0, 3));
});

on_each_db!(files_of_other_programs_are_read, |app| {
    let latin = encoding(b"name;E-mail\nJos\xe9;jose@example.org\nZo\xeb;zoe@example.org\n", &app, "latin.csv").await;
    assert_eq!(latin.setup.encoding, "windows-1252");
    let wide: Vec<u8> =
        "\u{feff}First name\tE-mail\nŽofie\tzofie@example.org\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let wide = encoding(&wide, &app, "wide.txt").await;
    assert_eq!((wide.setup.encoding.as_str(), wide.setup.delimiter), ("UTF-16LE", '\t'));
    let bom = encoding(b"\xef\xbb\xbffirstname;email\nBob;bob@example.org\n", &app, "bom.csv").await;
    assert_eq!((bom.setup.headers[0].as_str(), bom.counts.created), ("firstname", 1));
    assert_eq!(names(&app, "").await, ["jose@example.org", "zoe@example.org", "Žofie", "Bob"]);
});

async fn encoding(bytes: &[u8], app: &TestApp, name: &str) -> Import {
    let import = upload(app, name, bytes).await.unwrap();
    let done = run(app, &import).await;
    assert_eq!(done.state, ImportState::Done, "{:?}", done.message);
    done
}

on_each_db!(what_cannot_be_imported_is_refused_with_a_reason, |app| {
    for (name, bytes, code) in [
        ("book.xlsx", &b"PK\x03\x04zip"[..], "import.workbook"),
        ("noise.csv", b"\x00\x01\x02\x03\x04\x05\x06\x07", "import.binary"),
        ("empty.csv", b"", "import.empty"),
        ("head.csv", b"email,city\n", "import.empty"),
        ("twice.csv", b"email,email\na,b\n", "import.header-twice"),
    ] {
        let error = upload(&app, name, bytes).await.unwrap_err();
        assert_eq!((error.fields[0].code.as_ref(), error.fields[0].pointer.as_str()), (code, "/file"), "{name}");
    }
    let import = upload(&app, "people.csv", PEOPLE.as_bytes()).await.unwrap();
    let column = |column, target: &str| Column { column, target: Some(target.into()), ..Column::default() };
    let mapping = vec![column(0, "firstname"), column(1, "firstname"), column(2, "shoe")];
    let error =
        imports::patch(&app.cx(), import.id, ImportPatch { mapping: Some(mapping), ..ImportPatch::default() }).await.unwrap_err();
    let pointers: Vec<&str> = error.fields.iter().map(|f| f.pointer.as_str()).collect();
    assert_eq!(pointers, ["/mapping/1/target", "/mapping/2/target"]);
    run(&app, &import).await;
    assert_eq!(imports::start(&app.cx(), import.id).await.unwrap_err().code, "import.not-open");
});

on_each_db!(options_tag_own_and_gather_everybody_in_the_file, |app| {
    let gathered = segments::create(&app.cx(), NewSegment { name: "Gathered".into(), ..NewSegment::default() }).await.unwrap();
    let import = upload(&app, "people.csv", PEOPLE.as_bytes()).await.unwrap();
    let options = ImportOptions {
        tags: vec!["ama".into()],
        segment_id: Some(gathered.id.0),
        purpose: Some("events".into()),
        ..ImportOptions::default()
    };
    imports::patch(&app.cx(), import.id, ImportPatch { options: Some(options), ..ImportPatch::default() }).await.unwrap();
    let done = run(&app, &import).await;
    assert_eq!(done.counts.created, 3);
    assert_eq!(names(&app, "tag:ama").await.len(), 3);
    let (found, _) = segments::get(&app.cx(), gathered.id).await.unwrap();
    assert_eq!(found.members, 3);
    let filled = upload(&app, "fill.csv", b"email,city,firstname\nada@example.org,Paris,Augusta\n").await.unwrap();
    let keep = ImportOptions { skip_existing: true, ..ImportOptions::default() };
    imports::patch(&app.cx(), filled.id, ImportPatch { options: Some(keep), ..ImportPatch::default() }).await.unwrap();
    assert_eq!(run(&app, &filled).await.counts, Counts { skipped: 1, ..Counts::default() });
    assert_eq!(names(&app, "ada").await, ["Ada King"]);
});

on_each_db!(an_import_that_was_killed_goes_on_with_the_next_row, |app| {
    let mut text = String::from("email,firstname,note\n");
    for n in 0..1_500 {
        text.push_str(&format!("p{n}@example.org,P{n},\"two\nlines\"\n"));
    }
    let import = upload(&app, "many.csv", text.as_bytes()).await.unwrap();
    let whole = run(&app, &import).await;
    assert_eq!((whole.counts.created, whole.resume_at), (1_500, text.len() as i64));
    // As a crash after the second batch leaves it: place and counts as they were written with the rows.
    let second = upload(&app, "again.csv", text.replace("@example.org", "@example.com").as_bytes()).await.unwrap();
    let id = second.id;
    let at = text.match_indices("\"two").nth(799).map(|(i, _)| i + "\"two\nlines\"\n".len()).unwrap() as i64;
    app.ws
        .db
        .write(move |tx| {
            tx.exec(
                hg_store::Sql::new(
                    "UPDATE imports SET resume_at = $2, rows_done = 800, created = 800, state = 'failed' WHERE id = $1",
                )
                .bind(id)
                .bind(at),
            )?;
            Ok::<_, hg_app::Error>(())
        })
        .await
        .unwrap();
    imports::resume(&app.cx(), id).await.unwrap();
    app.settle().await;
    let done = imports::get(&app.cx(), id).await.unwrap();
    assert_eq!((done.state, done.counts.created, done.counts.rejected), (ImportState::Done, 1_500, 0));
    let page = contacts::list(
        &app.cx(),
        ContactQuery {
            list: ListQuery { search: "email:%com".into(), limit: 1, ..ListQuery::default() },
            ..ContactQuery::default()
        },
    )
    .await
    .unwrap();
    assert_eq!(page.total, Some(700));
});

on_each_db!(the_words_that_people_agreed_to_come_with_their_consents, |app| {
    let known = ContactInput { fields: [("email".to_owned(), json!("old@example.org"))].into(), ..ContactInput::default() };
    let old = contacts::create(&app.cx(), known, false).await.unwrap().0.id;
    let text = "email,newsletter\nold@example.org,yes\nnew@example.org,yes\nno@example.org,no\n";
    let import = upload(&app, "agreed.csv", text.as_bytes()).await.unwrap();
    let options = ImportOptions { consent_text: Some(" Send me the newsletter ".into()), ..ImportOptions::default() };
    let patch = ImportPatch { options: Some(options), ..ImportPatch::default() };
    let import = imports::patch(&app.cx(), import.id, patch).await.unwrap();
    run(&app, &import).await;
    let rows = app
        .ws
        .db
        .read(|tx| {
            tx.all("SELECT contact_id, given, text_shown FROM consents ORDER BY contact_id", |r| {
                Ok((r.get::<i64>(0)?, r.get::<bool>(1)?, r.get::<Option<String>>(2)?))
            })
        })
        .await
        .unwrap();
    let words = Some("Send me the newsletter".to_owned());
    assert_eq!(rows, [(old.0, true, words.clone()), (old.0 + 1, true, words), (old.0 + 2, false, None)]);
});

on_each_db!(columns_name_stages_companies_owners_and_dates, |app| {
    let file = "email,stage,companyname,companycity,owner,date_identified,date_modified\n\
        ada@example.org,Customer,Acme,Rome,,2020-01-02 03:04,2021-01-02 03:04\n\
        bo@example.org,customer,ACME,NULL,nobody@example.org,,\n\
        cleo@example.org,NULL,acme,Paris,,,\n";
    let import = upload(&app, "stages.csv", file.as_bytes()).await.unwrap();
    let import = run(&app, &import).await;
    assert_eq!((import.counts.created, import.counts.rejected), (2, 1), "{:?}", import.message);
    let (rejected, _) = imports::rejected_page(&app.cx(), import.id, None).await.unwrap().unwrap();
    assert!(String::from_utf8(rejected).unwrap().contains("no user “nobody@example.org”"), "an owner whom nobody knows is told");
    let find = |email: &'static str| {
        let ws = app.ws.clone();
        async move {
            let found = ws.clone();
            ws.db
                .read(move |tx| {
                    let id = contacts::find_by_email(&found, tx, email)?.unwrap();
                    contacts::load(&found, tx, id)
                })
                .await
                .unwrap()
        }
    };
    let (ada, cleo) = (find("ada@example.org").await, find("cleo@example.org").await);
    assert_eq!(ada.identified_at.unwrap().rfc3339(), "2020-01-02T03:04:00.000Z");
    assert_eq!(ada.text("company"), Some("Acme".into()));
    assert_eq!((ada.companies.len(), ada.companies[0].primary, cleo.companies[0].id), (1, true, ada.companies[0].id));
    let acme = hg_app::companies::get(&app.cx(), ada.companies[0].id).await.unwrap();
    assert_eq!((acme.text("companycity"), acme.contacts), (Some("Paris".into()), 2), "a later row wins");
    let stages = hg_app::stages::list(&app.cx(), ListQuery::default()).await.unwrap();
    assert_eq!(stages.items.iter().map(|s| s.name.as_str()).collect::<Vec<_>>(), ["Customer"], "made because it was missing");
});

on_each_db!(two_imports_of_the_same_people_at_once_make_no_twins, |app| {
    let people: String = (1..=900).map(|n| format!("person{n}@example.org,Company {}\n", n % 50)).collect();
    let file = format!("email,company\n{people}");
    let first = upload(&app, "first.csv", file.as_bytes()).await.unwrap().id;
    let second = upload(&app, "second.csv", file.as_bytes()).await.unwrap().id;
    let (one, two) = (app.cx(), app.cx());
    let (first, second) = tokio::join!(imports::run_now(&one, first, |_| {}), imports::run_now(&two, second, |_| {}));
    let (first, second) = (first.unwrap(), second.unwrap());
    assert_eq!(first.counts.created + second.counts.created, 900, "{:?} {:?}", first.message, second.message);
    let count = app.ws.db.read(|tx| Ok::<_, hg_app::Error>(tx.scalar::<i64>("SELECT count(*) FROM contacts")?));
    let there = count.await.unwrap();
    let companies = hg_app::companies::list(&app.cx(), ListQuery::default()).await.unwrap();
    assert_eq!((there, companies.total), (900, Some(50)));
});
