//! What mail scanners do is kept and told, and is no open and no click of the contact's.

mod mail;

use hg_app::segments::{self, NewSegment};
use hg_app::sending::machines::{self, Asker, Followed};
use hg_app::sending::{self, SendRow};
use hg_app::{Error, emails};
use hg_core::ids::EmailId;
use hg_core::time::Millis;
use hg_store::Sql;
use hg_testkit::{TestApp, on_each_db};
use mail::{Desk, email};
use serde_json::json;

fn asker(agent: &str) -> Asker {
    Asker {
        agent: agent.into(),
        address: "203.0.113.9".parse().unwrap(),
        kept_address: "203.0.113.9".into(),
        unread: false,
        count_machines: false,
        zone: "Asia/Tokyo".into(),
    }
}

fn person() -> Asker {
    asker("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17.0 Mobile/15E148 Safari/604.1")
}

/// An email that went to somebody a while ago.
async fn sent(app: &TestApp) -> (EmailId, SendRow) {
    let id = app.email(email("Offer", "Offer")).await;
    let ann = app.contact("ann@corp.example", "Ann").await;
    app.queue(id, ann, "x").await;
    app.settle().await;
    app.advance(Millis::minutes(30));
    (id, app.sends(ann).await.remove(0))
}

async fn open(app: &TestApp, send: &SendRow, asker: Asker) -> bool {
    let (now, send) = (app.now(), app.sends(send.contact).await.remove(0));
    app.ws.db.write(move |tx| machines::write_open(tx, now, &send, false, &asker)).await.unwrap()
}

async fn click(app: &TestApp, send: &SendRow, redirect: i64, asker: Asker) -> bool {
    let now = app.now();
    let row = app.sends(send.contact).await.remove(0);
    let write = move |tx: &mut hg_store::Tx<'_>| {
        let link = Followed { redirect, url: "https://example.com/offer", url_id: None };
        let seen = machines::judge_click(tx, now, &row, &asker, redirect)?;
        machines::write_click(tx, now, &row, &link, &asker, &seen)
    };
    app.ws.db.write(write).await.unwrap()
}

/// Opened and clicked by people, then by machines.
async fn figures(app: &TestApp, id: EmailId) -> (i64, i64, i64, i64) {
    let n = emails::get(&app.cx(), id).await.unwrap().counts;
    (n.opened, n.clicked, n.machine_opened, n.machine_clicked)
}

on_each_db!(a_scanner_counts_beside_people_and_says_why, |app| {
    let (id, send) = sent(&app).await;
    assert!(!open(&app, &send, asker("Mozilla/5.0 (BarracudaCentral)")).await);
    assert_eq!(figures(&app, id).await, (0, 0, 1, 0));
    assert!(app.sends(send.contact).await[0].opened_at.is_none());
    assert!(open(&app, &send, person()).await && open(&app, &send, person()).await);
    assert_eq!(figures(&app, id).await, (1, 0, 1, 0));
    let kept: Vec<(String, String)> = app
        .ws
        .db
        .read(|tx| {
            Ok::<_, Error>(tx.all("SELECT class, reasons FROM mail_responses ORDER BY id", |r| Ok((r.get(0)?, r.get(1)?)))?)
        })
        .await
        .unwrap();
    assert_eq!(kept[0], ("machine".to_owned(), "known scanner".to_owned()));
    assert_eq!((kept.len(), kept[1].0.as_str()), (3, "human"), "everything is kept as it came in");
    let seen = sending::origins(&app.cx(), id).await.unwrap();
    let values = |facet: &str| seen[facet].iter().map(|o| (o.value.clone(), o.opened)).collect::<Vec<_>>();
    assert_eq!(values("device"), [("smartphone".to_owned(), 1)]);
    assert_eq!(values("domain"), [("corp.example".to_owned(), 1)]);
    assert_eq!(values("client"), [("Safari".to_owned(), 1)]);
    assert_eq!(values("country"), [("unknown".to_owned(), 1)]);
});

on_each_db!(links_followed_all_at_once_were_not_followed_by_a_person, |app| {
    let (id, send) = sent(&app).await;
    assert!(click(&app, &send, 1, person()).await, "the first looks like anybody's");
    assert!(click(&app, &send, 2, person()).await, "and two links are a person's as often as not");
    assert_eq!(figures(&app, id).await, (1, 1, 0, 0));
    assert!(!click(&app, &send, 3, person()).await);
    assert_eq!(figures(&app, id).await, (0, 0, 0, 1), "they are taken back when a third follows at once");
    assert!(sending::origins(&app.cx(), id).await.unwrap().is_empty(), "where it came from is forgotten with it");
    app.settle().await;
    let known: Vec<i64> = app
        .ws
        .db
        .read(|tx| {
            let sql = "SELECT DISTINCT kind FROM events WHERE kind IN (15, 16, 70, 71) ORDER BY kind";
            Ok::<_, Error>(tx.all(sql, |r| r.get(0))?)
        })
        .await
        .unwrap();
    assert_eq!(known, [70, 71], "her timeline tells of a scanner");
    app.advance(Millis::minutes(10));
    assert!(click(&app, &send, 1, person()).await);
    assert_eq!(figures(&app, id).await, (1, 1, 0, 1), "the person herself comes later");
});

on_each_db!(a_hidden_link_gives_away_everything_around_it, |app| {
    let (id, send) = sent(&app).await;
    assert!(open(&app, &send, person()).await && click(&app, &send, 1, person()).await);
    app.advance(Millis::seconds(5));
    let (now, row, who) = (app.now(), app.sends(send.contact).await.remove(0), person());
    app.ws.db.write(move |tx| machines::write_trap(tx, now, &row, &who)).await.unwrap();
    assert_eq!(figures(&app, id).await, (0, 0, 1, 0), "what was taken for a person was none");
    app.advance(Millis::seconds(5));
    assert!(!click(&app, &send, 2, person()).await, "nor is what follows");
    app.advance(Millis::minutes(1));
    assert!(open(&app, &send, person()).await);
    assert_eq!(figures(&app, id).await, (1, 0, 1, 1));
});

on_each_db!(segments_see_people_only_unless_they_ask_for_machines, |app| {
    let (_, send) = sent(&app).await;
    let segment = |name: &str, value: serde_json::Value| {
        let rule = json!({"field": "did:email_clicked", "op": "gte", "value": value});
        NewSegment { name: name.into(), filter: Some(json!({"match": "all", "rules": [rule]})), ..NewSegment::default() }
    };
    let people = segments::create(&app.cx(), segment("People", json!({"times": 1}))).await.unwrap().id;
    let all = segments::create(&app.cx(), segment("All", json!({"times": 1, "machines": true}))).await.unwrap().id;
    app.settle().await;
    let sizes = async || {
        let count = async |id| segments::get(&app.cx(), id).await.unwrap().0.members;
        (count(people).await, count(all).await)
    };
    assert_eq!(sizes().await, (0, 0));
    assert!(!click(&app, &send, 1, asker("Barracuda")).await);
    app.settle().await;
    assert_eq!(sizes().await, (0, 1));
    assert!(click(&app, &send, 2, person()).await);
    app.settle().await;
    assert_eq!(sizes().await, (1, 1));
});

on_each_db!(a_workspace_may_count_machines_like_people, |app| {
    let (id, send) = sent(&app).await;
    assert!(open(&app, &send, Asker { count_machines: true, ..asker("BarracudaCentral") }).await);
    assert_eq!(figures(&app, id).await, (1, 0, 0, 0));
    let classes: i64 = app
        .ws
        .db
        .read(|tx| Ok::<_, Error>(tx.scalar(Sql::new("SELECT count(*) FROM mail_responses WHERE class = 'machine'"))?))
        .await
        .unwrap();
    assert_eq!(classes, 1, "and is told apart all the same");
});
