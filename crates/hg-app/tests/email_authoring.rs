//! Saved blocks, drafts of emails that readers get, and colleagues who are named in comments.

mod mail;

use hg_app::Role;
use hg_app::emails::blocks::{self, BlockPatch, NewBlock, SavedBlock};
use hg_app::emails::{self, Content, EmailPatch, NewEmail};
use hg_app::list::ListQuery;
use hg_app::{notices, trash};
use hg_core::emails::{Mark, linked};
use hg_core::ids::EmailId;
use hg_testkit::{TestApp, on_each_db};
use mail::{Desk, email};

async fn block(app: &TestApp, name: &str, source: &str) -> SavedBlock {
    let new = NewBlock { name: name.into(), category: "Feet".into(), format: "html".into(), source: source.into() };
    blocks::create(&app.cx(), new).await.unwrap()
}

async fn with_source(app: &TestApp, name: &str, source: String) -> EmailId {
    let content = Content { source, ..email(name, name).content };
    app.email(NewEmail { content, ..email(name, name) }).await
}

async fn source_of(app: &TestApp, id: EmailId) -> String {
    emails::get(&app.cx(), id).await.unwrap().content.source
}

fn patch(content: Content) -> EmailPatch {
    EmailPatch { content: Some(content), ..EmailPatch::default() }
}

on_each_db!(a_linked_block_changes_in_every_email_and_what_was_sent_stays_as_it_was, |app| {
    let foot = block(&app, "Foot", "<p>Old street</p>").await;
    let link = linked(foot.id.0, "Foot", "<p>stale</p>");
    let (hello, copy) = (
        with_source(&app, "Hello", format!("<p>Hi</p>{link}")).await,
        with_source(&app, "Copy", "<p>Old street</p>".into()).await,
    );
    assert_eq!(source_of(&app, hello).await, format!("<p>Hi</p>{}", linked(foot.id.0, "Foot", "<p>Old street</p>")));
    let ann = app.contact("ann@example.org", "Ann").await;
    app.queue(hello, ann, "first").await;
    app.settle().await;
    let change = BlockPatch { source: Some("<p>New street</p>".into()), ..BlockPatch::default() };
    blocks::update(&app.cx(), foot.id, change).await.unwrap();
    let now = emails::get(&app.cx(), hello).await.unwrap();
    assert!(now.content.source.contains("New street") && !now.content.source.contains("Old street"));
    assert_eq!((now.revision, now.version), (2, 2));
    assert!(source_of(&app, copy).await.contains("Old street"), "a copy stays");
    assert!(emails::revision(&app.cx(), hello, 1).await.unwrap().source.contains("Old street"));
    let bob = app.contact("bob@example.org", "Bob").await;
    app.queue(hello, bob, "first").await;
    app.settle().await;
    for caught in app.caught().await {
        let text = String::from_utf8_lossy(&caught.bytes).into_owned();
        let street = if caught.about.contact == Some(ann) { "Old street" } else { "New street" };
        assert!(text.contains(street) && !text.contains("hg-block"), "{text}");
    }
});

on_each_db!(an_editor_that_was_opened_earlier_cannot_bring_an_old_block_back, |app| {
    let foot = block(&app, "Foot", "<p>Old</p>").await;
    let hello = with_source(&app, "Hello", linked(foot.id.0, "Foot", "<p>Old</p>")).await;
    let seen = emails::get(&app.cx(), hello).await.unwrap().content;
    let change = BlockPatch { source: Some("<p>New</p>".into()), ..BlockPatch::default() };
    blocks::update(&app.cx(), foot.id, change).await.unwrap();
    emails::update(&app.cx(), hello, patch(Content { subject: "Other".into(), ..seen })).await.unwrap();
    assert_eq!(source_of(&app, hello).await, linked(foot.id.0, "Foot", "<p>New</p>"));
});

on_each_db!(a_block_that_is_used_is_not_deleted_unless_emails_keep_a_copy, |app| {
    let foot = block(&app, "Foot", "<p>Foot</p>").await;
    let hello = with_source(&app, "Hello", linked(foot.id.0, "Foot", "")).await;
    let uses = blocks::uses(&app.cx(), foot.id).await.unwrap();
    assert_eq!(uses.iter().map(|one| (one.email, one.name.as_str(), one.sent)).collect::<Vec<_>>(), [(hello, "Hello", false)]);
    assert_eq!(blocks::get(&app.cx(), foot.id).await.unwrap().used_by, 1);
    let refused = blocks::delete(&app.cx(), foot.id, false).await.unwrap_err();
    assert!(refused.code == "block.in-use" && refused.detail.contains("“Hello”"), "{refused:?}");
    blocks::delete(&app.cx(), foot.id, true).await.unwrap();
    assert_eq!(source_of(&app, hello).await, "<p>Foot</p>");
    assert_eq!(blocks::get(&app.cx(), foot.id).await.unwrap_err().code, "block.not-found");
    let trashed = trash::list(&app.cx(), Some("email_block".into()), ListQuery::default()).await.unwrap();
    assert_eq!(trashed.items[0].name, "Foot");
    trash::restore(&app.cx(), "email_block", foot.id.0).await.unwrap();
    assert_eq!(blocks::get(&app.cx(), foot.id).await.unwrap().used_by, 0);
});

on_each_db!(an_email_comes_back_from_the_trash_with_what_is_in_its_blocks_now, |app| {
    let foot = block(&app, "Foot", "<p>Old</p>").await;
    let hello = with_source(&app, "Hello", linked(foot.id.0, "Foot", "")).await;
    emails::delete(&app.cx(), hello).await.unwrap();
    assert!(blocks::uses(&app.cx(), foot.id).await.unwrap().is_empty());
    let change = BlockPatch { source: Some("<p>New</p>".into()), name: Some("Feet".into()), ..BlockPatch::default() };
    blocks::update(&app.cx(), foot.id, change).await.unwrap();
    emails::restore(&app.cx(), hello).await.unwrap();
    assert_eq!(source_of(&app, hello).await, linked(foot.id.0, "Feet", "<p>New</p>"));
});

on_each_db!(a_block_that_could_not_be_sent_is_refused_with_a_reason, |app| {
    let code = |format: &str, source: &str| {
        let new = NewBlock { name: "x".into(), format: format.into(), source: source.into(), ..NewBlock::default() };
        let cx = app.cx();
        async move { blocks::create(&cx, new).await.err().map(|error| error.fields[0].pointer.clone()) }
    };
    assert_eq!(code("html", " ").await.as_deref(), Some("/source"));
    assert_eq!(code("mjml", "<mj-text>never ends").await.as_deref(), Some("/source"));
    assert_eq!(code("html", &linked(1, "a", "b")).await.as_deref(), Some("/source"));
    assert_eq!(code("pdf", "x").await.as_deref(), Some("/format"));
    assert_eq!(code("mjml", "<mj-section><mj-column><mj-text>a</mj-text></mj-column></mj-section>").await, None);
    assert_eq!(code("mjml", "<mj-button href=\"https://a.example\">a</mj-button>").await, None);
    let (_, viewer) = app.user("viewer@example.org", Role::Viewer).await;
    let new = NewBlock { name: "x".into(), format: "html".into(), source: "x".into(), ..NewBlock::default() };
    assert_eq!(blocks::create(&viewer, new).await.unwrap_err().code, "forbidden");
});

on_each_db!(readers_keep_the_published_version_until_the_draft_is_published, |app| {
    let (ann, bob) = (app.contact("ann@example.org", "Ann").await, app.contact("bob@example.org", "Bob").await);
    let hello = app.email(email("Hello", "Old subject")).await;
    let cx = app.cx();
    assert!(!emails::is_live(&cx, &emails::get(&cx, hello).await.unwrap()).await.unwrap());
    app.queue(hello, ann, "first").await;
    app.settle().await;
    let sent = emails::get(&cx, hello).await.unwrap();
    assert!(emails::is_live(&cx, &sent).await.unwrap());
    let changed = Content { subject: "New subject".into(), source: sent.content.source.replace("Dear", "Hello"), ..sent.content };
    let draft = emails::save_draft(&cx, hello, Some(0), changed.clone()).await.unwrap();
    assert_eq!(draft.changes[0], ("subject", "Old subject".into(), "New subject".into()));
    let marked: Vec<Mark> = draft.text.iter().map(|(mark, _)| *mark).filter(|mark| *mark != Mark::Same).collect();
    assert_eq!((marked.as_slice(), draft.behind), ([Mark::Removed, Mark::Added].as_slice(), false));
    app.queue(hello, bob, "first").await;
    app.settle().await;
    assert!(app.caught().await.iter().all(|one| one.about.subject == "Old subject"));
    let late = emails::save_draft(&cx, hello, Some(0), changed).await.unwrap_err();
    assert_eq!(late.code, "changed-meanwhile");
    let published = emails::publish_draft(&cx, hello, Some(draft.version)).await.unwrap();
    assert_eq!((published.content.subject.as_str(), published.revision), ("New subject", 2));
    assert!(emails::draft(&cx, hello).await.unwrap().is_none());
});

on_each_db!(a_draft_knows_when_the_email_changed_beside_it_and_can_be_thrown_away, |app| {
    let cx = app.cx();
    let hello = app.email(email("Hello", "Hello")).await;
    let content = emails::get(&cx, hello).await.unwrap().content;
    let change = |subject: &str| Content { subject: subject.into(), ..content.clone() };
    emails::save_draft(&cx, hello, None, change("Draft")).await.unwrap();
    emails::update(&cx, hello, patch(change("Beside"))).await.unwrap();
    assert!(emails::draft(&cx, hello).await.unwrap().unwrap().behind);
    emails::discard_draft(&cx, hello).await.unwrap();
    assert!(emails::draft(&cx, hello).await.unwrap().is_none());
    assert_eq!(emails::get(&cx, hello).await.unwrap().content.subject, "Beside");
    assert_eq!(emails::publish_draft(&cx, hello, None).await.unwrap_err().code, "draft.not-found");
    let (_, viewer) = app.user("viewer@example.org", Role::Viewer).await;
    assert_eq!(emails::save_draft(&viewer, hello, None, content).await.unwrap_err().code, "forbidden");
});

on_each_db!(whoever_is_named_in_a_comment_is_told_at_the_bell_and_the_writer_is_not, |app| {
    let hello = app.email(email("Hello", "Hello")).await;
    let (ada, her) = app.user("ada@house.example", Role::Author).await;
    let (_, his) = app.user("bo@house.example", Role::Author).await;
    emails::say(&her, hello, None, "@bo@house.example and @ada@house.example, is the price right?").await.unwrap();
    let told = notices::list(&his, ListQuery::default()).await.unwrap().page.items;
    assert_eq!((told.len(), told[0].kind.as_str()), (1, "comment.named"));
    assert!(told[0].title.contains("“Hello”") && told[0].body.contains("price"), "{told:?}");
    assert_eq!(told[0].link.as_deref(), Some(format!("/emails/{hello}/edit?comments=1").as_str()));
    assert_eq!(notices::list(&her, ListQuery::default()).await.unwrap().unread, 0, "{}", ada.id);
});
