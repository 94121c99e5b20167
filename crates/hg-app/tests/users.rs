//! People who sign in.

use hg_app::campaigns::{self, CampaignPatch, NewCampaign};
use hg_app::users::{self, NewUser, Setup, UserPatch};
use hg_app::{Action, Area, ErrorKind, Role};
use hg_core::time::Millis;
use hg_testkit::app::PASSWORD;
use hg_testkit::on_each_db;

fn ada() -> NewUser {
    NewUser {
        email: "Ada@Example.org".into(),
        password: PASSWORD.into(),
        first_name: "Ada".into(),
        last_name: "Lovelace".into(),
        role: Role::Administrator,
        timezone: None,
    }
}

on_each_db!(the_first_run_works_once_and_makes_an_administrator, |app| {
    assert!(users::needs_setup(&app.visitor()).await.unwrap());
    let setup = Setup {
        user: NewUser { role: Role::Viewer, ..ada() },
        site_name: "Birds".into(),
        site_url: "https://birds.example.org/".into(),
        timezone: "Europe/Prague".into(),
        sender_name: "Birds".into(),
        sender_email: "team@birds.example.org".into(),
    };
    let user = users::set_up(&app.visitor(), setup.clone()).await.unwrap();
    assert_eq!(user.role, Role::Administrator);
    assert_eq!(app.ws.settings().general.site_url, "https://birds.example.org");
    assert_eq!(app.ws.settings().sending.sender_email, "team@birds.example.org");
    let again = users::set_up(&app.visitor(), setup).await.unwrap_err();
    assert_eq!(again.code, "user.already-set-up");
});

on_each_db!(a_session_begins_with_the_right_password_and_ends_with_sign_out, |app| {
    users::create(&app.cx(), ada()).await.unwrap();
    let session = users::sign_in(&app.visitor(), " ada@example.ORG ", PASSWORD, "10.0.0.1").await.unwrap();
    let found = users::who(&app.visitor(), &session.token).await.unwrap().expect("a session");
    assert_eq!((found.user.email.as_str(), found.csrf_token), ("Ada@Example.org", session.csrf_token));
    users::sign_out(&app.visitor(), &session.token).await.unwrap();
    assert!(users::who(&app.visitor(), &session.token).await.unwrap().is_none());
});

on_each_db!(a_session_that_is_not_used_for_two_weeks_is_over, |app| {
    users::create(&app.cx(), ada()).await.unwrap();
    let session = users::sign_in(&app.visitor(), "ada@example.org", PASSWORD, "10.0.0.1").await.unwrap();
    app.advance(Millis::days(13));
    assert!(users::who(&app.visitor(), &session.token).await.unwrap().is_some(), "used, and so renewed");
    app.advance(Millis::days(13));
    assert!(users::who(&app.visitor(), &session.token).await.unwrap().is_some());
    app.advance(Millis::days(15));
    assert!(users::who(&app.visitor(), &session.token).await.unwrap().is_none());
});

on_each_db!(five_wrong_passwords_lock_the_account_for_a_quarter_of_an_hour, |app| {
    users::create(&app.cx(), ada()).await.unwrap();
    for _ in 0..5 {
        let error = users::sign_in(&app.visitor(), "ada@example.org", "wrong", "10.0.0.1").await.unwrap_err();
        assert_eq!(error.code, "user.wrong-password");
    }
    let locked = users::sign_in(&app.visitor(), "ada@example.org", PASSWORD, "10.0.0.2").await.unwrap_err();
    assert!(matches!(locked.kind, ErrorKind::TooMany { retry_after } if retry_after <= 900 && retry_after > 800), "{locked:?}");
    app.advance(Millis::minutes(16));
    users::sign_in(&app.visitor(), "ada@example.org", PASSWORD, "10.0.0.1").await.unwrap();
});

on_each_db!(an_address_that_guesses_at_many_accounts_is_locked_out_itself, |app| {
    users::create(&app.cx(), ada()).await.unwrap();
    for n in 0..20 {
        let _ = users::sign_in(&app.visitor(), &format!("nobody{n}@example.org"), "wrong", "10.0.0.9").await;
    }
    let locked = users::sign_in(&app.visitor(), "ada@example.org", PASSWORD, "10.0.0.9").await.unwrap_err();
    assert_eq!(locked.code, "user.locked");
    users::sign_in(&app.visitor(), "ada@example.org", PASSWORD, "10.0.0.1").await.unwrap();
});

on_each_db!(weak_passwords_and_taken_addresses_are_refused_with_the_field_at_fault, |app| {
    for weak in ["short", "passwordpassword123", "aaaaaaaaaaaaaaa", "ada@example.org", "password1234"] {
        let outcome = users::create(&app.cx(), NewUser { password: weak.into(), ..ada() }).await;
        if weak == "passwordpassword123" {
            outcome.unwrap();
            continue;
        }
        assert_eq!(outcome.unwrap_err().fields[0].pointer, "/password", "{weak}");
    }
    let taken = users::create(&app.cx(), NewUser { email: "ADA@example.org".into(), ..ada() }).await.unwrap_err();
    assert_eq!((taken.code.as_ref(), taken.fields[0].pointer.as_str()), ("user.address-taken", "/email"));
    let wrong = users::create(&app.cx(), NewUser { email: "ada at example".into(), ..ada() }).await.unwrap_err();
    assert_eq!(wrong.code, "user.wrong-address");
});

on_each_db!(a_viewer_sees_but_changes_nothing_and_a_visitor_is_asked_to_sign_in, |app| {
    let (_, viewer) = app.user("vera@example.org", Role::Viewer).await;
    assert!(viewer.may(Action::View(Area::Contacts)).is_ok());
    assert_eq!(viewer.may(Action::Edit(Area::Contacts)).unwrap_err().kind, ErrorKind::Forbidden);
    assert_eq!(viewer.may(Action::Send).unwrap_err().kind, ErrorKind::Forbidden);
    assert_eq!(users::list(&viewer).await.unwrap_err().kind, ErrorKind::Forbidden);
    assert_eq!(app.visitor().may(Action::View(Area::Contacts)).unwrap_err().kind, ErrorKind::Unauthenticated);
});

on_each_db!(the_last_administrator_can_neither_go_nor_lose_the_role, |app| {
    let (ada, cx) = app.user("ada@example.org", Role::Administrator).await;
    assert_eq!(users::delete(&cx, ada.id).await.unwrap_err().code, "user.last-administrator");
    let patch = UserPatch { role: Some(Role::Viewer), ..UserPatch::default() };
    assert_eq!(users::update(&cx, ada.id, patch.clone()).await.unwrap_err().code, "user.last-administrator");
    app.user("bo@example.org", Role::Administrator).await;
    assert_eq!(users::update(&cx, ada.id, patch).await.unwrap().role, Role::Viewer);
});

on_each_db!(a_change_made_on_an_old_version_is_refused, |app| {
    let (ada, cx) = app.user("ada@example.org", Role::Administrator).await;
    let patch = |name: &str| UserPatch { version: Some(ada.version), first_name: Some(name.into()), ..UserPatch::default() };
    users::update(&cx, ada.id, patch("Augusta")).await.unwrap();
    assert_eq!(users::update(&cx, ada.id, patch("Ava")).await.unwrap_err().code, "changed-meanwhile");
});

on_each_db!(a_new_password_ends_every_session_and_forgets_remembered_credentials, |app| {
    let (_, cx) = app.user("ada@example.org", Role::Administrator).await;
    let session = users::sign_in(&app.visitor(), "ada@example.org", PASSWORD, "10.0.0.1").await.unwrap();
    users::authenticate_basic(&app.visitor(), "ada@example.org", PASSWORD, "10.0.0.1").await.unwrap();
    assert_eq!(users::change_password(&cx, "not it", "another long sentence").await.unwrap_err().code, "user.wrong-current");
    users::change_password(&cx, PASSWORD, "another long sentence").await.unwrap();
    assert!(users::who(&app.visitor(), &session.token).await.unwrap().is_none());
    assert!(users::authenticate_basic(&app.visitor(), "ada@example.org", PASSWORD, "10.0.0.1").await.is_err());
});

on_each_db!(the_administrator_of_the_configuration_is_made_once, |app| {
    let made = users::ensure_first_administrator(&app.cx(), "root@example.org", PASSWORD).await.unwrap();
    assert!(made.is_some());
    assert!(users::ensure_first_administrator(&app.cx(), "root@example.org", "changed meanwhile").await.unwrap().is_none());
    users::sign_in(&app.visitor(), "root@example.org", PASSWORD, "10.0.0.1").await.unwrap();
});

on_each_db!(an_author_writes_and_neither_sends_nor_governs, |app| {
    let (_, author) = app.user("ada@example.org", Role::Author).await;
    for area in [Area::Contacts, Area::Emails, Area::Campaigns, Area::Segments, Area::Pages, Area::Forms] {
        assert!(author.may(Action::View(area)).is_ok() && author.may(Action::Edit(area)).is_ok(), "{area:?}");
    }
    assert!(author.may(Action::AskToSend).is_ok());
    for refused in [Action::Send, Action::Edit(Area::Settings), Action::Edit(Area::Users), Action::View(Area::Users)] {
        assert_eq!(author.may(refused).unwrap_err().kind, ErrorKind::Forbidden, "{refused:?}");
    }
    let new = NewCampaign { name: "Welcome".into(), ..NewCampaign::default() };
    let campaign = campaigns::create(&author, new).await.unwrap();
    assert_eq!(campaigns::publish(&author, campaign.id).await.unwrap_err().kind, ErrorKind::Forbidden);
    let rename = || CampaignPatch { name: Some("Hello".into()), ..CampaignPatch::default() };
    assert_eq!(campaigns::update(&author, campaign.id, rename()).await.unwrap().name, "Hello");
    let running = NewCampaign { name: "Runs".into(), ..NewCampaign::default() };
    let running = campaigns::create(&app.cx(), running).await.unwrap();
    app.ws
        .db
        .write(move |tx| {
            let sql = hg_store::Sql::new("UPDATE campaigns SET state = 'published' WHERE id = $1").bind(running.id);
            Ok::<_, hg_app::Error>(tx.exec(sql)?)
        })
        .await
        .unwrap();
    assert_eq!(campaigns::update(&author, running.id, rename()).await.unwrap_err().kind, ErrorKind::Forbidden);
});

on_each_db!(the_last_administrator_does_not_become_an_author, |app| {
    let (ada, cx) = app.user("ada@example.org", Role::Administrator).await;
    let patch = UserPatch { role: Some(Role::Author), ..UserPatch::default() };
    let error = users::update(&cx, ada.id, patch).await.unwrap_err();
    assert_eq!(error.code, "user.last-administrator");
});
