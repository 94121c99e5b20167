//! Companies, and the contacts who belong to them.

use std::collections::BTreeMap;

use hg_app::companies::{self, Company, CompanyInput};
use hg_app::contacts::{self, ContactInput, PointsOperator};
use hg_app::fields::{self, NewField};
use hg_app::list::ListQuery;
use hg_app::segments;
use hg_app::settings::{self, Identity};
use hg_app::{ErrorKind, Role, trash};
use hg_core::contacts::{FieldObject, FieldType, default_company_fields};
use hg_core::ids::{CompanyId, ContactId};
use hg_store::Sql;
use hg_testkit::{TestApp, on_each_db};
use serde_json::{Value, json};

fn values(fields: Value) -> BTreeMap<String, Value> {
    fields.as_object().cloned().unwrap_or_default().into_iter().collect()
}

async fn person(app: &TestApp, fields: Value) -> ContactId {
    let input = ContactInput { fields: values(fields), ..ContactInput::default() };
    contacts::create(&app.cx(), input, true).await.unwrap().0.id
}

async fn write(app: &TestApp, contact: ContactId, fields: Value) {
    let input = ContactInput { fields: values(fields), ..ContactInput::default() };
    contacts::update(&app.cx(), contact, input, true).await.unwrap();
}

async fn company(app: &TestApp, fields: Value) -> Company {
    let input = CompanyInput { fields: values(fields), ..CompanyInput::default() };
    companies::create(&app.cx(), input, false).await.unwrap().0
}

/// The text in the contact, and her companies with the primary one marked.
async fn seen(app: &TestApp, contact: ContactId) -> (Option<String>, Vec<String>) {
    let contact = contacts::get(&app.cx(), contact).await.unwrap();
    let links = contact.companies.iter().map(|l| format!("{}{}", if l.primary { "*" } else { "" }, l.name)).collect();
    (contact.text("company"), links)
}

async fn found(app: &TestApp, search: &str) -> Vec<String> {
    let query = ListQuery { search: search.into(), sort: "name".into(), ..ListQuery::default() };
    companies::list(&app.cx(), query).await.unwrap().items.iter().map(Company::name).collect()
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

on_each_db!(every_workspace_starts_with_the_fields_of_companies, |app| {
    let there = fields::list_of(&app.cx(), FieldObject::Company).await.unwrap();
    let expected = default_company_fields();
    assert_eq!(there.len(), expected.len());
    for (mut expected, field) in expected.into_iter().zip(there) {
        expected.id = field.def.id;
        assert_eq!(field.def, expected);
    }
});

on_each_db!(the_text_of_a_contact_names_her_primary_company, |app| {
    let ada = person(&app, json!({"email": "ada@example.org", "company": " Acme ", "city": "Rome"})).await;
    let bob = person(&app, json!({"email": "bob@example.org", "company": "ACME"})).await;
    assert_eq!(seen(&app, ada).await, (some("Acme"), vec!["*Acme".into()]));
    assert_eq!(seen(&app, bob).await.0, some("Acme"), "one company, written as it writes itself");
    let acme = companies::list(&app.cx(), ListQuery::default()).await.unwrap();
    assert_eq!(acme.total, Some(1));
    assert_eq!((acme.items[0].text("companycity"), acme.items[0].contacts), (some("Rome"), 2));
    write(&app, ada, json!({"company": "Beta"})).await;
    assert_eq!(seen(&app, ada).await, (some("Beta"), vec!["*Beta".into(), "Acme".into()]));
    write(&app, ada, json!({"company": ""})).await;
    assert_eq!(seen(&app, ada).await.0, None, "a blank clears the primary one");
    assert_eq!(seen(&app, ada).await.1.len(), 2);
});

on_each_db!(contacts_come_to_companies_and_leave_them_again, |app| {
    let ada = person(&app, json!({"email": "ada@example.org"})).await;
    let acme = company(&app, json!({"companyname": "Acme"})).await.id;
    app.advance(hg_core::time::Millis::minutes(1));
    let beta = company(&app, json!({"companyname": "Beta"})).await.id;
    assert!(companies::link(&app.cx(), acme, ada).await.unwrap());
    app.advance(hg_core::time::Millis::minutes(1));
    assert!(companies::link(&app.cx(), beta, ada).await.unwrap());
    assert!(!companies::link(&app.cx(), beta, ada).await.unwrap(), "she is there already");
    assert_eq!(seen(&app, ada).await, (some("Beta"), vec!["*Beta".into(), "Acme".into()]), "the last added is the primary one");
    companies::make_primary(&app.cx(), acme, ada).await.unwrap();
    assert_eq!(seen(&app, ada).await.0, some("Acme"));
    companies::unlink(&app.cx(), acme, ada).await.unwrap();
    assert_eq!(seen(&app, ada).await, (some("Beta"), vec!["*Beta".into()]), "another one takes the place");
    companies::unlink(&app.cx(), beta, ada).await.unwrap();
    assert_eq!(seen(&app, ada).await, (None, vec![]));
    assert_eq!(companies::unlink(&app.cx(), beta, ada).await.unwrap_err().kind, ErrorKind::NotFound);
    companies::replace_links(&app.cx(), ada, vec![beta, acme]).await.unwrap();
    assert_eq!(seen(&app, ada).await.0, some("Beta"), "of several at once the first is the primary one");
    companies::replace_links(&app.cx(), ada, vec![acme]).await.unwrap();
    assert_eq!(seen(&app, ada).await, (some("Acme"), vec!["*Acme".into()]));
    let log = companies::moments(&app.cx(), acme, ListQuery::default()).await.unwrap();
    let kinds: Vec<&str> = log.items.iter().map(|m| m.kind.as_str()).collect();
    assert_eq!(kinds, ["contact_removed", "contact_added", "created"]);
});

on_each_db!(a_renamed_or_deleted_company_is_followed_by_its_contacts, |app| {
    let ada = person(&app, json!({"email": "ada@example.org", "company": "Beta"})).await;
    app.advance(hg_core::time::Millis::minutes(1));
    write(&app, ada, json!({"company": "Acme"})).await;
    let acme = companies::links_of(&app.cx(), ada).await.unwrap()[0].id;
    let rename = CompanyInput { fields: values(json!({"companyname": "Acme & Sons"})), ..CompanyInput::default() };
    companies::update(&app.cx(), acme, rename, true).await.unwrap();
    assert_eq!(seen(&app, ada).await.0, some("Acme & Sons"));
    companies::delete(&app.cx(), acme).await.unwrap();
    assert_eq!(seen(&app, ada).await, (some("Beta"), vec!["*Beta".into()]));
    companies::restore(&app.cx(), acme).await.unwrap();
    assert_eq!(seen(&app, ada).await, (some("Acme & Sons"), vec!["*Acme & Sons".into(), "Beta".into()]), "all as before");
});

on_each_db!(the_contacts_of_a_large_company_follow_piece_by_piece, |app| {
    let acme = company(&app, json!({"companyname": "Acme"})).await.id;
    app.ws
        .db
        .write(move |tx| {
            for n in 1..=1_201_i64 {
                let contact: i64 = tx.scalar(
                    hg_store::Sql::new(
                        "INSERT INTO contacts (created_at, updated_at, identified_at, lastname, company) VALUES (0, 0, 0, $1, 'Acme') RETURNING id",
                    )
                    .bind(format!("Person {n}")),
                )?;
                tx.exec(
                    hg_store::Sql::new("INSERT INTO contact_companies (contact_id, company_id, is_primary, added_at) VALUES ($1, $2, 1, 0)")
                        .bind(contact)
                        .bind(acme),
                )?;
            }
            Ok::<_, hg_app::Error>(())
        })
        .await
        .unwrap();
    assert_eq!(companies::get(&app.cx(), acme).await.unwrap().contacts, Company::MOST_COUNTED);
    let rename = CompanyInput { fields: values(json!({"companyname": "Zenith"})), ..CompanyInput::default() };
    companies::update(&app.cx(), acme, rename, true).await.unwrap();
    let named = |name: &'static str| {
        let db = app.ws.db.clone();
        async move {
            let sql = hg_store::Sql::new("SELECT count(*) FROM contacts WHERE company = $1").bind(name);
            db.read(move |tx| Ok::<_, hg_app::Error>(tx.scalar::<i64>(sql)?)).await.unwrap()
        }
    };
    assert_eq!(named("Zenith").await, 500, "the first at once");
    app.settle().await;
    assert_eq!((named("Zenith").await, named("Acme").await), (1_201, 0));
    let beta = company(&app, json!({"companyname": "Beta"})).await.id;
    companies::merge(&app.cx(), acme, beta).await.unwrap();
    app.settle().await;
    assert_eq!((named("Beta").await, named("Zenith").await), (1_201, 0));
});

on_each_db!(two_companies_become_one, |app| {
    let acme = company(&app, json!({"companyname": "Acme", "companycity": "Rome"})).await.id;
    let twin = company(&app, json!({"companyname": "Acme Ltd", "companycity": "Paris", "companyphone": "123"})).await.id;
    let ada = person(&app, json!({"email": "ada@example.org", "company": "Acme Ltd"})).await;
    let bob = person(&app, json!({"email": "bob@example.org", "company": "Acme"})).await;
    write(&app, bob, json!({"company": "Acme Ltd"})).await;
    companies::change_score(&app.cx(), twin, PointsOperator::Plus, 5, "Fair".into()).await.unwrap();
    let merged = companies::merge(&app.cx(), twin, acme).await.unwrap();
    assert_eq!(
        (merged.name(), merged.text("companycity"), merged.text("companyphone")),
        ("Acme".into(), some("Rome"), some("123"))
    );
    assert_eq!((merged.score, merged.contacts), (0, 2), "scores do not add up");
    assert_eq!(seen(&app, ada).await, (some("Acme"), vec!["*Acme".into()]));
    assert_eq!(seen(&app, bob).await, (some("Acme"), vec!["*Acme".into()]));
    assert_eq!(companies::get(&app.cx(), twin).await.unwrap().id, acme, "the old id leads to the survivor");
    let circle = companies::merge(&app.cx(), acme, twin).await.unwrap_err();
    assert_eq!((circle.kind, circle.code.as_ref()), (ErrorKind::Invalid, "company.itself"));
});

on_each_db!(a_name_belongs_to_one_company, |app| {
    let acme = company(&app, json!({"companyname": "Acme"})).await.id;
    let twin = CompanyInput { fields: values(json!({"companyname": " aCME"})), ..CompanyInput::default() };
    let refused = companies::create(&app.cx(), twin.clone(), false).await.unwrap_err();
    assert_eq!((refused.kind, refused.fields[0].pointer.as_ref()), (ErrorKind::Conflict, "/fields/companyname"));
    let (found, new) = companies::create(&app.cx(), twin, true).await.unwrap();
    assert_eq!((found.id, new), (acme, false));
    let nameless = companies::create(&app.cx(), CompanyInput::default(), false).await.unwrap_err();
    assert_eq!(nameless.code, "company.required");
    let blank = CompanyInput { fields: values(json!({"companyname": ""})), ..CompanyInput::default() };
    assert_eq!(companies::update(&app.cx(), acme, blank, true).await.unwrap_err().code, "company.required");
    companies::delete(&app.cx(), acme).await.unwrap();
    company(&app, json!({"companyname": "Acme"})).await;
    assert_eq!(companies::restore(&app.cx(), acme).await.unwrap_err().code, "company.not-unique");
});

on_each_db!(companies_are_searched_sorted_and_paged, |app| {
    let (ada, cx) = app.user("ada@example.org", Role::Administrator).await;
    for (name, city, score) in [("Žižkov Brewery", "Prague", 3), ("Acme", "Rome", 9), ("Beta", "Praha", 1), ("Delta", "", 5)] {
        let input = CompanyInput {
            fields: values(json!({"companyname": name, "companycity": city})),
            owner_id: (name == "Beta").then_some(Some(ada.id)),
            published: (name == "Delta").then_some(false),
            score: Some(score),
            ..CompanyInput::default()
        };
        companies::create(&cx, input, false).await.unwrap();
    }
    for (search, names) in [
        ("zizkov", vec!["Žižkov Brewery"]),
        ("PRA", vec!["Beta", "Žižkov Brewery"]),
        ("companycity:pra !beta", vec!["Žižkov Brewery"]),
        ("companycity:+praha", vec!["Beta"]),
        ("is:unpublished", vec!["Delta"]),
        ("is:published a*c OR acme", vec!["Acme"]),
        ("has:companycity", vec!["Acme", "Beta", "Žižkov Brewery"]),
        ("ids:2,3", vec!["Acme", "Beta"]),
        ("nothing:like", vec![]),
    ] {
        assert_eq!(found(&app, search).await, names, "{search}");
    }
    let mine = companies::list(&cx, ListQuery { search: "is:mine".into(), ..ListQuery::default() }).await.unwrap();
    assert_eq!((mine.total, mine.items[0].name()), (Some(1), "Beta".into()));
    for sort in ["-score", "name", "-name", "companycity", "-companycity", "created_at", ""] {
        let whole = ListQuery { sort: sort.into(), ..ListQuery::default() };
        let whole: Vec<CompanyId> = companies::list(&cx, whole).await.unwrap().items.iter().map(|c| c.id).collect();
        let (mut pages, mut cursor) = (Vec::new(), None);
        loop {
            let page =
                companies::list(&cx, ListQuery { sort: sort.into(), limit: 1, cursor, ..ListQuery::default() }).await.unwrap();
            assert_eq!(page.total, Some(4));
            pages.extend(page.items.iter().map(|c| c.id));
            cursor = page.next_cursor;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!((pages.len(), &pages), (4, &whole), "{sort}");
    }
    let unknown = companies::list(&cx, ListQuery { sort: "shoe".into(), ..ListQuery::default() }).await.unwrap_err();
    assert_eq!(unknown.fields[0].pointer, "/sort");
});

on_each_db!(companies_have_fields_of_their_own, |app| {
    let new = NewField { object: FieldObject::Company, unique: true, ..NewField::new("VAT number", FieldType::Text) };
    let field = fields::create(&app.cx(), new).await.unwrap();
    assert_eq!(field.def.alias, "vat_number");
    let twice =
        fields::create(&app.cx(), NewField { alias: Some("vat_number".into()), ..NewField::new("VAT", FieldType::Text) }).await;
    assert_eq!(twice.unwrap_err().code, "field.alias-taken", "an alias is unique over contacts and companies");
    let acme = company(&app, json!({"companyname": "Acme", "vat_number": "CZ 1"})).await;
    assert_eq!(companies::get(&app.cx(), acme.id).await.unwrap().text("vat_number"), some("CZ 1"));
    let again =
        CompanyInput { fields: values(json!({"companyname": "Acme Ltd", "vat_number": "cz 1"})), ..CompanyInput::default() };
    let (found, new) = companies::create(&app.cx(), again, true).await.unwrap();
    assert_eq!((found.id, found.name(), new), (acme.id, "Acme Ltd".into(), false));
    assert!(fields::list(&app.cx()).await.unwrap().iter().all(|f| f.def.alias != "vat_number"));
    fields::delete(&app.cx(), field.def.id).await.unwrap();
    app.advance(hg_core::time::Millis::days(31));
    app.settle().await;
    assert_eq!(companies::get(&app.cx(), acme.id).await.unwrap().text("vat_number"), None);
});

on_each_db!(a_merged_contact_brings_her_companies, |app| {
    let ada = person(&app, json!({"email": "ada@example.org"})).await;
    let twin = person(&app, json!({"email": "ada@example.net", "company": "Acme"})).await;
    let ws = app.ws.clone();
    app.ws.db.write(move |tx| contacts::merge(&ws, tx, twin, ada)).await.unwrap();
    assert_eq!(seen(&app, ada).await, (some("Acme"), vec!["*Acme".into()]));
    let other = person(&app, json!({"email": "a@example.net", "company": "Beta"})).await;
    let ws = app.ws.clone();
    app.ws.db.write(move |tx| contacts::merge(&ws, tx, other, ada)).await.unwrap();
    let (text, links) = seen(&app, ada).await;
    assert_eq!(links.iter().filter(|l| l.starts_with('*')).count(), 1);
    assert_eq!((links.len(), format!("*{}", text.unwrap())), (2, links[0].clone()), "the text is that of the primary one");
});

on_each_db!(segments_follow_what_happens_to_companies, |app| {
    let filter = json!({"match": "all", "rules": [
        {"field": "companycity", "op": "=", "value": "Rome"}, {"field": "companyname", "op": "like", "value": "ac"},
    ]});
    let new = segments::NewSegment { name: "Romans".into(), filter: Some(filter), ..segments::NewSegment::default() };
    let romans = segments::create(&app.cx(), new).await.unwrap().id;
    app.settle().await;
    let members = || async {
        let ws = app.ws.clone();
        app.settle().await;
        app.ws
            .db
            .read(move |tx| Ok::<_, hg_app::Error>(segments::members(&ws, tx, romans)?.iter().collect::<Vec<u32>>()))
            .await
            .unwrap()
    };
    let ada = person(&app, json!({"email": "ada@example.org", "company": "Acme"})).await;
    assert_eq!(members().await, Vec::<u32>::new());
    let acme = companies::links_of(&app.cx(), ada).await.unwrap()[0].id;
    let moved = CompanyInput { fields: values(json!({"companycity": "Rome"})), ..CompanyInput::default() };
    companies::update(&app.cx(), acme, moved, true).await.unwrap();
    assert_eq!(members().await, [ada.bit()], "a change of the company reaches its contacts");
    companies::unlink(&app.cx(), acme, ada).await.unwrap();
    assert_eq!(members().await, Vec::<u32>::new());
    companies::link(&app.cx(), acme, ada).await.unwrap();
    assert_eq!(members().await, [ada.bit()]);
    companies::delete(&app.cx(), acme).await.unwrap();
    assert_eq!(members().await, Vec::<u32>::new());
    companies::restore(&app.cx(), acme).await.unwrap();
    assert_eq!(members().await, [ada.bit()]);
    let city = fields::list_of(&app.cx(), FieldObject::Company).await.unwrap().into_iter().find(|f| f.def.alias == "companycity");
    let off = fields::FieldPatch { listable: Some(false), ..fields::FieldPatch::default() };
    let refused = fields::update(&app.cx(), city.unwrap().def.id, off).await.unwrap_err();
    assert_eq!(refused.code, "field.in-use");
});

on_each_db!(whoever_may_only_look_changes_no_company, |app| {
    let acme = company(&app, json!({"companyname": "Acme"})).await.id;
    let (_, viewer) = app.user("viewer@example.org", Role::Viewer).await;
    assert_eq!(companies::get(&viewer, acme).await.unwrap().name(), "Acme");
    assert_eq!(companies::delete(&viewer, acme).await.unwrap_err().kind, ErrorKind::Forbidden);
    assert_eq!(companies::merge(&viewer, acme, acme).await.unwrap_err().kind, ErrorKind::Forbidden);
    assert_eq!(companies::link(&viewer, acme, ContactId(1)).await.unwrap_err().kind, ErrorKind::Forbidden);
});

on_each_db!(the_companies_of_a_contact_are_scored_together, |app| {
    let ada = person(&app, json!({"email": "ada@example.org", "company": "Acme"})).await;
    write(&app, ada, json!({"company": "Beta"})).await;
    let now = app.now();
    let scored = app.ws.db.write(move |tx| companies::score_companies_of(tx, ada, 5, "Campaign: Fair", now)).await.unwrap();
    let scores: Vec<i64> =
        companies::list(&app.cx(), ListQuery::default()).await.unwrap().items.iter().map(|c| c.score).collect();
    assert_eq!((scored, scores), (2, vec![5, 5]));
});

on_each_db!(companies_carry_tags_that_searches_find_and_merges_keep, |app| {
    let cx = app.cx();
    let tagged = async |name: &str, tags: &[&str]| {
        let input = CompanyInput {
            fields: values(json!({"companyname": name})),
            tags: tags.iter().map(|t| (*t).to_owned()).collect(),
            ..CompanyInput::default()
        };
        companies::create(&cx, input, false).await.unwrap().0
    };
    let acme = tagged("Acme", &["Partner", "big fish"]).await;
    let beta = tagged("Beta", &["partner"]).await;
    tagged("Gamma", &[]).await;
    let names: Vec<&str> = acme.tags.iter().map(|(_, name)| name.as_str()).collect();
    assert_eq!(names, ["big fish", "Partner"]);
    assert_eq!(found(&app, "tag:part").await, ["Acme", "Beta"]);
    assert_eq!(found(&app, "tag:+part").await, [""; 0]);
    assert_eq!(found(&app, "tag:\"big fish\" OR gamma").await, ["Acme", "Gamma"]);
    assert_eq!(found(&app, "tag:none").await, ["Gamma"]);
    assert_eq!(found(&app, "!tag:partner").await, ["Gamma"]);
    let off = CompanyInput { tags: vec!["-PARTNER".into(), "old".into()], ..CompanyInput::default() };
    let beta = companies::update(&cx, beta.id, off, true).await.unwrap();
    assert_eq!(beta.tags.iter().map(|(_, name)| name.as_str()).collect::<Vec<_>>(), ["old"]);
    let merged = companies::merge(&cx, beta.id, acme.id).await.unwrap();
    assert_eq!(merged.tags.iter().map(|(_, name)| name.as_str()).collect::<Vec<_>>(), ["big fish", "old", "Partner"]);
    app.settle().await;
});

on_each_db!(every_command_of_the_search_of_companies, |app| {
    let (owner, cx) = app.user("owner@example.org", Role::Administrator).await;
    let fields = json!({"companyname": "Acme", "companycity": "Plzeň", "companywebsite": "https://acme.example"});
    let input = CompanyInput { fields: values(fields), owner_id: Some(Some(owner.id)), ..CompanyInput::default() };
    let acme = companies::create(&cx, input, false).await.unwrap().0.id;
    let hidden = CompanyInput {
        fields: values(json!({"companyname": "Hidden", "companyemail": "post@hidden.example"})),
        published: Some(false),
        ..CompanyInput::default()
    };
    companies::create(&cx, hidden, false).await.unwrap();
    for (search, expected) in [
        (format!("ids:{acme}"), "Acme"),
        ("is:mine".into(), "Acme"),
        ("is:unowned".into(), "Hidden"),
        ("is:published".into(), "Acme"),
        ("is:unpublished".into(), "Hidden"),
        ("companycity:lze".into(), "Acme"),
        ("companycity:+plzen".into(), "Acme"),
        ("companycity:+plz".into(), ""),
        ("companywebsite:https*example".into(), "Acme"),
        ("name:acm".into(), "Acme"),
        ("email:hidden".into(), "Hidden"),
        ("has:companyemail".into(), "Hidden"),
        ("!has:companyemail".into(), "Acme"),
        ("plzen OR hidden".into(), "Acme Hidden"),
    ] {
        let query = ListQuery { search: search.clone(), sort: "name".into(), ..ListQuery::default() };
        let found = companies::list(&cx, query).await.unwrap().items;
        assert_eq!(found.iter().map(Company::name).collect::<Vec<_>>().join(" "), expected, "{search}");
    }
});

on_each_db!(one_company_at_most_when_the_settings_say_so, |app| {
    let cx = app.cx();
    settings::write_identity(&cx, Identity { one_company: true, ..Identity::default() }).await.unwrap();
    let ada = person(&app, json!({"firstname": "Ada", "company": "Acme"})).await;
    write(&app, ada, json!({"company": "Beta"})).await;
    assert_eq!(seen(&app, ada).await, (some("Beta"), vec!["*Beta".to_owned()]));
    let gamma = company(&app, json!({"companyname": "Gamma"})).await.id;
    companies::link(&cx, gamma, ada).await.unwrap();
    assert_eq!(seen(&app, ada).await, (some("Gamma"), vec!["*Gamma".to_owned()]));
    let acme = companies::list(&cx, ListQuery { search: "acme".into(), ..ListQuery::default() }).await.unwrap().items[0].id;
    companies::replace_links(&cx, ada, vec![acme, gamma]).await.unwrap();
    assert_eq!(seen(&app, ada).await, (some("Acme"), vec!["*Acme".to_owned()]));
    app.settle().await;
});

on_each_db!(all_identifiers_of_a_company_must_agree_when_the_settings_say_so, |app| {
    let cx = app.cx();
    let vat = NewField { object: FieldObject::Company, unique: true, ..NewField::new("Vat number", FieldType::Text) };
    fields::create(&cx, vat).await.unwrap();
    let input = |name: &str, vat: &str| CompanyInput {
        fields: values(json!({"companyname": name, "vat_number": vat})),
        ..CompanyInput::default()
    };
    let acme = companies::create(&cx, input("Acme", "CZ1"), true).await.unwrap().0.id;
    let again = companies::create(&cx, input("Acme", ""), true).await.unwrap();
    assert_eq!((again.0.id, again.1), (acme, false), "one is enough");
    settings::write_identity(&cx, Identity { all_company_identifiers: true, ..Identity::default() }).await.unwrap();
    let other = companies::create(&cx, input("Acme Ltd", "CZ1"), true).await;
    assert_eq!(other.unwrap_err().code, "company.not-unique", "it is not the same one, and its number is taken");
    let same = companies::create(&cx, input("acme", "cz1"), true).await.unwrap();
    assert_eq!((same.0.id, same.1), (acme, false));
});

on_each_db!(a_deleted_company_lies_in_the_trash_and_a_merged_one_does_not, |app| {
    let cx = app.cx();
    let (acme, beta) =
        (company(&app, json!({"companyname": "Acme"})).await.id, company(&app, json!({"companyname": "Beta"})).await.id);
    companies::merge(&cx, beta, acme).await.unwrap();
    companies::delete(&cx, acme).await.unwrap();
    let lying = trash::list(&cx, Some("company".into()), ListQuery::default()).await.unwrap().items;
    assert_eq!(lying.iter().map(|t| (t.kind.as_str(), t.name.as_str())).collect::<Vec<_>>(), [("company", "Acme")]);
    trash::restore(&cx, "company", acme.0).await.unwrap();
    assert_eq!(found(&app, "").await, ["Acme"]);
    assert!(trash::list(&cx, None, ListQuery::default()).await.unwrap().items.is_empty());
    app.settle().await;
});

on_each_db!(whoever_named_a_company_before_there_were_any_is_led_to_it, |app| {
    let cx = app.cx();
    let kept = company(&app, json!({"companyname": "ACME"})).await.id;
    app.ws
        .db
        .write(|tx| {
            for (name, city) in [("acme", "Rome"), ("Beta", "Bonn"), ("beta", "Bonn"), ("", "Oslo")] {
                tx.exec(
                    Sql::new(
                        "INSERT INTO contacts (created_at, updated_at, identified_at, company, city) VALUES (1, 1, 1, $1, $2)",
                    )
                    .bind(name)
                    .bind(city),
                )?;
            }
            tx.exec(
                "INSERT INTO jobs (kind, title, payload, state, due_at, visible, created_at) \
                 VALUES ('companies.adopt', 'x', '{}', 'queued', 0, 1, 0)",
            )?;
            tx.wake("jobs");
            Ok::<_, hg_app::Error>(())
        })
        .await
        .unwrap();
    app.settle().await;
    let members = async |id| companies::contacts_of(&cx, id, ListQuery::default()).await.unwrap().items.len();
    assert_eq!(members(kept).await, 1);
    let beta = companies::list(&cx, ListQuery { search: "beta".into(), ..ListQuery::default() }).await.unwrap().items;
    assert_eq!((beta.len(), beta[0].text("companycity").as_deref(), beta[0].contacts), (1, Some("Bonn"), 2));
    let first = contacts::list(&cx, contacts::ContactQuery::default()).await.unwrap().items;
    let texts: Vec<Option<String>> = first.iter().map(|c| c.text("company")).collect();
    assert!(texts.contains(&some("ACME")), "the contact shows the name as the company writes it: {texts:?}");
    let done = hg_app::jobs::list(&cx, ListQuery::default()).await.unwrap().items;
    assert_eq!(done[0].message.as_deref(), Some("3 contacts belong to the companies that they name."));
});
