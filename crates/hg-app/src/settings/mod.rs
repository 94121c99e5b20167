//! What people set: the site, how mail is sent, how visitors are tracked. Deployment (database, ports, transport)
//! is configuration and stands in `honeyguide.toml` instead.

mod brand;
mod model;
mod service;

pub use brand::{BrandSettings, Profile, read_brand, write_brand};
pub use model::{
    Campaigns, General, Identity, Imports, Mailbox, Outgoing, Pace, Preferences, Providers, Retention, Section, Sending,
    Settings, Tracking, UnverifiedUpdates,
};
pub(crate) use service::{campaigns_in, identity_in, looks_like_an_address, pace_in, store_mailbox, store_providers};
pub use service::{
    load, read_campaigns, read_general, read_identity, read_imports, read_outgoing, read_pace, read_preferences, read_retention,
    read_sending, read_tracking, write_campaigns, write_general, write_identity, write_imports, write_outgoing, write_pace,
    write_preferences, write_retention, write_sending, write_tracking,
};
