//! Whose hit is it? A device is known by its cookie; a message's key proves a contact; a typed address
//! only claims one. What is proved moves histories together, what is claimed never does.

use crate::ids::ContactId;

/// What is known about the device that asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrackedDevice {
    /// The contact it belongs to.
    pub contact: ContactId,
    /// That contact has no name and no address yet.
    pub anonymous: bool,
    /// That contact has an address (or whatever else is unique) of its own.
    pub has_unique_value: bool,
}

/// What the request brings along.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Evidence {
    /// The device, if we know it.
    pub device: Option<TrackedDevice>,
    /// The contact of a message whose key the request carries, fresh and not passed around.
    pub proven: Option<ContactId>,
    /// The contact of a message whose key is old or passed around, or one whose address was typed.
    pub claimed: Option<ContactId>,
    /// An address (or another unique value) was given, whether somebody has it or not.
    pub gives_unique_value: bool,
}

/// What is to be done, and with whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It is the device's contact.
    Stay(ContactId),
    /// Nobody known: a new contact without a name, bound to the device.
    NewVisitor,
    /// Nobody known, but an address nobody has: a new contact with it. The device leaves the one it had.
    NewContact,
    /// The proof is good: the device belongs to this contact from now on.
    Bind(ContactId),
    /// The proof is good and the device's visitor had no name: her history joins this contact's.
    Merge { visitor: ContactId, into: ContactId },
    /// A claim: the device now points to this contact, without proof. Nothing moves.
    Claim(ContactId),
}

impl Decision {
    /// The contact meant, if it exists already.
    pub fn contact(self) -> Option<ContactId> {
        match self {
            Self::Stay(contact) | Self::Bind(contact) | Self::Claim(contact) => Some(contact),
            Self::Merge { into, .. } => Some(into),
            Self::NewVisitor | Self::NewContact => None,
        }
    }
}

/// Decides.
pub fn decide(evidence: &Evidence) -> Decision {
    if let Some(proven) = evidence.proven {
        return match evidence.device {
            Some(device) if device.contact != proven && device.anonymous => {
                Decision::Merge { visitor: device.contact, into: proven }
            }
            _ => Decision::Bind(proven),
        };
    }
    if let Some(claimed) = evidence.claimed {
        return match evidence.device {
            Some(device) if device.contact == claimed => Decision::Stay(claimed),
            _ => Decision::Claim(claimed),
        };
    }
    match evidence.device {
        Some(device) if evidence.gives_unique_value && device.has_unique_value => Decision::NewContact,
        Some(device) => Decision::Stay(device.contact),
        None if evidence.gives_unique_value => Decision::NewContact,
        None => Decision::NewVisitor,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A1: ContactId = ContactId(1);
    const K: ContactId = ContactId(10);
    const J: ContactId = ContactId(11);

    fn visitor() -> Option<TrackedDevice> {
        Some(TrackedDevice { contact: A1, anonymous: true, has_unique_value: false })
    }

    fn k() -> Option<TrackedDevice> {
        Some(TrackedDevice { contact: K, anonymous: false, has_unique_value: true })
    }

    #[test]
    fn every_case_of_proof_and_claim_has_its_answer() {
        let none = Evidence::default();
        for (name, evidence, wanted) in [
            ("a first visit", none, Decision::NewVisitor),
            ("a known device", Evidence { device: visitor(), ..none }, Decision::Stay(A1)),
            (
                "a visitor types an address that somebody has",
                Evidence { device: visitor(), claimed: Some(K), gives_unique_value: true, ..none },
                Decision::Claim(K),
            ),
            (
                "another person's address on K's device",
                Evidence { device: k(), claimed: Some(J), gives_unique_value: true, ..none },
                Decision::Claim(J),
            ),
            (
                "K types her own address",
                Evidence { device: k(), claimed: Some(K), gives_unique_value: true, ..none },
                Decision::Stay(K),
            ),
            ("a new address on K's device", Evidence { device: k(), gives_unique_value: true, ..none }, Decision::NewContact),
            (
                "a visitor gives an address nobody has",
                Evidence { device: visitor(), gives_unique_value: true, ..none },
                Decision::Stay(A1),
            ),
            (
                "a visitor clicks in K's mail",
                Evidence { device: visitor(), proven: Some(K), ..none },
                Decision::Merge { visitor: A1, into: K },
            ),
            ("somebody new clicks in K's mail", Evidence { proven: Some(K), ..none }, Decision::Bind(K)),
            ("K clicks in her mail", Evidence { device: k(), proven: Some(K), ..none }, Decision::Bind(K)),
            ("K's device clicks in J's mail", Evidence { device: k(), proven: Some(J), ..none }, Decision::Bind(J)),
        ] {
            assert_eq!(decide(&evidence), wanted, "{name}");
        }
    }

    #[test]
    fn proof_beats_claim() {
        let both = Evidence { proven: Some(K), claimed: Some(J), gives_unique_value: true, device: visitor() };
        assert_eq!(decide(&both), Decision::Merge { visitor: A1, into: K });
    }
}
