//! What is known about a domain, for whoever writes an email.

use hg_core::deliverability::Finding;

use super::service::with_records;
use super::store;
use crate::cx::Cx;
use crate::error::Result;

/// Purpose, finding and reason of each line of a sender domain, or of the one above it; none: nobody added it.
pub(crate) async fn verdicts(cx: &Cx, domain: &str) -> Result<Option<Vec<(String, Finding, String)>>> {
    let found = cx.db().read(store::all).await?;
    let above = |name: &str| domain == name || domain.ends_with(&format!(".{name}"));
    let best = found.into_iter().filter(|(d, _)| above(&d.name)).max_by_key(|(d, _)| d.name.len());
    Ok(best.map(|found| {
        let records = with_records(&cx.ws, found).records;
        records.into_iter().map(|r| (r.purpose.to_owned(), r.finding, r.reason)).collect()
    }))
}
