//! Files that go out with emails, and owners who send them.

mod mail;

use hg_app::Role;
use hg_app::attachments::{self, NewAttachment};
use hg_app::emails::{self, Content, EmailPatch};
use hg_app::sending::{self, Personal};
use hg_core::ids::ContactId;
use hg_store::Sql;
use hg_testkit::{TestApp, on_each_db};
use mail::{Desk, email};

async fn file(app: &TestApp, name: &str, body: &[u8]) -> i64 {
    let new = NewAttachment { name: name.into(), body: body.to_vec() };
    attachments::upload(&app.cx(), new).await.unwrap_or_else(|e| panic!("{e:?}")).0.id.0
}

async fn refused(app: &TestApp, name: &str, body: Vec<u8>) -> String {
    let error = attachments::upload(&app.cx(), NewAttachment { name: name.into(), body }).await.unwrap_err();
    error.fields.first().map(|f| f.code.clone().to_string()).unwrap_or_default()
}

/// Names, types and bytes of the files in the newest message.
async fn carried(app: &TestApp) -> Vec<(String, String, Vec<u8>)> {
    use mail_parser::MimeHeaders;
    let caught = app.caught().await;
    let newest = caught.iter().max_by_key(|m| m.about.id).unwrap();
    let message = mail_parser::MessageParser::default().parse(&newest.bytes).unwrap();
    message
        .attachments()
        .map(|part| {
            let kind = part.content_type().unwrap();
            let kind = format!("{}/{}", kind.ctype(), kind.subtype().unwrap_or_default());
            (part.attachment_name().unwrap_or_default().to_owned(), kind, part.contents().to_vec())
        })
        .collect()
}

fn filling(length: usize) -> Vec<u8> {
    (0..length).map(|n| (n * 31 % 251) as u8).collect()
}

on_each_db!(a_file_arrives_as_it_was_put_in_and_a_revision_keeps_its_files, |app| {
    let bytes = filling(100_001);
    let price = file(&app, "C:\\docs\\Preisliste ä.pdf", &bytes).await;
    assert_eq!(file(&app, "Preisliste ä.pdf", &bytes).await, price, "the same file is kept once");
    let notes = file(&app, "notes.txt", b"Hello").await;
    let content = Content { attachments: vec![price, notes], ..email("Offer", "Offer").content };
    let id = app.email(hg_app::emails::NewEmail { content, ..email("Offer", "Offer") }).await;
    let ann = app.contact("ann@corp.example", "Ann").await;
    app.queue(id, ann, "one").await;
    let content = Content { attachments: vec![], ..email("Offer", "Offer").content };
    emails::update(&app.cx(), id, EmailPatch { content: Some(content), ..EmailPatch::default() }).await.unwrap();
    app.settle().await;
    assert_eq!(
        carried(&app).await,
        [
            ("Preisliste ä.pdf".to_owned(), "application/pdf".to_owned(), bytes),
            ("notes.txt".to_owned(), "text/plain".to_owned(), b"Hello".to_vec())
        ]
    );
    let bob = app.contact("bob@corp.example", "Bob").await;
    app.queue(id, bob, "two").await;
    app.settle().await;
    assert!(carried(&app).await.is_empty(), "the new version has none");
});

on_each_db!(the_caller_gives_one_message_a_file_of_its_own, |app| {
    let (terms, invoice) = (file(&app, "terms.pdf", b"terms").await, file(&app, "invoice.pdf", b"invoice").await);
    let content = Content { attachments: vec![terms], ..email("Invoice", "Invoice").content };
    let id = app.email(hg_app::emails::NewEmail { content, ..email("Invoice", "Invoice") }).await;
    let ann = app.contact("ann@corp.example", "Ann").await;
    let personal = Personal { attachments: vec![invoice], ..Personal::default() };
    sending::send_to_contact(&app.cx(), id, ann, personal, None).await.unwrap();
    app.settle().await;
    let names: Vec<String> = carried(&app).await.into_iter().map(|(name, ..)| name).collect();
    assert_eq!(names, ["terms.pdf", "invoice.pdf"]);
    let personal = Personal { attachments: vec![404], ..Personal::default() };
    assert!(sending::send_to_contact(&app.cx(), id, ann, personal, None).await.is_err(), "a file that is not there");
});

on_each_db!(what_no_server_takes_is_refused_with_a_reason, |app| {
    assert_eq!(refused(&app, "setup.pdf.exe", filling(10)).await, "attachments.refused");
    assert_eq!(refused(&app, "empty.pdf", Vec::new()).await, "attachments.empty");
    assert_eq!(refused(&app, "film.mp4", vec![0; 10 * 1024 * 1024 + 1]).await, "attachments.too-long");
    let halves = [file(&app, "a.bin", &filling(6_000_000)).await, file(&app, "b.bin", &filling(6_000_001)).await];
    let content = Content { attachments: halves.to_vec(), ..email("Big", "Big").content };
    let wrong = hg_app::emails::NewEmail { content, ..email("Big", "Big") };
    assert!(emails::create(&app.cx(), wrong).await.is_err(), "together they are too long");
    let (_, cx) = app.user("vera@example.org", Role::Viewer).await;
    assert!(attachments::upload(&cx, NewAttachment { name: "a.txt".into(), body: b"a".to_vec() }).await.is_err());
});

on_each_db!(the_owner_of_a_contact_sends_where_she_is_to, |app| {
    let (bo, _) = app.user("bo@corp.example", Role::Administrator).await;
    let content = Content { owner_sends: true, from_address: "team@corp.example".into(), ..email("Hello", "Hello").content };
    let id = app.email(hg_app::emails::NewEmail { content, ..email("Hello", "Hello") }).await;
    let (ann, bob) = (app.contact("ann@corp.example", "Ann").await, app.contact("bob@corp.example", "Bob").await);
    let owned = |contact: ContactId| {
        let sql = move |tx: &mut hg_store::Tx<'_>| {
            tx.exec(Sql::new("UPDATE contacts SET owner_id = $1 WHERE id = $2").bind(bo.id).bind(contact))?;
            Ok::<_, hg_app::Error>(())
        };
        app.ws.db.write(sql)
    };
    owned(ann).await.unwrap();
    app.queue(id, ann, "x").await;
    app.queue(id, bob, "x").await;
    app.settle().await;
    let header = async |to: &str, name: &str| {
        let caught = app.caught().await;
        let message = caught.iter().find(|m| m.about.to.contains(to)).unwrap();
        let headers = sending::outbox::parts(&message.bytes).headers;
        headers.into_iter().find(|(key, _)| key == name).map(|(_, value)| value).unwrap_or_default()
    };
    assert!(header("ann", "From").await.contains("bo@corp.example"));
    assert!(header("ann", "Reply-To").await.contains("bo@corp.example"));
    assert!(header("bob", "From").await.contains("team@corp.example"), "nobody owns Bob");
});
