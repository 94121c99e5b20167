//! What stands for the outside in a simulation: other programs agree to everything, and colleagues get no mail.

use std::path::Path;

use async_trait::async_trait;

use crate::cx::Cx;
use crate::error::Result as Done;
use crate::jobs::{Job, JobHandle, JobRunner, Outcome};
use crate::outgoing::{Ask, Told, Unanswered, Web};
use crate::sending::UserMailJob;

/// Every call is answered with success, and none is made.
pub(super) struct Agreeable;

#[async_trait]
impl Web for Agreeable {
    async fn ask(&self, _ask: Ask) -> Result<Told, Unanswered> {
        Ok(Told { status: 200, ..Told::default() })
    }

    async fn fetch(&self, _ask: Ask, _to: &Path) -> Result<Told, Unanswered> {
        Err(Unanswered::Refused("A simulation fetches nothing.".to_owned()))
    }
}

/// Takes the place of the job that mails colleagues.
pub(super) struct NoUserMail;

#[async_trait]
impl JobRunner for NoUserMail {
    fn kind(&self) -> &'static str {
        UserMailJob.kind()
    }

    async fn run(&self, _cx: &Cx, _job: &Job, _handle: &JobHandle) -> Done<Outcome> {
        Ok(Outcome::Done("Colleagues get no mail from a simulation.".to_owned()))
    }
}
