//! The clerk writes down what the connections hand over. While one piece is on its way to the disk, what the connections say
//! meanwhile gathers, and is written together with a few statements: the ledger is exact for each message, and costs each a
//! fraction of what it would alone.

use hg_core::emails::Skip;
use hg_store::Lane;
use tokio::sync::{mpsc, oneshot};

use super::batch::{self, Outcome};
use super::ledger::SendRow;
use crate::cx::Cx;
use crate::error::{Error, Result};

/// Notes of one transaction.
const MOST: usize = 128;

/// What a connection says before it delivers a message.
struct Note {
    /// What became of the message before.
    before: Option<(SendRow, Outcome)>,
    send: SendRow,
    answer: oneshot::Sender<Result<Option<Skip>>>,
}

/// Where connections bring their notes. The clerk goes home when nobody can bring any more.
#[derive(Clone)]
pub(super) struct Clerk(mpsc::UnboundedSender<Note>);

impl Clerk {
    /// A clerk at work.
    pub fn hire(cx: &Cx) -> Self {
        let (notes, mut brought) = mpsc::unbounded_channel::<Note>();
        let cx = cx.clone();
        tokio::spawn(async move {
            while let Some(first) = brought.recv().await {
                let mut gathered = vec![first];
                while more(&mut gathered, &mut brought) {
                    // Connections that are ready to speak do so before the disk is kept busy with a few words.
                    tokio::task::yield_now().await;
                }
                answer(&cx, gathered).await;
            }
        });
        Self(notes)
    }

    /// Commits `handing_over` together with what became of the message before. `Some`: it must not be sent after all.
    pub async fn hand_over(&self, before: Option<(SendRow, Outcome)>, send: SendRow) -> Result<Option<Skip>> {
        let gone = || Error::internal("nobody writes the ledger");
        let (answer, answered) = oneshot::channel();
        self.0.send(Note { before, send, answer }).map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }
}

/// Takes what was brought meanwhile; whether there was anything, and there may be more.
fn more(gathered: &mut Vec<Note>, brought: &mut mpsc::UnboundedReceiver<Note>) -> bool {
    let before = gathered.len();
    while gathered.len() < MOST
        && let Ok(next) = brought.try_recv()
    {
        gathered.push(next);
    }
    before < gathered.len() && gathered.len() < MOST
}

async fn answer(cx: &Cx, notes: Vec<Note>) {
    let (answers, notes): (Vec<_>, Vec<_>) = notes.into_iter().map(|note| (note.answer, (note.before, note.send))).unzip();
    match write(cx, notes.clone()).await {
        Ok(said) => {
            for (answer, skip) in answers.into_iter().zip(said) {
                // Whoever asked may be gone; what was written stands.
                let _ = answer.send(Ok(skip));
            }
        }
        // One of them is at fault: one by one only that one hears of it.
        Err(_) => {
            for (answer, note) in answers.into_iter().zip(notes) {
                let said = write(cx, vec![note]).await.map(|said| said.into_iter().next().flatten());
                let _ = answer.send(said);
            }
        }
    }
}

async fn write(cx: &Cx, notes: Vec<(Option<(SendRow, Outcome)>, SendRow)>) -> Result<Vec<Option<Skip>>> {
    let (now, ws) = (cx.now(), cx.ws.clone());
    let (before, sends): (Vec<_>, Vec<_>) = notes.into_iter().unzip();
    let before: Vec<(SendRow, Outcome)> = before.into_iter().flatten().collect();
    cx.db()
        .write_in(Lane::Live, move |tx| {
            batch::settle(&ws, tx, now, &before)?.write(tx)?;
            batch::hand_over(tx, now, &sends)
        })
        .await
}
