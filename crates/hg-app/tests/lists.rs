//! Lists: one way of searching, sorting and turning pages for everything that people make.

use hg_app::forms::{self, NewForm};
use hg_app::list::ListQuery;
use hg_app::pages::{self, NewPage};
use hg_core::forms::FormField;
use hg_testkit::{TestApp, on_each_db};

async fn form(app: &TestApp, name: &str) {
    let question = FormField { alias: "q".into(), label: "Question".into(), ..FormField::default() };
    forms::create(&app.cx(), NewForm { name: name.into(), fields: vec![question], ..NewForm::default() }).await.unwrap();
}

async fn names(app: &TestApp, search: &str, sort: &str, limit: u32) -> Vec<String> {
    let mut query = ListQuery { search: search.into(), sort: sort.into(), limit, ..ListQuery::default() };
    let mut all = Vec::new();
    loop {
        let page = forms::list(&app.cx(), query.clone()).await.unwrap();
        all.extend(page.items.into_iter().map(|f| f.name));
        let Some(cursor) = page.next_cursor else { return all };
        query.cursor = Some(cursor);
    }
}

on_each_db!(a_search_knows_neither_case_nor_accents_on_any_database, |app| {
    for name in ["Česká anketa", "Zpráva ÚŘADU", "Survey", "50 % off"] {
        form(&app, name).await;
    }
    assert_eq!(names(&app, "ceska", "", 50).await, ["Česká anketa"]);
    assert_eq!(names(&app, "úřad", "", 50).await, ["Zpráva ÚŘADU"]);
    assert_eq!(names(&app, "anketa ČESKÁ", "", 50).await, ["Česká anketa"], "words in any order");
    assert_eq!(names(&app, "%", "", 50).await, ["50 % off"], "a sign is a sign");
});

on_each_db!(pages_of_a_list_together_are_the_whole_list_in_its_order, |app| {
    for name in ["b", "Á", "c", "a", "b"] {
        form(&app, name).await;
    }
    for limit in [1, 2, 50] {
        assert_eq!(names(&app, "", "name", limit).await, ["Á", "a", "b", "b", "c"]);
        assert_eq!(names(&app, "", "-name", limit).await, ["c", "b", "b", "a", "Á"]);
        assert_eq!(names(&app, "", "", limit).await, ["b", "a", "c", "Á", "b"], "the newest first");
    }
    let query = ListQuery { sort: "name".into(), offset: 3, limit: 1, ..ListQuery::default() };
    let page = forms::list(&app.cx(), query).await.unwrap();
    assert_eq!((page.items[0].name.as_str(), page.total), ("b", Some(5)));
    let wrong = ListQuery { sort: "colour".into(), ..ListQuery::default() };
    let error = forms::list(&app.cx(), wrong).await.unwrap_err();
    assert!(error.detail.contains("colour") && error.detail.contains("submissions"), "{}", error.detail);
});

on_each_db!(pages_are_found_by_their_address_too, |app| {
    let new = NewPage { title: "Ask me anything".into(), alias: "ama-2017".into(), ..NewPage::default() };
    pages::create(&app.cx(), new).await.unwrap();
    let query = ListQuery { search: "AMA".into(), ..ListQuery::default() };
    assert_eq!(pages::list(&app.cx(), query).await.unwrap().items.len(), 1);
});
