//! Who a message comes from and where answers go.

/// A name and an address.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Sender {
    /// The name in front of the address; may be empty.
    pub name: String,
    /// The address.
    pub address: String,
}

/// What the email, the workspace and the contact's owner say about the sender, tokens already filled in.
#[derive(Debug, Clone, Copy, Default)]
pub struct SenderWishes<'a> {
    /// The email's own name.
    pub email_name: &'a str,
    /// The email's own address.
    pub email_address: &'a str,
    /// The email's own answer address.
    pub email_reply_to: &'a str,
    /// The workspace's name.
    pub system_name: &'a str,
    /// The workspace's address.
    pub system_address: &'a str,
    /// The workspace's answer address.
    pub system_reply_to: &'a str,
    /// Name and address of the contact's owner, where she is to be the sender.
    pub owner: Option<(&'a str, &'a str)>,
}

/// The sender and the answer address (`messages.md` §1.3). The owner sends where she is to and has a usable address; else
/// the email's own sender; else the workspace's. Answers go where the email says, else to the owner who sends, else where
/// the workspace says; none: back to the sender.
pub fn sender(wishes: &SenderWishes<'_>) -> (Sender, Option<String>) {
    if let Some((name, address)) = wishes.owner.filter(|(_, address)| looks_like_an_address(address)) {
        let from = Sender { name: name.trim().to_owned(), address: address.trim().to_owned() };
        let own = Some(wishes.email_reply_to.trim()).filter(|reply_to| looks_like_an_address(reply_to));
        return (from, Some(own.unwrap_or(address.trim()).to_owned()));
    }
    let own = looks_like_an_address(wishes.email_address);
    let address = if own { wishes.email_address } else { wishes.system_address };
    let name = if wishes.email_name.trim().is_empty() { wishes.system_name } else { wishes.email_name };
    let reply_to = if looks_like_an_address(wishes.email_reply_to) {
        Some(wishes.email_reply_to.trim())
    } else if looks_like_an_address(wishes.system_reply_to) {
        Some(wishes.system_reply_to.trim())
    } else {
        None
    };
    let from = Sender { name: name.trim().to_owned(), address: address.trim().to_owned() };
    (from, reply_to.map(str::to_owned))
}

fn looks_like_an_address(text: &str) -> bool {
    let text = text.trim();
    let mut halves = text.splitn(2, '@');
    let (local, domain) = (halves.next().unwrap_or_default(), halves.next().unwrap_or_default());
    !local.is_empty() && !domain.is_empty() && !domain.contains('@') && !text.contains([' ', '\r', '\n', '<', '>', ','])
}

#[cfg(test)]
mod tests {
    use super::*;

    const SYSTEM: SenderWishes<'static> = SenderWishes {
        email_name: "",
        email_address: "",
        email_reply_to: "",
        system_name: "Shop",
        system_address: "shop@x.io",
        system_reply_to: "",
        owner: None,
    };

    /// Everything at once: the vectors of sender resolution.
    #[test]
    fn the_owner_wins_over_the_email_and_the_email_over_the_workspace() {
        let email = SenderWishes { email_name: "Ada", email_address: "ada@x.io", system_reply_to: "sys@x.io", ..SYSTEM };
        let answered = SenderWishes { email_reply_to: "re@x.io", ..email };
        let bo = |wishes| SenderWishes { owner: Some(("Bo Lee", "bo@x.io")), ..wishes };
        for (wishes, name, address, reply_to) in [
            (SYSTEM, "Shop", "shop@x.io", None),
            (SenderWishes { system_reply_to: "sys@x.io", ..SYSTEM }, "Shop", "shop@x.io", Some("sys@x.io")),
            (email, "Ada", "ada@x.io", Some("sys@x.io")),
            (answered, "Ada", "ada@x.io", Some("re@x.io")),
            (bo(SYSTEM), "Bo Lee", "bo@x.io", Some("bo@x.io")),
            (bo(email), "Bo Lee", "bo@x.io", Some("bo@x.io")),
            (bo(answered), "Bo Lee", "bo@x.io", Some("re@x.io")),
            (SenderWishes { owner: Some(("Bo", "nowhere")), ..email }, "Ada", "ada@x.io", Some("sys@x.io")),
            (SenderWishes { owner: Some(("Bo", "")), ..SYSTEM }, "Shop", "shop@x.io", None),
            (SenderWishes { owner: Some(("", "bo@x.io")), ..SYSTEM }, "", "bo@x.io", Some("bo@x.io")),
            (SenderWishes { email_address: "broken", ..answered }, "Ada", "shop@x.io", Some("re@x.io")),
        ] {
            let (from, answers) = sender(&wishes);
            assert_eq!((from.name.as_str(), from.address.as_str(), answers.as_deref()), (name, address, reply_to), "{wishes:?}");
        }
    }

    #[test]
    fn the_emails_own_sender_wins_over_the_workspaces() {
        let wishes = SenderWishes { email_name: "Ada", email_address: "ada@x.io", email_reply_to: "re@x.io", ..SYSTEM };
        let (from, reply_to) = sender(&wishes);
        assert_eq!(from, Sender { name: "Ada".into(), address: "ada@x.io".into() });
        assert_eq!(reply_to.as_deref(), Some("re@x.io"));
    }

    #[test]
    fn an_address_that_cannot_be_one_gives_way_to_the_workspaces() {
        for broken in ["", "ada", "@x.io", "ada@", "ada@x.io\r\nBcc: z@x.io", "a b@x.io"] {
            let (from, reply_to) = sender(&SenderWishes { email_address: broken, ..SYSTEM });
            assert_eq!(from.address, "shop@x.io", "{broken:?}");
            assert_eq!(reply_to, None);
        }
    }
}
