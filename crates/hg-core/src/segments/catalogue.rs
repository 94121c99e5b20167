//! What conditions can be about: the fields of contacts and what hangs on them.

use crate::contacts::{Choice, FieldCatalogue, FieldDef, FieldObject, FieldType, countries};
use crate::segments::kinds::FieldKind;
use crate::segments::of_companies::find_company_field;
use crate::segments::{ColumnRef, Relation, TextColumn};

/// Something that a condition can be about.
#[derive(Debug, Clone)]
pub struct FilterField {
    pub field: String,
    pub label: String,
    /// `contact`, `company`, `primary_company`, `membership`, `consent`, `behaviour`, `email`, `web`.
    pub group: &'static str,
    pub kind: FieldKind,
    pub subject: Subject,
    pub options: Vec<Choice>,
    /// Where the ids to choose from come from.
    pub source: Option<&'static str>,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Subject {
    Column(ColumnRef),
    EmailDomain,
    Related(Relation),
    RelatedText(Relation, TextColumn),
    /// A value of a company of the contact; conditions of one group look at the same company.
    Company {
        primary: bool,
        column: ColumnRef,
    },
}

/// The name under which a field is known here, given any of its names.
pub fn canonical_name(name: &str) -> &str {
    match name {
        "leadlist" | "segment" => "segments",
        "company_segment" => "company_segments",
        "tag" => "tags",
        "email_sent" => "lead_email_sent",
        "email_opened" => "lead_email_received",
        "campaigns" => "campaign",
        "stage_id" => "stage",
        "categories" => "globalcategory",
        "created_at" => "date_added",
        "updated_at" => "date_modified",
        "identified_at" => "date_identified",
        "last_active_at" => "last_active",
        other => other,
    }
}

type Row = (&'static str, &'static str, &'static str, FieldKind, Relation, Option<&'static str>);

fn related_rows() -> Vec<Row> {
    let on = |channel: &str, reason| Relation::DoNotContact { channel: channel.to_string(), reason };
    let (dnc, sms) = (|reason| on("email", reason), |reason| on("sms", reason));
    vec![
        ("tags", "Tags", "membership", FieldKind::Ids, Relation::Tag, Some("tags")),
        ("segments", "Segment membership", "membership", FieldKind::Ids, Relation::Segment, Some("segments")),
        (
            "company_segments",
            "A company is in the segment",
            "membership",
            FieldKind::Ids,
            Relation::CompanySegment,
            Some("company_segments"),
        ),
        ("campaign", "Campaign membership", "membership", FieldKind::Ids, Relation::Campaign, Some("campaigns")),
        ("globalcategory", "Subscribed categories", "membership", FieldKind::Ids, Relation::Category, Some("categories")),
        ("dnc_email", "May not be mailed (any reason)", "consent", FieldKind::RelatedYesNo, dnc(None), None),
        ("dnc_unsubscribed", "Unsubscribed from mail", "consent", FieldKind::RelatedYesNo, dnc(Some(1)), None),
        ("dnc_bounced", "Mail bounced", "consent", FieldKind::RelatedYesNo, dnc(Some(2)), None),
        ("dnc_manual_email", "Taken off mail by hand", "consent", FieldKind::RelatedYesNo, dnc(Some(3)), None),
        ("dnc_sms", "May not be sent text messages (any reason)", "consent", FieldKind::RelatedYesNo, sms(None), None),
        ("dnc_unsubscribed_sms", "Unsubscribed from text messages", "consent", FieldKind::RelatedYesNo, sms(Some(1)), None),
        ("dnc_bounced_sms", "Text messages bounced", "consent", FieldKind::RelatedYesNo, sms(Some(2)), None),
        ("dnc_manual_sms", "Taken off text messages by hand", "consent", FieldKind::RelatedYesNo, sms(Some(3)), None),
        ("lead_email_sent", "Was sent the email", "email", FieldKind::Ids, Relation::EmailSent, Some("emails")),
        ("lead_email_received", "Opened the email", "email", FieldKind::Ids, Relation::EmailOpened, Some("emails")),
        ("email_clicked", "Clicked in the email", "email", FieldKind::Ids, Relation::EmailClicked, Some("emails")),
        ("email_replied", "Answered the email", "email", FieldKind::Ids, Relation::EmailReplied, Some("emails")),
        ("email_bounced", "The email came back from", "email", FieldKind::Ids, Relation::EmailBounced, Some("emails")),
        ("email_complained", "Reported the email as spam", "email", FieldKind::Ids, Relation::EmailComplained, Some("emails")),
        ("email_replied_date", "Answered any email, when", "email", FieldKind::RelatedDate, Relation::EmailReplied, None),
        ("email_bounced_date", "Any email came back, when", "email", FieldKind::RelatedDate, Relation::EmailBounced, None),
        ("email_complained_date", "Reported spam, when", "email", FieldKind::RelatedDate, Relation::EmailComplained, None),
        ("lead_email_sent_date", "Was sent any email, when", "email", FieldKind::RelatedDate, Relation::EmailSent, None),
        ("lead_email_read_date", "Opened any email, when", "email", FieldKind::RelatedDate, Relation::EmailOpened, None),
        ("email_clicked_link_date", "Clicked in any email, when", "email", FieldKind::RelatedDate, Relation::EmailClicked, None),
        ("lead_email_read_count", "Opened emails, how often", "email", FieldKind::Sum, Relation::OpenCount, None),
        ("email_id", "Clicked any link in any email", "email", FieldKind::RelatedYesNo, Relation::EmailClicked, None),
        ("form_submitted", "Sent in the form", "web", FieldKind::Ids, Relation::FormSubmitted, Some("forms")),
        ("form_submitted_date", "Sent in any form, when", "web", FieldKind::RelatedDate, Relation::FormSubmitted, None),
        ("page_visited", "Visited the landing page", "web", FieldKind::Ids, Relation::PageVisited, Some("pages")),
        ("page_id", "Visited any landing page", "web", FieldKind::RelatedYesNo, Relation::PageVisited, None),
        ("source_id", "Visited a page from the email", "web", FieldKind::Ids, Relation::EmailClicked, Some("emails")),
        ("redirect_id", "Clicked any tracked link", "web", FieldKind::RelatedYesNo, Relation::EmailClicked, None),
        ("hit_url_date", "Visited any page, when", "web", FieldKind::RelatedDate, Relation::Hit, None),
        ("hit_url_count", "Visited pages, how often", "web", FieldKind::Count, Relation::Hit, None),
        ("sessions", "Visits with at least half an hour between", "web", FieldKind::Count, Relation::Session, None),
    ]
}

/// What people do, as blocks that count it: `segments.md` §13.5.
fn behaviours() -> Vec<Row> {
    let row = |field, label, relation, source| (field, label, "behaviour", FieldKind::Behaviour, relation, source);
    vec![
        row("did:email_sent", "Was sent emails", Relation::EmailSent, Some("emails")),
        row("did:email_opened", "Opened emails", Relation::EmailOpened, Some("emails")),
        row("did:email_clicked", "Clicked in emails", Relation::EmailClicked, Some("emails")),
        row("did:email_replied", "Answered emails", Relation::EmailReplied, Some("emails")),
        row("did:email_bounced", "Emails came back", Relation::EmailBounced, Some("emails")),
        row("did:email_complained", "Reported emails as spam", Relation::EmailComplained, Some("emails")),
        row("did:page_hit", "Visited pages", Relation::Hit, None),
        row("did:page_visited", "Visited landing pages", Relation::PageVisited, Some("pages")),
        row("did:form_submitted", "Sent in forms", Relation::FormSubmitted, Some("forms")),
    ]
}

/// The kinds of device that are told apart.
const DEVICE_KINDS: [(&str, &str); 5] =
    [("desktop", "Desktop"), ("smartphone", "Smartphone"), ("tablet", "Tablet"), ("tv", "Television"), ("console", "Console")];
const SYSTEMS: [&str; 6] = ["Android", "Chrome OS", "iOS", "Linux", "macOS", "Windows"];
const BRANDS: [&str; 3] = ["Apple", "Google", "Samsung"];

fn related_texts() -> [(&'static str, &'static str, Relation, TextColumn); 13] {
    [
        ("hit_url", "Visited the address", Relation::Hit, TextColumn::Url),
        ("referer", "Came from the address", Relation::Hit, TextColumn::Referrer),
        ("url_title", "Visited a page titled", Relation::Hit, TextColumn::Title),
        ("source", "Visited a page from the source", Relation::Hit, TextColumn::Source),
        ("utm_source", "UTM source", Relation::Utm, TextColumn::UtmSource),
        ("utm_medium", "UTM medium", Relation::Utm, TextColumn::UtmMedium),
        ("utm_campaign", "UTM campaign", Relation::Utm, TextColumn::UtmCampaign),
        ("utm_content", "UTM content", Relation::Utm, TextColumn::UtmContent),
        ("utm_term", "UTM term", Relation::Utm, TextColumn::UtmTerm),
        ("device_type", "Uses a device of the type", Relation::Device, TextColumn::DeviceType),
        ("device_os", "Uses a device with the system", Relation::Device, TextColumn::DeviceSystem),
        ("device_brand", "Uses a device of the brand", Relation::Device, TextColumn::DeviceBrand),
        ("device_model", "Uses a device of the model", Relation::Device, TextColumn::DeviceModel),
    ]
}

const OWN_COLUMNS: [(&str, &str, FieldKind, &str); 7] = [
    ("date_added", "Date added", FieldKind::Datetime, "created_at"),
    ("date_identified", "Date identified", FieldKind::Datetime, "identified_at"),
    ("date_modified", "Date modified", FieldKind::Datetime, "updated_at"),
    ("last_active", "Last active", FieldKind::Datetime, "last_active_at"),
    ("owner_id", "Owner", FieldKind::Id, "owner_id"),
    ("stage", "Stage", FieldKind::Id, "stage_id"),
    ("random_share", "Random share of all contacts", FieldKind::Share, "id"),
];

/// Everything that a condition can be about, in the order of the builder. `purposes` are the purposes
/// of consent known so far, `groups` the point groups by id and name.
pub fn catalogue(fields: &FieldCatalogue, purposes: &[String], groups: &[(i64, String)]) -> Vec<FilterField> {
    let mut all: Vec<FilterField> = fields.published().filter(|f| f.listable).map(column_field).collect();
    let own = own_columns().filter(|own| fields.get(&own.field).is_none());
    all.extend(own.collect::<Vec<_>>());
    all.push(email_domain());
    for primary in [false, true] {
        all.extend(fields.companies().published().filter(|f| f.listable).map(|f| company_field(f, primary)));
    }
    all.extend(groups.iter().map(|(id, name)| FilterField { label: format!("{name} (points)"), ..group_points(*id) }));
    all.extend(purposes.iter().map(|purpose| consent_field(purpose)));
    all.extend(behaviours().into_iter().map(related_field));
    all.extend(related_rows().into_iter().map(related_field));
    all.extend(related_texts().map(related_text));
    all
}

/// The field of a name or of one of its other names; of companies when the fields are theirs.
pub fn find_field(name: &str, fields: &FieldCatalogue) -> Option<FilterField> {
    if fields.is_of_companies() {
        return find_company_field(name, fields);
    }
    let name = canonical_name(name);
    if let Some(purpose) = name.strip_prefix("consent:") {
        return (!purpose.trim().is_empty() && purpose.len() <= 100).then(|| consent_field(purpose));
    }
    if let Some(id) = name.strip_prefix(GROUP_POINTS) {
        return id.parse().ok().filter(|id: &i64| *id > 0).map(group_points);
    }
    if let Some(field) = fields.get(name) {
        return (field.published && field.listable).then(|| column_field(field));
    }
    let (company, primary) = name.strip_prefix(PRIMARY).map_or((name, false), |alias| (alias, true));
    if let Some(field) = fields.companies().get(company).filter(|f| f.object == FieldObject::Company) {
        return (field.published && field.listable).then(|| company_field(field, primary));
    }
    if name == "generated_email_domain" {
        return Some(email_domain());
    }
    if let Some(own) = own_columns().find(|own| own.field == name) {
        return Some(own);
    }
    if let Some(row) = related_rows().into_iter().chain(behaviours()).find(|row| row.0 == name) {
        return Some(related_field(row));
    }
    related_texts().into_iter().find(|row| row.0 == name).map(related_text)
}

fn related_text((field, label, relation, column): (&str, &str, Relation, TextColumn)) -> FilterField {
    let same = |name: &&str| Choice::new(*name);
    let options: Vec<Choice> = match column {
        TextColumn::DeviceType => DEVICE_KINDS.map(|(value, label)| Choice { label: label.into(), value: value.into() }).into(),
        TextColumn::DeviceSystem => SYSTEMS.iter().map(same).collect(),
        TextColumn::DeviceBrand => BRANDS.iter().map(same).collect(),
        _ => Vec::new(),
    };
    let kind = if options.is_empty() { FieldKind::RelatedText } else { FieldKind::RelatedChoice };
    let group = "web";
    let subject = Subject::RelatedText(relation, column);
    FilterField { field: field.to_string(), label: label.to_string(), group, kind, subject, options, source: None }
}

pub(super) fn column_field(field: &FieldDef) -> FilterField {
    let kind = match field.kind {
        FieldType::LongText | FieldType::Html => FieldKind::LongText,
        FieldType::Number => FieldKind::Number,
        FieldType::Date => FieldKind::Date,
        FieldType::Datetime => FieldKind::Datetime,
        FieldType::Boolean => FieldKind::YesNo,
        FieldType::Select | FieldType::Country | FieldType::Timezone | FieldType::Locale => FieldKind::Select,
        FieldType::Region => FieldKind::Text,
        FieldType::Multiselect => FieldKind::Multiselect,
        _ => FieldKind::Text,
    };
    let options = match field.kind {
        FieldType::Country => countries().map(|(_, name)| Choice::new(name)).collect(),
        FieldType::Boolean => {
            let label = |label: &Option<String>, other: &str| label.clone().unwrap_or_else(|| other.to_string());
            let (yes, no) = (label(&field.properties.yes, "Yes"), label(&field.properties.no, "No"));
            vec![Choice { label: yes, value: "1".into() }, Choice { label: no, value: "0".into() }]
        }
        _ => field.properties.options.clone(),
    };
    let column = ColumnRef { alias: field.alias.clone(), column: field.column.clone() };
    FilterField {
        field: field.alias.clone(),
        label: field.label.clone(),
        group: "contact",
        kind,
        subject: Subject::Column(column),
        options,
        source: None,
    }
}

/// In front of the alias of a company's field: only the contact's primary company counts.
pub const PRIMARY: &str = "primary:";

fn company_field(field: &FieldDef, primary: bool) -> FilterField {
    let of_contact = column_field(field);
    let (prefix, label, group) =
        if primary { (PRIMARY, "Primary company", "primary_company") } else { ("", "Any company", "company") };
    let column = ColumnRef { alias: field.alias.clone(), column: field.column.clone() };
    FilterField {
        field: format!("{prefix}{}", field.alias),
        label: format!("{label}: {}", field.label),
        group,
        subject: Subject::Company { primary, column },
        ..of_contact
    }
}

fn own_columns() -> impl Iterator<Item = FilterField> {
    OWN_COLUMNS.into_iter().map(|(field, label, kind, column)| FilterField {
        field: field.to_string(),
        label: label.to_string(),
        group: "contact",
        kind,
        subject: Subject::Column(ColumnRef { alias: field.to_string(), column: Some(column.to_string()) }),
        options: Vec::new(),
        source: (kind == FieldKind::Id).then_some(if field == "stage" { "stages" } else { "users" }),
    })
}

fn email_domain() -> FilterField {
    FilterField {
        field: "generated_email_domain".to_string(),
        label: "Email domain".to_string(),
        group: "contact",
        kind: FieldKind::Text,
        subject: Subject::EmailDomain,
        options: Vec::new(),
        source: None,
    }
}

/// What stands before the id of a point group in the name of its filter.
const GROUP_POINTS: &str = "group_points_";

/// The score in a point group; whoever has none there has no value, which is not zero.
fn group_points(id: i64) -> FilterField {
    FilterField {
        field: format!("{GROUP_POINTS}{id}"),
        label: format!("Points in group {id}"),
        group: "contact",
        kind: FieldKind::Amount,
        subject: Subject::Related(Relation::GroupPoints(id)),
        options: Vec::new(),
        source: None,
    }
}

fn consent_field(purpose: &str) -> FilterField {
    FilterField {
        field: format!("consent:{purpose}"),
        label: format!("Agreed to “{purpose}”"),
        group: "consent",
        kind: FieldKind::RelatedYesNo,
        subject: Subject::Related(Relation::Consent(purpose.to_string())),
        options: Vec::new(),
        source: None,
    }
}

fn related_field((field, label, group, kind, relation, source): Row) -> FilterField {
    FilterField {
        field: field.to_string(),
        label: label.to_string(),
        group,
        kind,
        subject: Subject::Related(relation),
        options: Vec::new(),
        source,
    }
}
