//! Four days: mails are opened or not, links clicked, questions sent in, and the blog brings visitors of its own. Who
//! does what depends on the contact's id alone, so that every demo tells the same story.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use hg_app::list::ListQuery;
use hg_app::sending::outbox;
use hg_app::{Cx, Result, engine};
use hg_core::time::{Clock, Millis, Timestamp};

use super::browser::{Browser, addresses};
use super::clock::DemoClock;
use super::content::QUESTIONS;
use super::people::draw;
use super::state::State;
use crate::clock::SystemClock;

const AGENTS: [&str; 4] = [
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0",
];

/// Visitors that the blog brings in four days.
const FROM_BLOG: u64 = 46;

/// Something a visitor will do.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Deed {
    /// Opens a caught mail; clicks and asks if so minded.
    Read { mail: i64, person: u64, clicks: bool, asks: bool, leaves: bool },
    /// Comes from the blog without anybody knowing who it is.
    FromBlog { number: u64 },
}

pub async fn run(cx: &Cx, clock: &DemoClock, state: &mut State) -> Result<()> {
    let engine = engine::standard();
    let mut plan: BinaryHeap<Reverse<(Timestamp, Deed)>> = BinaryHeap::new();
    let days = SystemClock.now().since(state.began_at).0;
    for number in 0..FROM_BLOG {
        let at = state
            .began_at
            .plus(Millis::hours(2))
            .plus(Millis(i64::try_from(draw(number * 31 + 7, days.max(1).unsigned_abs())).unwrap_or(0)));
        plan.push(Reverse((at, Deed::FromBlog { number })));
    }
    engine.settle(&cx.ws).await?;
    readers(cx, state, &mut plan).await?;
    let mut done = 0_u64;
    loop {
        let deed = plan.peek().map(|Reverse((at, _))| *at);
        let due = engine.next_due(&cx.ws).await?;
        let next = [deed, due].into_iter().flatten().min();
        let Some(at) = next.map(|t| t.max(clock.now())).filter(|t| *t <= SystemClock.now()) else { break };
        clock.stand_at(at);
        if deed.is_some_and(|d| d <= at)
            && let Some(Reverse((_, deed))) = plan.pop()
            && at >= state.played_until
        {
            act(cx, &deed).await?;
            done += 1;
        }
        engine.settle(&cx.ws).await?;
        readers(cx, state, &mut plan).await?;
        if done.is_multiple_of(25) {
            state.played_until = at;
            state.save()?;
        }
    }
    state.played_until = clock.now();
    state.save()
}

/// Thinks up what the readers of newly caught mails will do.
async fn readers(cx: &Cx, state: &mut State, plan: &mut BinaryHeap<Reverse<(Timestamp, Deed)>>) -> Result<()> {
    let mut cursor = None;
    let mut newest = state.seen_mail;
    'pages: loop {
        let page = outbox::list(cx, ListQuery { limit: 500, cursor, ..ListQuery::default() }).await?;
        for mail in &page.items {
            if mail.id <= state.seen_mail {
                break 'pages;
            }
            newest = newest.max(mail.id);
            let Some(person) = mail.contact.map(|c| c.0.unsigned_abs()) else { continue };
            let invited = mail.email.map(|e| e.0) == state.emails.first().copied();
            let reminded = mail.email.map(|e| e.0) == state.emails.get(1).copied();
            let seed = person * 97 + mail.email.map_or(0, |e| e.0.unsigned_abs()) * 13;
            let opens = draw(seed, 100)
                < if invited {
                    54
                } else if reminded {
                    36
                } else {
                    80
                };
            if !opens {
                continue;
            }
            let clicks = (invited || reminded) && draw(seed + 1, 100) < if invited { 44 } else { 40 };
            let asks = clicks && draw(seed + 2, 100) < 58;
            let leaves = !clicks && invited && draw(seed + 3, 1_000) < 60;
            // Most read within hours, some only days later.
            let wait = draw(seed + 4, 1_000);
            let minutes = 4 + wait * wait * wait / 210_000;
            let at = mail
                .caught_at
                .plus(Millis::minutes(i64::try_from(minutes).unwrap_or(0)))
                .plus(Millis(i64::try_from(draw(seed + 5, 60_000)).unwrap_or(0)));
            plan.push(Reverse((at, Deed::Read { mail: mail.id, person, clicks, asks, leaves })));
        }
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    state.seen_mail = newest;
    Ok(())
}

fn browser(cx: &Cx, person: u64) -> Browser {
    let agent = AGENTS[usize::try_from(draw(person * 5 + 1, AGENTS.len() as u64)).unwrap_or(0)];
    Browser::new(hg_web::router(cx.ws.clone()), &cx.ws.site.url, agent)
}

async fn act(cx: &Cx, deed: &Deed) -> Result<()> {
    match deed {
        Deed::Read { mail, person, clicks, asks, leaves } => {
            let caught = outbox::get(cx, *mail).await?;
            let html = outbox::parts(&caught.bytes).html;
            let site = &cx.ws.site.url;
            let mut browser = browser(cx, *person);
            for pixel in addresses(&html, "src", &format!("{site}/email/")) {
                browser.open(&pixel).await?;
            }
            if *clicks && let Some(link) = addresses(&html, "href", &format!("{site}/r/")).first() {
                let page = browser.open(link).await?;
                if *asks && page.status.is_success() {
                    let question = QUESTIONS[usize::try_from(draw(person * 3, QUESTIONS.len() as u64)).unwrap_or(0)];
                    let address = caught.about.to.clone();
                    let name = hg_app::contacts::names_of(cx, caught.about.contact.map(|c| c.0).into_iter().collect()).await?;
                    let name = name.into_values().next().map(|n| n.name).unwrap_or_default();
                    let first = name.split(' ').next().unwrap_or("").to_owned();
                    browser.send_form(&page, &[("firstname", &first), ("email", &address), ("question", question)]).await?;
                }
            }
            if *leaves && let Some(link) = addresses(&html, "href", &format!("{site}/email/unsubscribe/")).first() {
                let page = browser.open(link).await?;
                browser.send_form(&page, &[]).await?;
            }
        }
        Deed::FromBlog { number } => {
            let mut browser = browser(cx, 10_000 + number);
            let page = browser.open("/ama-2017?utm_source=blog.example.org&utm_medium=blog-link").await?;
            if draw(number * 41, 100) < 35 {
                const NAMES: [&str; 12] =
                    ["Robin", "Sasha", "Kim", "Alex", "Noor", "Jules", "Mika", "Toni", "Remy", "Lou", "Charlie", "Sam"];
                let name = NAMES[usize::try_from(draw(number * 43, NAMES.len() as u64)).unwrap_or(0)];
                let address = format!("{}.{number}@example.com", name.to_lowercase());
                let question = QUESTIONS[usize::try_from(draw(number * 47, QUESTIONS.len() as u64)).unwrap_or(0)];
                browser.send_form(&page, &[("firstname", name), ("email", &address), ("question", question)]).await?;
            }
        }
    }
    Ok(())
}
