//! Aliases: the short names by which fields are met in filters, tokens, requests and columns.

use crate::text;

/// Why an alias cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AliasError {
    #[error("an alias consists of the letters a-z, digits and _, and starts with a letter")]
    Letters,
    #[error("an alias has at most 25 characters")]
    TooLong,
    #[error("“{0}” has a meaning of its own and cannot be the alias of a field")]
    Reserved(String),
    #[error("another field has the alias “{0}” already")]
    Taken(String),
}

const LONGEST: usize = 25;

/// Names that mean something else in filters, requests or tables.
const RESERVED: &str = " actionname all alias bot campaign campaigns campaign_id category color companies company_id \
    company_segments consent contact contact_id contacts created_at createdbyuser createdby date_added date_identified \
    date_modified dateadded datemodified dateidentified deleted_at device_brand device_model device_os device_type \
    do_not_contact donotcontact donotemail email_clicked email_clicked_link_date email_id email_key eventname fields filter \
    form form_submitted formid formname frequencyrules generated_email_domain globalcategory hit_url hit_url_count \
    hit_url_date id identified_at integration_campaigns ip ipaddress is_published ispublished last_active_at lastactive \
    lead_asset_download lead_email_read_count lead_email_read_date lead_email_received lead_email_sent \
    lead_email_sent_date leadlist messenger modifiedbyuser name notification order overwritewithblank owner owner_id \
    ownerusername page_id page_visited random_share redirect_id referer return segments select sessions sms_clicked_link source \
    source_id stage stage_id submit table tags updated_at url_title utm_campaign utm_content utm_medium utm_source \
    utm_term version where ";

fn is_reserved(alias: &str) -> bool {
    RESERVED.split_whitespace().any(|word| word == alias)
}

/// Checks an alias that somebody chose.
pub fn check_alias(alias: &str, taken: impl Fn(&str) -> bool) -> Result<(), AliasError> {
    let starts_well = alias.starts_with(|c: char| c.is_ascii_lowercase());
    if !starts_well || !alias.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_') {
        return Err(AliasError::Letters);
    }
    if alias.len() > LONGEST {
        return Err(AliasError::TooLong);
    }
    if is_reserved(alias) {
        return Err(AliasError::Reserved(alias.to_string()));
    }
    if taken(alias) {
        return Err(AliasError::Taken(alias.to_string()));
    }
    Ok(())
}

/// Makes an alias of a label: reserved words and digits get the prefix `f_`, taken ones a number.
///
/// ```
/// use hg_core::contacts::alias_from_label;
/// assert_eq!(alias_from_label("Shoe size (EU)", |_| false), "shoe_size_eu");
/// assert_eq!(alias_from_label("Source", |_| false), "f_source");
/// assert_eq!(alias_from_label("Colour", |alias| alias == "colour"), "colour1");
/// ```
pub fn alias_from_label(label: &str, taken: impl Fn(&str) -> bool) -> String {
    let mut base = text::slug(label, '_');
    if base.is_empty() {
        base = "custom".to_string();
    }
    if is_reserved(&base) || base.starts_with(|c: char| c.is_ascii_digit()) {
        base.insert_str(0, "f_");
    }
    base.truncate(LONGEST);
    let base = base.trim_end_matches('_');
    if !taken(base) && !is_reserved(base) {
        return base.to_string();
    }
    let numbered = |n: usize| {
        let number = n.to_string();
        let keep = base.len().min(LONGEST - number.len());
        format!("{}{number}", &base[..keep])
    };
    (1..).map(numbered).find(|alias| !taken(alias)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_are_short_plain_and_nobody_elses() {
        assert_eq!(check_alias("shoe_size", |_| false), Ok(()));
        assert_eq!(check_alias("Shoe", |_| false), Err(AliasError::Letters));
        assert_eq!(check_alias("1st", |_| false), Err(AliasError::Letters));
        assert_eq!(check_alias("a23456789012345678901234567", |_| false), Err(AliasError::TooLong));
        assert_eq!(check_alias("tags", |_| false), Err(AliasError::Reserved("tags".into())));
        assert_eq!(check_alias("city", |a| a == "city"), Err(AliasError::Taken("city".into())));
    }

    #[test]
    fn an_alias_made_from_a_label_always_passes_the_check() {
        for label in ["Été", "id", "1 to 10", "", "Ώρα", "日本", "a very long label that never seems to come to its end", "tags"]
        {
            let alias = alias_from_label(label, |a| a == "custom");
            assert_eq!(check_alias(&alias, |a| a == "custom"), Ok(()), "{label} became {alias}");
        }
    }
}
