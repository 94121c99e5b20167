//! Storage promises, on both databases.

use hg_core::segments::Piece;
use hg_core::time::Timestamp;
use hg_store::testing::schema_in_words;
use hg_store::{Db, DbUrl, Flow, Lane, Options, Sql, StoreError, Value};
use hg_testkit::{Backend, TestDb};

macro_rules! on_each_store {
    ($name:ident, |$db:ident| $body:block) => {
        mod $name {
            use super::*;

            async fn body($db: &Db) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_sqlite() {
                body(&TestDb::new(Backend::Sqlite).await.db).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn on_postgres() {
                if let Some(backend) = Backend::postgres() {
                    body(&TestDb::new(backend).await.db).await;
                }
            }
        }
    };
}

async fn tag(db: &Db, name: &'static str) -> Result<i64, StoreError> {
    db.write(move |tx| {
        tx.one(
            Sql::new("INSERT INTO tags (created_at, updated_at, name, name_key) VALUES (1, 1, $1, $1) RETURNING id").bind(name),
            |r| r.get(0),
        )
    })
    .await
}

async fn names(db: &Db) -> Vec<String> {
    db.read(|tx| tx.all("SELECT name FROM tags ORDER BY name", |r| r.get::<String>(0))).await.unwrap()
}

on_each_store!(a_failed_transaction_leaves_nothing_and_its_neighbours_alone, |db| {
    let (good, bad, also_good) = tokio::join!(
        tag(db, "a"),
        db.write(|tx| {
            tx.exec("INSERT INTO tags (created_at, updated_at, name, name_key) VALUES (1, 1, 'lost', 'lost')")?;
            Err::<(), _>(StoreError::Other("no".into()))
        }),
        tag(db, "b"),
    );
    assert!(good.is_ok() && also_good.is_ok() && bad.is_err());
    assert_eq!(names(db).await, ["a", "b"]);
});

on_each_store!(failed_bulk_work_leaves_nothing_and_what_comes_with_it_stays, |db| {
    let lost = || {
        db.write_in(Lane::Bulk, |tx| {
            tx.exec("INSERT INTO tags (created_at, updated_at, name, name_key) VALUES (1, 1, 'lost', 'lost')")?;
            Err::<(), _>(StoreError::Other("no".into()))
        })
    };
    let kept = db.write_in(Lane::Bulk, |tx| {
        tx.exec("INSERT INTO tags (created_at, updated_at, name, name_key) VALUES (1, 1, 'bulk', 'bulk')")
    });
    let (first, second, third, fourth, fifth) = tokio::join!(lost(), kept, tag(db, "a"), lost(), tag(db, "b"));
    assert!(first.is_err() && fourth.is_err());
    assert!(second.is_ok() && third.is_ok() && fifth.is_ok());
    assert_eq!(names(db).await, ["a", "b", "bulk"]);
    let outcome = db.write_in::<(), StoreError, _>(Lane::Bulk, |_| panic!("a bug")).await;
    assert!(matches!(outcome, Err(StoreError::Panicked(_))), "{outcome:?}");
    tag(db, "still here").await.unwrap();
});

on_each_store!(a_panic_in_a_transaction_is_an_error_and_the_database_goes_on, |db| {
    let outcome = db.write::<(), StoreError, _>(|_| panic!("a bug")).await;
    assert!(matches!(outcome, Err(StoreError::Panicked(_))), "{outcome:?}");
    tag(db, "still here").await.unwrap();
    assert_eq!(names(db).await, ["still here"]);
});

on_each_store!(a_second_row_with_the_same_key_is_told_apart_from_other_errors, |db| {
    tag(db, "news").await.unwrap();
    let error = tag(db, "news").await.unwrap_err();
    assert!(error.is_unique("name_key"), "{error:?}");
});

on_each_store!(announcements_come_after_the_commit_and_never_from_a_failed_transaction, |db| {
    let mut heard = db.subscribe();
    let _ = db
        .write(|tx| {
            tx.announce("jobs", "lost");
            Err::<(), _>(StoreError::NoRow)
        })
        .await;
    db.write(|tx| {
        tx.announce("jobs", "kept");
        tx.wake("changes");
        tx.wake("changes");
        Ok::<_, StoreError>(())
    })
    .await
    .unwrap();
    let first = heard.recv().await.unwrap();
    let second = heard.recv().await.unwrap();
    assert_eq!((first.topic, first.payload.as_str(), second.topic), ("jobs", "kept", "changes"));
    assert!(heard.try_recv().is_err(), "two wakes of one transaction wake once");
});

on_each_store!(values_of_every_kind_come_back_as_they_went_in, |db| {
    db.write(|tx| tx.batch("CREATE TABLE kinds (n BIGINT, x DOUBLE PRECISION, t TEXT, b TEXT)")).await.unwrap();
    let rows = [Value::Int(i64::MIN), Value::Real(0.1), Value::Text("Zoë 🐦 'quoted' $1 @in".into()), Value::Null];
    db.write(move |tx| tx.insert_many("INSERT INTO kinds (n, x, t, b)", "", 4, &rows)).await.unwrap();
    let (n, x, t, b) = db
        .read(|tx| {
            tx.one("SELECT n, x, t, b FROM kinds", |r| {
                Ok((r.get::<i64>(0)?, r.get::<f64>(1)?, r.get::<String>(2)?, r.get::<Option<String>>(3)?))
            })
        })
        .await
        .unwrap();
    assert_eq!((n, x, t.as_str(), b), (i64::MIN, 0.1, "Zoë 🐦 'quoted' $1 @in", None));
});

on_each_store!(many_rows_go_in_at_once_and_can_be_walked_in_part, |db| {
    let values: Vec<Value> = (0..1_234).flat_map(|n| [Value::Int(n), Value::Text(format!("u{n}"))]).collect();
    let n = db
        .write_in(Lane::Bulk, move |tx| tx.insert_many("INSERT INTO urls (id, url)", "ON CONFLICT DO NOTHING", 2, &values))
        .await;
    assert_eq!(n.unwrap(), 1_234);
    let seen = db
        .read(|tx| {
            let mut seen = 0;
            tx.each("SELECT id FROM urls ORDER BY id", |_| {
                seen += 1;
                Ok(if seen == 10 { Flow::Stop } else { Flow::Next })
            })?;
            let all: i64 = tx.scalar("SELECT count(*) FROM urls")?;
            Ok::<_, StoreError>((seen, all))
        })
        .await
        .unwrap();
    assert_eq!(seen, (10, 1_234));
});

on_each_store!(words_of_the_dialect_mean_the_same_on_both, |db| {
    for n in 1..=4 {
        tag(db, ["", "a", "b", "c", "d"][n]).await.unwrap();
    }
    let got = db
        .read(|tx| {
            let some: Vec<String> = tx
                .all(Sql::new("SELECT name FROM tags WHERE name @intext($1) ORDER BY name").bind(r#"["a","c"]"#), |r| r.get(0))?;
            let ids: i64 = tx.scalar(Sql::new("SELECT count(*) FROM tags WHERE id @in($1)").bind([1_i64, 2, 99].as_slice()))?;
            let bounds: (i64, i64) = tx.one("SELECT @greatest(1, 2), @least(1, 2)", |r| Ok((r.get(0)?, r.get(1)?)))?;
            let sum: i64 = tx.scalar("SELECT @sum(contacts) FROM tags")?;
            Ok::<_, StoreError>((some, ids, bounds, sum))
        })
        .await
        .unwrap();
    assert_eq!(got, (vec!["a".into(), "c".into()], 2, (2, 1), 0));
});

on_each_store!(two_transactions_that_read_before_they_write_do_not_lose_an_update, |db| {
    let id = tag(db, "counter").await.unwrap();
    let mut tasks = Vec::new();
    for _ in 0..8 {
        let db = db.clone();
        tasks.push(tokio::spawn(async move {
            for _ in 0..5 {
                // Somebody who meets too many others is told so and tries again, as a caller would.
                loop {
                    let outcome = db
                        .write(move |tx| {
                            let n: i64 = tx.scalar(Sql::new("SELECT contacts FROM tags WHERE id = $1").bind(id))?;
                            tx.exec(Sql::new("UPDATE tags SET contacts = $2 WHERE id = $1").bind(id).bind(n + 1))
                        })
                        .await;
                    match outcome {
                        Ok(_) => break,
                        Err(StoreError::Contended) => {}
                        Err(e) => panic!("{e}"),
                    }
                }
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    let n: i64 = db.read(move |tx| tx.scalar(Sql::new("SELECT contacts FROM tags WHERE id = $1").bind(id))).await.unwrap();
    assert_eq!(n, 40);
});

on_each_store!(after_closing_every_call_says_so_and_what_was_written_is_there, |db| {
    tag(db, "kept").await.unwrap();
    db.close().await;
    assert!(matches!(tag(db, "late").await, Err(StoreError::Closed)));
});

#[tokio::test]
async fn both_databases_have_the_same_schema() {
    let Some(backend) = Backend::postgres() else { return };
    let sqlite = schema_in_words(&TestDb::new(Backend::Sqlite).await.db).await.unwrap();
    let postgres = schema_in_words(&TestDb::new(backend).await.db).await.unwrap();
    assert_eq!(sqlite, postgres);
    assert!(sqlite.len() > 200, "the comparison saw only {} lines", sqlite.len());
}

#[tokio::test]
async fn a_database_made_by_a_newer_version_is_refused_and_left_alone() {
    for backend in [Some(Backend::Sqlite), Backend::postgres()].into_iter().flatten() {
        let test = TestDb::new(backend).await;
        test.db
            .write(|tx| tx.exec("INSERT INTO schema_steps (number, name, applied_at) VALUES (9999, 'future', 0)"))
            .await
            .unwrap();
        let error = test.db.migrate(Timestamp(0)).await.unwrap_err();
        assert!(matches!(error, StoreError::NewerDatabase { found: 9999, .. }), "{error}");
        assert!(error.to_string().contains("newer version"));
    }
}

#[tokio::test]
async fn a_foreign_database_is_not_touched() {
    for backend in [Some(Backend::Sqlite), Backend::postgres()].into_iter().flatten() {
        let test = TestDb::empty(backend).await;
        test.db.write(|tx| tx.batch("CREATE TABLE somebody_elses (id BIGINT)")).await.unwrap();
        assert!(matches!(test.db.migrate(Timestamp(0)).await, Err(StoreError::Damaged(_))));
    }
}

#[tokio::test]
async fn an_sqlite_file_is_copied_before_its_schema_changes() {
    let test = TestDb::empty(Backend::Sqlite).await;
    test.db.migrate_to(2, Timestamp(0)).await.unwrap();
    tag(&test.db, "before").await.unwrap();
    let report = test.db.migrate(Timestamp(0)).await.unwrap();
    let copy = report.copy.expect("a copy");
    let old = Db::open(&DbUrl::Sqlite(copy), Options::default()).await.unwrap();
    assert_eq!(old.schema_version().await.unwrap(), 2);
    assert_eq!(names(&old).await, ["before"]);
}

#[tokio::test]
async fn memberships_in_large_chunks_are_moved_to_small_pieces() {
    // The ids 1, 5,000 and 65,535 of a chunk, as they were stored.
    let bytes = [0x3A, 0x30, 0, 0, 1, 0, 0, 0, 0, 0, 2, 0, 0x10, 0, 0, 0, 1, 0, 0x88, 0x13, 0xFF, 0xFF];
    for backend in [Some(Backend::Sqlite), Backend::postgres()].into_iter().flatten() {
        let test = TestDb::empty(backend).await;
        test.db.migrate_to(21, Timestamp(0)).await.unwrap();
        test.db
            .write(move |tx| {
                let text = "INSERT INTO segment_chunks (segment_id, chunk, bits) VALUES (7, 0, $1)";
                tx.exec(Sql::new(text).bind(bytes.to_vec()))
            })
            .await
            .unwrap();
        test.db.migrate(Timestamp(0)).await.unwrap();
        let rows: Vec<(i64, i64, Vec<u8>)> = test
            .db
            .read(|tx| {
                let text = "SELECT segment_id, piece, bits FROM segment_pieces ORDER BY piece";
                tx.all(text, |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))
            })
            .await
            .unwrap();
        let ids = rows.into_iter().flat_map(|(segment, number, bits)| {
            Piece::decode(&bits).unwrap().ids(number).iter().map(|id| (segment, id)).collect::<Vec<_>>()
        });
        assert_eq!(ids.collect::<Vec<_>>(), [(7, 1), (7, 5_000), (7, 65_535)]);
    }
}

#[tokio::test]
async fn a_second_process_is_told_that_the_file_is_in_use() {
    let test = TestDb::new(Backend::Sqlite).await;
    let error = Db::open(&test.url, Options::default()).await.err().expect("refused");
    assert!(matches!(error, StoreError::Locked { .. }), "{error}");
    assert!(error.to_string().contains("another process"));
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused_with_its_reason() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("not.db");
    std::fs::write(&path, "this is a letter to my grandmother, and it is long enough to be looked at as a header").unwrap();
    let error = Db::open(&DbUrl::Sqlite(path.clone()), Options::default()).await.err().expect("refused");
    assert!(matches!(error, StoreError::Damaged(_)), "{error}");
    assert!(std::fs::read_to_string(path).unwrap().starts_with("this is a letter"));
}

#[tokio::test]
async fn wrong_addresses_say_how_to_write_them() {
    for text in ["mysql://x/y", "honeyguide.db", "sqlite:"] {
        let error = text.parse::<DbUrl>().unwrap_err();
        assert!(error.to_string().contains("sqlite:"), "{error}");
    }
    let unwritable = DbUrl::Sqlite("/proc/honeyguide/no.db".into());
    assert!(matches!(Db::open(&unwritable, Options::default()).await, Err(StoreError::WrongUrl(_))));
    let no_name: DbUrl = "postgres://127.0.0.1:1".parse().unwrap();
    assert!(matches!(Db::open(&no_name, Options::default()).await, Err(StoreError::WrongUrl(_))));
    let nobody_there: DbUrl = "postgres://hg@127.0.0.1:1/hg".parse().unwrap();
    assert!(matches!(Db::open(&nobody_there, Options::default()).await, Err(StoreError::Unreachable(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_loses_nothing_that_was_answered_and_recovers_when_there_is_room() {
    let test = TestDb::new(Backend::Sqlite).await;
    tag(&test.db, "before").await.unwrap();
    let pages: i64 = test.db.write(|tx| tx.scalar("PRAGMA page_count")).await.unwrap();
    test.db.write(move |tx| tx.scalar::<i64>(format!("PRAGMA max_page_count = {}", pages + 2))).await.unwrap();
    let mut error = None;
    for n in 0..200 {
        let url = format!("{n}-{}", "x".repeat(2_000));
        if let Err(e) = test.db.write(move |tx| tx.exec(Sql::new("INSERT INTO urls (url) VALUES ($1)").bind(url.as_str()))).await
        {
            error = Some((n, e));
            break;
        }
    }
    let (written, error) = error.expect("the disk filled up");
    assert!(matches!(error, StoreError::DiskFull), "{error:?}");
    let there: i64 = test.db.read(|tx| tx.scalar("SELECT count(*) FROM urls")).await.unwrap();
    assert_eq!(there, written);
    test.db.write(|tx| tx.scalar::<i64>("PRAGMA max_page_count = 1000000")).await.unwrap();
    tag(&test.db, "after").await.unwrap();
    assert_eq!(names(&test.db).await, ["after", "before"]);
}

// On one thread each yield runs the tasks that wait: afterwards everything has lined up, however busy the machine is.
#[tokio::test]
async fn interactive_writes_go_before_bulk_ones_that_wait() {
    let test = TestDb::new(Backend::Sqlite).await;
    let order = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let (hold, held) = std::sync::mpsc::channel::<()>();
    let held = std::sync::Mutex::new(held);
    let (begun, has_begun) = tokio::sync::oneshot::channel::<()>();
    let mut begun = Some(begun);
    // The first write holds the writer until everything else has lined up behind it.
    let db = test.db.clone();
    let first = async move {
        db.write_in(Lane::Live, move |_| {
            let _ = begun.take().map(|b| b.send(()));
            let _ = held.lock().unwrap().recv();
            Ok::<_, StoreError>(())
        })
        .await
    };
    let line_up = |lane: Lane, name: &'static str| {
        let (db, order) = (test.db.clone(), order.clone());
        tokio::spawn(async move {
            db.write_in(lane, move |_| {
                order.lock().unwrap().push(name);
                Ok::<_, StoreError>(())
            })
            .await
        })
    };
    let first = tokio::spawn(first);
    has_begun.await.unwrap();
    let bulk = line_up(Lane::Bulk, "bulk");
    let live = line_up(Lane::Live, "live");
    let person = line_up(Lane::Interactive, "person");
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    let _ = hold.send(());
    for task in [first, bulk, live, person] {
        task.await.unwrap().unwrap();
    }
    let order = order.lock().unwrap().clone();
    let place = |name| order.iter().position(|n| *n == name).unwrap();
    assert!(place("person") < place("bulk") && place("live") < place("bulk"), "{order:?}");
}
