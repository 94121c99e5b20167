//! Imports from workbooks and JSON lines, of companies, by saved mappings, with a rule for each column.

use std::path::PathBuf;

use hg_app::companies;
use hg_app::contacts::{self, Contact, ContactInput};
use hg_app::imports::{self, Counts, Import, ImportOptions, ImportPatch, ImportState};
use hg_app::list::ListQuery;
use hg_app::settings::{self, Identity};
use hg_app::{Role, fields};
use hg_core::contacts::FieldType;
use hg_core::imports::{Object, Policy};
use hg_store::Sql;
use hg_testkit::{TestApp, on_each_db};
use rust_xlsxwriter::{ExcelDateTime, Format, Workbook};
use serde_json::{Value, json};

async fn upload(app: &TestApp, object: Object, name: &str, bytes: &[u8]) -> hg_app::Result<Import> {
    let path: PathBuf = app.test_db.dir.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    imports::create(&app.cx(), object, name, path, bytes.len() as i64, None, None).await
}

async fn run(app: &TestApp, import: &Import) -> Import {
    imports::start(&app.cx(), import.id).await.unwrap();
    app.settle().await;
    imports::get(&app.cx(), import.id).await.unwrap()
}

async fn person(app: &TestApp, email: &'static str) -> Contact {
    let ws = app.ws.clone();
    app.ws
        .db
        .read(move |tx| {
            let id = contacts::find_by_email(&ws, tx, email)?.unwrap();
            contacts::load(&ws, tx, id)
        })
        .await
        .unwrap()
}

async fn rejected(app: &TestApp, import: &Import) -> String {
    let page = imports::rejected_page(&app.cx(), import.id, None).await.unwrap().unwrap();
    String::from_utf8(page.0).unwrap()
}

async fn create(app: &TestApp, fields: Value) -> Contact {
    let Value::Object(fields) = fields else { panic!("fields are an object") };
    let input = ContactInput { fields: fields.into_iter().collect(), ..ContactInput::default() };
    contacts::create(&app.cx(), input, false).await.unwrap().0
}

fn workbook() -> Vec<u8> {
    let mut book = Workbook::new();
    book.add_worksheet().set_hidden(true).write_string(0, 0, "secret").unwrap();
    let sheet = book.add_worksheet().set_active(true);
    // The list stands neither in the first row nor in the first column, and notes stand beside it.
    for (at, name) in ["email", "zipcode", "attribution_date", "points", "address1", "firstname"].iter().enumerate() {
        sheet.write_string(2, at as u16 + 1, *name).unwrap();
    }
    sheet.write_string(3, 1, "ada@example.org").unwrap();
    sheet.write_number_with_format(3, 2, 1234.0, &Format::new().set_num_format("00000")).unwrap();
    let date = ExcelDateTime::from_ymd(2021, 3, 4).unwrap();
    sheet.write_datetime_with_format(3, 3, &date, &Format::new().set_num_format("dd.mm.yyyy")).unwrap();
    sheet.write_number(3, 4, 420.0).unwrap();
    sheet.write_string(3, 5, "1 Road\nLondon").unwrap();
    sheet.write_string(3, 6, "Ada").unwrap();
    sheet.write_string(3, 9, "a note").unwrap();
    sheet.write_string(5, 1, "nobody").unwrap();
    sheet.write_string(6, 1, "bo@example.org").unwrap();
    sheet.write_formula(6, 6, rust_xlsxwriter::Formula::new("=\"B\"&\"o\"").set_result("Bo")).unwrap();
    book.save_to_buffer().unwrap()
}

on_each_db!(a_workbook_is_imported_as_people_see_it, |app| {
    let import = upload(&app, Object::Contact, "people.xlsx", &workbook()).await.unwrap();
    assert_eq!((import.format.as_str(), import.setup.headers.len()), ("xlsx", 6));
    assert_eq!(import.setup.sample[0][4], "1 Road\nLondon");
    let done = run(&app, &import).await;
    assert_eq!(done.counts, Counts { created: 2, rejected: 1, ..Counts::default() }, "{:?}", done.message);
    let ada = person(&app, "ada@example.org").await;
    assert_eq!((ada.text("zipcode").as_deref(), ada.points), (Some("01234"), 420));
    assert_eq!(ada.text("attribution_date").map(|t| t[..10].to_owned()).as_deref(), Some("2021-03-04"));
    assert_eq!(ada.text("address1").as_deref(), Some("1 Road London"), "a field of one line has one line");
    assert_eq!(person(&app, "bo@example.org").await.text("firstname").as_deref(), Some("Bo"));
    let told = rejected(&app, &done).await;
    assert!(told.contains("nobody,,,,,,6,"), "the line is the row of the sheet: {told}");
    let error = imports::patch(&app.cx(), import.id, ImportPatch { delimiter: Some(';'), ..ImportPatch::default() }).await;
    assert_eq!(error.unwrap_err().fields[0].code, "import.format");
});

on_each_db!(json_lines_are_imported_and_broken_lines_are_told, |app| {
    let text = "{\"email\": \"ada@example.org\", \"address\": {\"city\": \"London\"}, \"tags\": [\"a\", \"b\"], \"points\": 3}\n\
        not json\n\n\
        {\"email\": \"bo@example.org\", \"firstname\": \"Bo\\nB\", \"points\": null}\n";
    let import = upload(&app, Object::Contact, "people.jsonl", text.as_bytes()).await.unwrap();
    assert_eq!(import.setup.headers, ["email", "address.city", "tags", "points", "firstname"]);
    let mut mapping = import.setup.mapping.clone();
    mapping[1].target = Some("city".into());
    let patch = ImportPatch { mapping: Some(mapping), ..ImportPatch::default() };
    imports::patch(&app.cx(), import.id, patch).await.unwrap();
    let done = run(&app, &import).await;
    assert_eq!(done.counts, Counts { created: 2, rejected: 1, ..Counts::default() }, "{:?}", done.message);
    let ada = person(&app, "ada@example.org").await;
    assert_eq!((ada.text("city").as_deref(), ada.tags.len(), ada.points), (Some("London"), 2, 3));
    let told = rejected(&app, &done).await;
    assert!(told.contains("not json,,,,,2,the line is not a JSON object"), "{told}");
});

on_each_db!(broken_files_of_each_format_are_refused_with_what_to_do, |app| {
    let mut cut = workbook();
    cut.truncate(cut.len() / 2);
    let empty = Workbook::new().save_to_buffer();
    let mut book = Workbook::new();
    book.add_worksheet();
    let blank = book.save_to_buffer().unwrap();
    assert!(empty.is_err() || !empty.unwrap().is_empty());
    for (name, bytes, code) in [
        ("cut.xlsx", cut.as_slice(), "import.workbook"),
        ("blank.xlsx", &blank, "import.empty"),
        ("list.json", b"[\n{\"email\": \"a@b.org\",\n\"city\": \"x\"}\n]".as_slice(), "import.json"),
        ("old.xls", b"\xD0\xCF\x11\xE0old".as_slice(), "import.binary"),
    ] {
        let error = upload(&app, Object::Contact, name, bytes).await.unwrap_err();
        assert_eq!((error.fields[0].code.as_ref(), error.fields[0].pointer.as_str()), (code, "/file"), "{name}: {error}");
    }
    let kept = std::fs::read_dir(app.ws.site.data_dir.join("imports")).map_or(0, Iterator::count);
    assert_eq!(kept, 0, "nothing is left of a file that was refused");
});

on_each_db!(companies_are_imported_and_taken_back, |app| {
    let (owner, cx) = app.user("owner@example.org", Role::Administrator).await;
    let sent = [("companyname".to_owned(), json!("Acme")), ("companycity".to_owned(), json!("Oslo"))];
    let input = companies::CompanyInput { fields: sent.into(), ..companies::CompanyInput::default() };
    let acme = companies::create(&cx, input, false).await.unwrap().0;
    let text =
        "Name,City,Owner\nACME,Rome,owner@example.org\nNew Works,Bonn,\nnew works,,owner@example.org\n,Nowhere,\nAcme,Rome,\n";
    let import = upload(&app, Object::Company, "firms.csv", text.as_bytes()).await.unwrap();
    let targets: Vec<Option<&str>> = import.setup.mapping.iter().map(|c| c.target.as_deref()).collect();
    assert_eq!(targets, [Some("companyname"), Some("companycity"), Some("owner")]);
    imports::start_dry_run(&cx, import.id).await.unwrap();
    app.settle().await;
    let tried = imports::get(&cx, import.id).await.unwrap().dry_run.unwrap().counts;
    assert_eq!((tried.created, tried.rejected), (1, 1));
    let done = run(&app, &import).await;
    assert_eq!(done.state, ImportState::Done, "{:?}", done.message);
    assert_eq!((done.counts.created, done.counts.rows(), done.counts.rejected), (1, 5, 1));
    assert!(rejected(&app, &done).await.contains("Nowhere"), "the row is there to be mended");
    let changed = companies::get(&cx, acme.id).await.unwrap();
    assert_eq!(
        (changed.text("companycity").as_deref(), changed.owner_id, changed.name().as_str()),
        (Some("Rome"), Some(owner.id), "Acme")
    );
    let all = companies::list(&cx, ListQuery::default()).await.unwrap();
    let new = all.items.iter().find(|c| c.name().to_lowercase() == "new works").unwrap();
    assert_eq!((new.text("companycity").as_deref(), new.owner_id), (Some("Bonn"), Some(owner.id)));
    imports::undo_now(&cx, import.id).await.unwrap();
    let back = companies::get(&cx, acme.id).await.unwrap();
    assert_eq!((back.text("companycity"), back.owner_id, back.name()), (Some("Oslo".into()), None, "Acme".to_owned()));
    assert_eq!(companies::list(&cx, ListQuery::default()).await.unwrap().items.len(), 1);
    let column = |column, target: &str| hg_core::imports::Column { column, target: Some(target.into()), ..Default::default() };
    let other = upload(&app, Object::Company, "other.csv", b"a,b\n1,2\n").await.unwrap();
    let patch = ImportPatch { mapping: Some(vec![column(0, "companycity")]), ..ImportPatch::default() };
    let error = imports::patch(&cx, other.id, patch).await.unwrap_err();
    assert_eq!(error.fields[0].code, "import.required");
});

on_each_db!(a_saved_mapping_is_taken_by_files_with_the_same_columns, |app| {
    let first = upload(&app, Object::Contact, "first.csv", b"Mail,Where\nada@example.org,London\n").await.unwrap();
    let mut mapping = first.setup.mapping.clone();
    mapping[1].target = Some("city".into());
    mapping[1].policy = Policy::IfEmpty;
    let options = ImportOptions { tags: vec!["fair".into()], ..ImportOptions::default() };
    let patch = ImportPatch { mapping: Some(mapping), options: Some(options), ..ImportPatch::default() };
    imports::patch(&app.cx(), first.id, patch).await.unwrap();
    let saved = imports::save_mapping(&app.cx(), first.id, " Fair ".into()).await.unwrap();
    assert_eq!((saved.name.as_str(), saved.columns.len()), ("Fair", 2));
    // The columns have changed their places and their case.
    let second = upload(&app, Object::Contact, "second.csv", b"where,MAIL\nParis,ada@example.org\n").await.unwrap();
    assert_eq!(second.setup.saved.as_deref(), Some("Fair"));
    assert_eq!((second.setup.mapping[0].target.as_deref(), second.setup.mapping[0].policy), (Some("city"), Policy::IfEmpty));
    assert_eq!(second.setup.options.tags, ["fair"]);
    let third = upload(&app, Object::Contact, "third.csv", b"Mail,Where,More\nx@example.org,y,z\n").await.unwrap();
    assert_eq!(third.setup.saved, None, "other columns");
    let third = imports::apply_mapping(&app.cx(), third.id, saved.id).await.unwrap();
    assert_eq!(third.setup.mapping[1].target.as_deref(), Some("city"));
    imports::save_mapping(&app.cx(), third.id, "Fair".into()).await.unwrap();
    assert_eq!(imports::saved_mappings(&app.cx()).await.unwrap().len(), 1, "one name, one mapping");
    imports::delete_mapping(&app.cx(), saved.id).await.unwrap();
    assert!(imports::delete_mapping(&app.cx(), saved.id).await.unwrap_err().is_not_found());
});

on_each_db!(each_column_minds_what_is_there_in_its_own_way, |app| {
    let options = json!({"options": [{"label": "Tea", "value": "tea"}, {"label": "Ale", "value": "ale"}, {"label": "Gin", "value": "gin"}]});
    let field = fields::NewField {
        properties: serde_json::from_value(options).unwrap(),
        ..fields::NewField::new("Drinks", FieldType::Multiselect)
    };
    fields::create(&app.cx(), field).await.unwrap();
    create(&app, json!({"email": "ada@example.org", "city": "London", "drinks": ["tea"], "firstname": "Ada"})).await;
    let text = "email,city,drinks,firstname\nada@example.org,Paris,ale|tea,Augusta\nbo@example.org,Oslo,gin,Bo\nbo@example.org,Bergen,tea,Bosse\n";
    let import = upload(&app, Object::Contact, "rules.csv", text.as_bytes()).await.unwrap();
    let mut mapping = import.setup.mapping.clone();
    mapping[1].policy = Policy::Append;
    let patch = |mapping: &[hg_core::imports::Column]| ImportPatch { mapping: Some(mapping.to_vec()), ..ImportPatch::default() };
    let error = imports::patch(&app.cx(), import.id, patch(&mapping)).await.unwrap_err();
    assert_eq!(error.fields[0].code, "import.append", "a city is one");
    mapping[1].policy = Policy::IfEmpty;
    mapping[2].policy = Policy::Append;
    imports::patch(&app.cx(), import.id, patch(&mapping)).await.unwrap();
    run(&app, &import).await;
    let ada = person(&app, "ada@example.org").await;
    let said = |c: &Contact| [c.text("city"), c.text("drinks"), c.text("firstname")].map(Option::unwrap_or_default);
    assert_eq!(said(&ada), ["London", "tea|ale", "Augusta"]);
    assert_eq!(said(&person(&app, "bo@example.org").await), ["Oslo", "gin|tea", "Bosse"]);
});

on_each_db!(rows_whose_identifiers_are_of_two_people_mean_the_newest_of_them, |app| {
    let field = fields::NewField { unique: true, ..fields::NewField::new("Number", FieldType::Text) };
    fields::create(&app.cx(), field).await.unwrap();
    let ada = create(&app, json!({"email": "ada@example.org", "number": "A1"})).await;
    create(&app, json!({"email": "bo@example.org", "number": "B2"})).await;
    let text = format!(
        "id,email,number,city\n,ada@example.org,B2,Rome\n{},bo@example.org,,Rome\n,ada@example.org,C3,Paris\n,new@example.org,D4,Bonn\n,next@example.org,D4,Bonn\n{},ADA@example.org,A1,Oslo\n",
        ada.id, ada.id
    );
    let import = upload(&app, Object::Contact, "two.csv", text.as_bytes()).await.unwrap();
    let done = run(&app, &import).await;
    assert_eq!(done.state, ImportState::Done, "{:?}", done.message);
    assert_eq!(done.counts, Counts { created: 1, updated: 4, rejected: 1, skipped: 0 });
    let told = rejected(&app, &done).await;
    let bo = person(&app, "bo@example.org").await;
    assert_eq!(bo.text("city").as_deref(), Some("Rome"), "the newest of the two, who keeps her address");
    assert_eq!(person(&app, "ada@example.org").await.id, ada.id, "and so does the other");
    assert!(told.contains("Email: “bo@example.org” belongs to another record"), "{told}");
    // All identifiers must fit, when the settings say so.
    let (_, cx) = app.user("admin@example.org", Role::Administrator).await;
    settings::write_identity(&cx, Identity { all_identifiers: true, ..Identity::default() }).await.unwrap();
    let strict = upload(
        &app,
        Object::Contact,
        "strict.csv",
        b"email,number,city\nbo@example.org,B2,Fits\nbo@example.org,Z9,Half\nbo@example.org,D4,Both\nzed@example.org,Z8,New\n",
    );
    let strict = run(&app, &strict.await.unwrap()).await;
    assert_eq!(strict.counts, Counts { created: 1, updated: 1, rejected: 2, skipped: 0 }, "{:?}", strict.message);
    assert_eq!(person(&app, "bo@example.org").await.text("city").as_deref(), Some("Fits"));
});

on_each_db!(columns_tell_where_contacts_came_from_and_when_they_were_seen, |app| {
    let text = "email,ip,lastActive,createdByUser,points,doNotEmail\n\
        ada@example.org,\"192.0.2.7, 2001:db8::1\",2021-02-03 04:05,Grace Hopper,7,perhaps\n\
        bad@example.org,999.1.1.1,,,,\n";
    let import = upload(&app, Object::Contact, "seen.csv", text.as_bytes()).await.unwrap();
    assert!(import.setup.mapping.iter().all(|c| c.target.is_some()), "{:?}", import.setup.mapping);
    let done = run(&app, &import).await;
    assert_eq!(done.counts, Counts { created: 1, rejected: 1, ..Counts::default() }, "{:?}", done.message);
    let ada = person(&app, "ada@example.org").await;
    assert_eq!(ada.last_active_at.unwrap().rfc3339(), "2021-02-03T04:05:00.000Z");
    assert!(ada.do_not_contact.is_empty(), "a word that is neither yes nor no says nothing");
    let (seen, by) = app
        .ws
        .db
        .read(move |tx| {
            let addresses = "SELECT address FROM contact_addresses WHERE contact_id = $1 ORDER BY address";
            let seen: Vec<String> = tx.all(Sql::new(addresses).bind(ada.id), |r| r.get(0))?;
            let by: Value = tx.scalar(Sql::new("SELECT detail FROM events WHERE contact_id = $1 AND kind = 1").bind(ada.id))?;
            Ok::<_, hg_app::Error>((seen, by))
        })
        .await
        .unwrap();
    assert_eq!(seen, ["192.0.2.7", "2001:db8::1"]);
    assert_eq!(by["by"], "Grace Hopper");
    let again = upload(&app, Object::Contact, "again.csv", b"email,points\nada@example.org,99\n").await.unwrap();
    assert_eq!(run(&app, &again).await.counts.skipped, 1, "points are for new contacts only");
});

on_each_db!(everything_that_a_column_can_go_to_is_offered_once, |app| {
    for object in [Object::Contact, Object::Company] {
        let mut names: Vec<String> = imports::targets(&app.cx(), object).await.unwrap().into_iter().map(|t| t.0).collect();
        let all = names.len();
        assert!(all > 10, "{names:?}");
        names.sort();
        names.dedup();
        assert_eq!(names.len(), all, "{object:?}");
    }
});
