//! Contacts and companies as files, from the console.

use crate::house::{House, good};
use serde_json::{Value, json};

async fn the_console_writes_files_in_every_format(house: House) {
    let server = house.serve().await;
    let acme = good(&server.web.post("/api/v1/companies", &json!({"fields": {"companyname": "=Acme"}})).await);
    for (name, email) in [("Ana", "ana@example.org"), ("Bob", "bob@example.org")] {
        let body = json!({"fields": {"firstname": name, "email": email}, "tags": ["a", "b"]});
        good(&server.web.post("/api/v1/contacts", &body).await);
    }
    let lines = house.done(&["export", "contacts", "--format", "jsonl", "--columns", "email,tags"]);
    let rows: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("one object a line")).collect();
    assert_eq!(rows, [json!({"email": "ana@example.org", "tags": "a|b"}), json!({"email": "bob@example.org", "tags": "a|b"})]);
    let csv = house.done(&["export", "contacts", "--columns", "id,firstname", "--search", "bob"]);
    assert_eq!(csv.lines().collect::<Vec<_>>(), ["id,firstname", "2,Bob"]);

    // The ending of the name says the format, as long as nobody says another.
    let book = house.dir.path().join("people.xlsx");
    let said = house.run(&["export", "contacts", "--output", &book.to_string_lossy()]);
    assert!(said.well && said.out.is_empty() && said.err.contains("2 contacts written"), "{said:?}");
    assert!(std::fs::read(&book).expect("a file").starts_with(b"PK"));
    let why = house.refused(&["export", "contacts", "--format", "xlsx"]);
    assert!(why.contains("--output"), "{why}");
    assert!(house.refused(&["export", "contacts", "--format", "pdf"]).contains("csv, jsonl, xlsx"));
    assert!(house.refused(&["export", "contacts", "--columns", "shoe"]).contains("shoe"));

    // What a spreadsheet would run is made harmless in CSV, and stays itself where nothing runs it.
    let csv = house.done(&["export", "companies", "--columns", "id,companyname"]);
    assert_eq!(csv.lines().last(), Some(format!("{},'=Acme", acme["id"]).as_str()));
    let line = house.done(&["export", "companies", "--format", "jsonl", "--columns", "companyname"]);
    assert_eq!(line.trim(), r#"{"companyname":"=Acme"}"#);
    let file = house.dir.path().join("firms.jsonl");
    house.done(&["export", "companies", "--output", &file.to_string_lossy()]);
    assert!(std::fs::read_to_string(&file).expect("a file").starts_with('{'));
    server.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_console_writes_files_in_every_format_on_sqlite() {
    the_console_writes_files_in_every_format(House::on_sqlite()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_console_writes_files_in_every_format_on_postgres() {
    let Some(house) = House::on_postgres("exports").await else { return };
    the_console_writes_files_in_every_format(house).await;
}
