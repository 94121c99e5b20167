//! Countries by their English names, found by name, code or a common other name.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::text::fold;

/// Code and stored name, in the order of the names.
const COUNTRIES: &str = "AF Afghanistan|AX Åland Islands|AL Albania|DZ Algeria|AS American Samoa|AD Andorra|AO Angola|AI Anguilla|AQ Antarctica|AG Antigua and Barbuda|AR Argentina|AM Armenia|AW Aruba|AU Australia|AT Austria|AZ Azerbaijan|BS Bahamas|BH Bahrain|BD Bangladesh|BB Barbados|BY Belarus|BE Belgium|BZ Belize|BJ Benin|BM Bermuda|BT Bhutan|BO Bolivia|BQ Bonaire, Saint Eustatius and Saba|BA Bosnia and Herzegovina|BW Botswana|BV Bouvet Island|BR Brazil|IO British Indian Ocean Territory|VG British Virgin Islands|BN Brunei|BG Bulgaria|BF Burkina Faso|BI Burundi|KH Cambodia|CM Cameroon|CA Canada|CV Cape Verde|KY Cayman Islands|CF Central African Republic|TD Chad|CL Chile|CN China|CX Christmas Island|CC Cocos Islands|CO Colombia|KM Comoros|CK Cook Islands|CR Costa Rica|HR Croatia|CU Cuba|CW Curacao|CY Cyprus|CZ Czech Republic|CD Democratic Republic of the Congo|DK Denmark|DJ Djibouti|DM Dominica|DO Dominican Republic|TL East Timor|EC Ecuador|EG Egypt|SV El Salvador|GQ Equatorial Guinea|ER Eritrea|EE Estonia|SZ Eswatini|ET Ethiopia|FK Falkland Islands|FO Faroe Islands|FJ Fiji|FI Finland|FR France|GF French Guiana|PF French Polynesia|TF French Southern Territories|GA Gabon|GM Gambia|GE Georgia|DE Germany|GH Ghana|GI Gibraltar|GR Greece|GL Greenland|GD Grenada|GP Guadeloupe|GU Guam|GT Guatemala|GG Guernsey|GN Guinea|GW Guinea-Bissau|GY Guyana|HT Haiti|HM Heard Island and McDonald Islands|HN Honduras|HK Hong Kong|HU Hungary|IS Iceland|IN India|ID Indonesia|IR Iran|IQ Iraq|IE Ireland|IM Isle of Man|IL Israel|IT Italy|CI Ivory Coast|JM Jamaica|JP Japan|JE Jersey|JO Jordan|KZ Kazakhstan|KE Kenya|KI Kiribati|XK Kosovo|KW Kuwait|KG Kyrgyzstan|LA Laos|LV Latvia|LB Lebanon|LS Lesotho|LR Liberia|LY Libya|LI Liechtenstein|LT Lithuania|LU Luxembourg|MO Macao|MG Madagascar|MW Malawi|MY Malaysia|MV Maldives|ML Mali|MT Malta|MH Marshall Islands|MQ Martinique|MR Mauritania|MU Mauritius|YT Mayotte|MX Mexico|FM Micronesia|MD Moldova|MC Monaco|MN Mongolia|ME Montenegro|MS Montserrat|MA Morocco|MZ Mozambique|MM Myanmar|NA Namibia|NR Nauru|NP Nepal|NL Netherlands|NC New Caledonia|NZ New Zealand|NI Nicaragua|NE Niger|NG Nigeria|NU Niue|NF Norfolk Island|KP North Korea|MK North Macedonia|MP Northern Mariana Islands|NO Norway|OM Oman|PK Pakistan|PW Palau|PS Palestine|PA Panama|PG Papua New Guinea|PY Paraguay|PE Peru|PH Philippines|PN Pitcairn|PL Poland|PT Portugal|PR Puerto Rico|QA Qatar|CG Republic of the Congo|RE Reunion|RO Romania|RU Russia|RW Rwanda|BL Saint Barthelemy|SH Saint Helena|KN Saint Kitts and Nevis|LC Saint Lucia|MF Saint Martin|PM Saint Pierre and Miquelon|VC Saint Vincent and the Grenadines|WS Samoa|SM San Marino|ST Sao Tome and Principe|SA Saudi Arabia|SN Senegal|RS Serbia|SC Seychelles|SL Sierra Leone|SG Singapore|SX Sint Maarten|SK Slovakia|SI Slovenia|SB Solomon Islands|SO Somalia|ZA South Africa|GS South Georgia and the South Sandwich Islands|KR South Korea|SS South Sudan|ES Spain|LK Sri Lanka|SD Sudan|SR Suriname|SJ Svalbard and Jan Mayen|SE Sweden|CH Switzerland|SY Syria|TW Taiwan|TJ Tajikistan|TZ Tanzania|TH Thailand|TG Togo|TK Tokelau|TO Tonga|TT Trinidad and Tobago|TN Tunisia|TR Turkey|TM Turkmenistan|TC Turks and Caicos Islands|TV Tuvalu|VI U.S. Virgin Islands|UG Uganda|UA Ukraine|AE United Arab Emirates|GB United Kingdom|US United States|UM United States Minor Outlying Islands|UY Uruguay|UZ Uzbekistan|VU Vanuatu|VA Vatican|VE Venezuela|VN Vietnam|WF Wallis and Futuna|EH Western Sahara|YE Yemen|ZM Zambia|ZW Zimbabwe";

/// Other names under which a country is met.
const ALSO: &str = "Czechia=CZ|USA=US|U.S.A.=US|United States of America=US|America=US|UK=GB|Great Britain=GB|England=GB|Scotland=GB|Wales=GB|Northern Ireland=GB|Côte d'Ivoire=CI|Cabo Verde=CV|Russian Federation=RU|Korea=KR|Republic of Korea=KR|Viet Nam=VN|Türkiye=TR|Swaziland=SZ|Macedonia=MK|Burma=MM|Holland=NL|The Netherlands=NL|Timor-Leste=TL|Vatican City=VA|Macau=MO|Slovak Republic=SK";

static BY_KEY: LazyLock<HashMap<String, &'static str>> = LazyLock::new(|| {
    let by_code: HashMap<&str, &'static str> = countries().collect();
    let mut by_key = HashMap::new();
    for (code, name) in countries() {
        by_key.insert(fold(code), name);
        by_key.insert(fold(name), name);
    }
    for (other, code) in ALSO.split('|').filter_map(|pair| pair.split_once('=')) {
        if let Some(name) = by_code.get(code) {
            by_key.insert(fold(other), *name);
        }
    }
    by_key
});

/// All countries: two-letter code and the English name that is stored.
pub fn countries() -> impl Iterator<Item = (&'static str, &'static str)> {
    COUNTRIES.split('|').filter_map(|entry| entry.split_once(' '))
}

/// The stored name of a country given by name, two-letter code or a common other name.
///
/// ```
/// use hg_core::contacts::country_name;
/// assert_eq!(country_name("usa"), Some("United States"));
/// assert_eq!(country_name("Atlantis"), None);
/// ```
pub fn country_name(text: &str) -> Option<&'static str> {
    BY_KEY.get(&fold(text.trim())).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_country_is_found_by_its_code_and_its_name() {
        let all: Vec<_> = countries().collect();
        assert_eq!(all.len(), 250);
        for (code, name) in all {
            assert_eq!((country_name(code), country_name(name)), (Some(name), Some(name)));
        }
    }
}
