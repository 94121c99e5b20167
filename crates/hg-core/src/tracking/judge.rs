//! May this request be counted? If not it is answered all the same, and leaves no trace.

use std::net::IpAddr;

use super::{bots::is_robot, ip::is_listed};

/// What a request tells about itself.
#[derive(Debug, Clone, Copy)]
pub struct Visit<'a> {
    /// The visitor's address.
    pub address: IpAddr,
    /// Her program.
    pub user_agent: &'a str,
    /// HEAD instead of GET or POST.
    pub is_head: bool,
    /// `Purpose` or `Sec-Purpose`.
    pub purpose: Option<&'a str>,
    /// `Sec-GPC: 1`
    pub gpc: bool,
    /// `DNT: 1`, or the script said so.
    pub dnt: bool,
    /// Somebody of our own, signed in.
    pub own_user: bool,
    /// A click on a link of a mail: an explicit act, which GPC and DNT do not cover.
    pub is_email_click: bool,
}

/// What the workspace decided.
#[derive(Debug, Clone, Copy)]
pub struct TrackingRules<'a> {
    /// Heed `Sec-GPC`.
    pub respect_gpc: bool,
    /// Heed `DNT`.
    pub respect_dnt: bool,
    /// Count our own people, which only makes sense while trying things out.
    pub track_own_users: bool,
    /// Addresses that are never counted.
    pub do_not_track_ips: &'a [String],
}

/// Why a request is not counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ignored {
    /// Somebody of our own.
    OwnUser,
    /// On the list of addresses.
    Address,
    /// A robot by its own account.
    Robot,
    /// Nobody looked at anything: HEAD, prefetch, prerender.
    NotSeen,
    /// She asked not to be tracked.
    Privacy,
}

/// The reason not to count, if there is one.
pub fn judge(visit: &Visit<'_>, rules: &TrackingRules<'_>) -> Option<Ignored> {
    let prefetched = visit.purpose.is_some_and(|purpose| {
        let purpose = purpose.to_ascii_lowercase();
        purpose.contains("prefetch") || purpose.contains("prerender") || purpose.contains("preview")
    });
    let asks_for_privacy = (rules.respect_gpc && visit.gpc) || (rules.respect_dnt && visit.dnt);
    let questions = [
        (visit.own_user && !rules.track_own_users, Ignored::OwnUser),
        (is_listed(visit.address, rules.do_not_track_ips), Ignored::Address),
        (is_robot(visit.user_agent), Ignored::Robot),
        (visit.is_head || prefetched, Ignored::NotSeen),
        (asks_for_privacy && !visit.is_email_click, Ignored::Privacy),
    ];
    questions.iter().find(|(yes, _)| *yes).map(|(_, why)| *why)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    const PERSON: Visit<'static> = Visit {
        address: IpAddr::V4(Ipv4Addr::new(203, 0, 113, 9)),
        user_agent: "Mozilla/5.0 (Windows NT 10.0) Firefox/130.0",
        is_head: false,
        purpose: None,
        gpc: false,
        dnt: false,
        own_user: false,
        is_email_click: false,
    };

    fn rules(ips: &[String]) -> TrackingRules<'_> {
        TrackingRules { respect_gpc: true, respect_dnt: true, track_own_users: false, do_not_track_ips: ips }
    }

    #[test]
    fn a_person_is_counted_and_everybody_else_is_not() {
        let ips = ["203.0.113.".to_owned()];
        assert_eq!(judge(&PERSON, &rules(&[])), None);
        for (visit, why) in [
            (Visit { own_user: true, ..PERSON }, Ignored::OwnUser),
            (Visit { user_agent: "Googlebot/2.1", ..PERSON }, Ignored::Robot),
            (Visit { purpose: Some("prefetch;prerender"), ..PERSON }, Ignored::NotSeen),
            (Visit { is_head: true, ..PERSON }, Ignored::NotSeen),
            (Visit { gpc: true, ..PERSON }, Ignored::Privacy),
            (Visit { dnt: true, ..PERSON }, Ignored::Privacy),
        ] {
            assert_eq!(judge(&visit, &rules(&[])), Some(why), "{visit:?}");
        }
        assert_eq!(judge(&PERSON, &rules(&ips)), Some(Ignored::Address));
    }

    #[test]
    fn a_click_in_a_mail_counts_even_for_people_who_ask_for_privacy() {
        let click = Visit { gpc: true, dnt: true, is_email_click: true, ..PERSON };
        assert_eq!(judge(&click, &rules(&[])), None);
        assert_eq!(judge(&Visit { is_head: true, ..click }, &rules(&[])), Some(Ignored::NotSeen));
    }
}
