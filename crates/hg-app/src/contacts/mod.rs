//! People: what is known about them, and everything that is done to what is known.
//!
//! A contact is one row of the wide contact table with a column for each field; tags, do-not-contact
//! entries, consents and the event log hang on it. Whatever door a change comes through (browser, API, form,
//! import, campaign), it is written by [`save::write`] in the caller's transaction: values are already
//! read by the catalogue, identifiers stay unique, folded columns follow, and what happened is recorded, so that
//! segments and campaigns react. A visitor is a contact that nobody has identified yet.

mod bulk;
mod devices;
pub(crate) mod directory;
mod engagement;
mod error;
mod export;
mod hanging;
pub(crate) mod list;
mod marks;
mod merge;
mod model;
pub(crate) mod row;
pub(crate) mod save;
mod search;
pub(crate) mod service;
mod timeline;
pub(crate) mod traces;
mod visitors;
mod window;

pub(crate) use bulk::chosen;
pub use bulk::{BulkAction, BulkDone, BulkJob, Limit, Pause, Selection, bulk, undo as undo_bulk};
pub use devices::{Device, DeviceInput, DeviceTraits, add_device, change_device, device, devices, forget_device};
pub use directory::warm_up;
pub use engagement::{Month, engagement, timeline_head, timeline_lines};
pub use error::ContactProblem;
pub use export::{Export, ExportQuery, export_page, export_start};
pub(crate) use export::{export_chosen, export_columns, export_rows};
pub use hanging::{Hanging, hanging};
pub use list::{Among, ContactQuery, IdRule, list, list_ids};
pub use marks::{
    DoNotContact, NewDoNotContact, change_points, change_tags, contact_again, lift_do_not_contact, points, set_do_not_contact,
    stop_contacting, write_do_not_contact,
};
pub(crate) use marks::{change_tags_of, tag_one};
pub use merge::{
    Choices, DAYS as UNMERGE_DAYS, MergeField, MergePreview, MergeRecord, Side, merge, merge_by_hand, merges_of,
    preview as merge_preview, unmerge,
};
pub use model::{Contact, ContactInput, ContactName, Existing, PointsOperator, Source, Values};
pub use service::{
    create, create_or_update, delete, find_by_email, get, get_many, is_suppressed, load, names, names_of, other_holder,
    read_values, restore, set_created_at, several, survivor, update, zone_of,
};
pub use timeline::{Moment, TimelineQuery, moments, recent, timeline};
pub use traces::{
    NewUtm, SeenAddress, UtmRecord, add_address, add_utm, addresses, addresses_of, record_utm, remove_utm, see_address, utm,
    utm_of,
};
pub use visitors::{Overwrite, create_anonymous, write_texts};
