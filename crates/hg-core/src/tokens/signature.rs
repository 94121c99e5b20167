//! The signature under a message: the workspace's, or the owner's when the owner sends.

use super::escape::escaped_html;

/// The person in the team who looks after a contact.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Owner {
    /// Address.
    pub email: String,
    /// Given name.
    pub first_name: String,
    /// Family name.
    pub last_name: String,
    /// What she does.
    pub position: String,
    /// Her own signature, plain text with pipes such as `|FROM_NAME|`.
    pub signature: String,
}

impl Owner {
    /// Given and family name.
    pub fn name(&self) -> String {
        format!("{} {}", self.first_name, self.last_name).trim().to_owned()
    }
}

/// The signature as HTML: pipes filled in, line ends as `<br>`.
///
/// ```
/// use hg_core::tokens::signature;
/// assert_eq!(signature("Regards,\n|FROM_NAME|", "Shop", None), "Regards,<br>Shop");
/// ```
pub fn signature(workspace_text: &str, from_name: &str, sending_owner: Option<&Owner>) -> String {
    let (text, from_name) = match sending_owner {
        // Whoever has no signature of her own puts her name under the workspace's.
        Some(owner) if owner.signature.trim().is_empty() => (workspace_text, owner.name()),
        Some(owner) => (owner.signature.as_str(), owner.name()),
        None => (workspace_text, from_name.to_owned()),
    };
    let mut filled = text.replace("|FROM_NAME|", &escaped_html(&from_name));
    if let Some(owner) = sending_owner {
        for (pipe, value) in [
            ("|USER_EMAIL|", &owner.email),
            ("|USER_FIRST_NAME|", &owner.first_name),
            ("|USER_LAST_NAME|", &owner.last_name),
            ("|USER_POSITION|", &owner.position),
        ] {
            filled = filled.replace(pipe, &escaped_html(value));
        }
    }
    filled.replace("\r\n", "\n").replace('\n', "<br>")
}
