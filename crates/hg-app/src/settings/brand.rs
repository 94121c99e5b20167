//! How the house looks: what blocks and templates of emails take from.

use serde::{Deserialize, Serialize};

use super::model::Section;
use super::service::store;
use crate::cx::{Action, Area, Cx};
use crate::error::{Error, FieldError, Result};

/// A profile elsewhere.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Profile {
    pub name: String,
    pub url: String,
}

/// Logo, colours and fonts. The postal address stands among the general settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct BrandSettings {
    pub logo_url: String,
    pub logo_width: u32,
    pub primary: String,
    pub text: String,
    pub ground: String,
    pub card: String,
    pub font: String,
    pub radius: u32,
    pub profiles: Vec<Profile>,
}

impl Section for BrandSettings {
    const KEY: &'static str = "brand";
}

impl Default for BrandSettings {
    fn default() -> Self {
        let looks = hg_core::emails::Brand::default();
        Self {
            logo_url: looks.logo_url,
            logo_width: looks.logo_width,
            primary: looks.primary,
            text: looks.text,
            ground: looks.ground,
            card: looks.card,
            font: looks.font,
            radius: looks.radius,
            profiles: Vec::new(),
        }
    }
}

pub fn read_brand(cx: &Cx) -> Result<BrandSettings> {
    cx.may(Action::View(Area::Settings))?;
    Ok(cx.ws.settings().brand.clone())
}

fn is_colour(text: &str) -> bool {
    text.strip_prefix('#').is_some_and(|digits| digits.len() == 6 && digits.bytes().all(|b| b.is_ascii_hexdigit()))
}

fn is_address(text: &str) -> bool {
    ["https://", "http://"].iter().any(|start| text.starts_with(start)) && !text.contains(['"', '<', '>', ' '])
}

pub async fn write_brand(cx: &Cx, new: BrandSettings) -> Result<BrandSettings> {
    cx.may(Action::Edit(Area::Settings))?;
    let mut wrong = Vec::new();
    for (pointer, colour) in [("/primary", &new.primary), ("/text", &new.text), ("/ground", &new.ground), ("/card", &new.card)] {
        if !is_colour(colour) {
            wrong.push(FieldError::new(pointer, "colour", "Write a colour such as #4338ca."));
        }
    }
    if !new.logo_url.is_empty() && !is_address(&new.logo_url) {
        wrong.push(FieldError::new("/logo_url", "url", "Choose a logo from the media library, or write its whole address."));
    }
    if !(20..=600).contains(&new.logo_width) {
        wrong.push(FieldError::new("/logo_width", "range", "Show the logo between 20 and 600 pixels wide."));
    }
    if new.radius > 60 {
        wrong.push(FieldError::new("/radius", "range", "Corners can be 60 pixels round at most."));
    }
    if new.font.trim().is_empty() || new.font.len() > 200 || new.font.contains(['"', '<', '>', ';', '{', '}']) {
        wrong.push(FieldError::new("/font", "font", "Write names of fonts with commas between, such as Georgia, serif."));
    }
    if new.profiles.len() > 12 {
        wrong.push(FieldError::new("/profiles", "too-many", "Twelve profiles are enough for the foot of an email."));
    }
    for (at, profile) in new.profiles.iter().enumerate() {
        if profile.name.trim().is_empty() || !is_address(&profile.url) {
            let pointer = format!("/profiles/{at}");
            wrong.push(FieldError::new(pointer, "profile", "Give each profile a name and its whole address with https://."));
        }
    }
    if !wrong.is_empty() {
        return Err(Error::invalid(wrong));
    }
    store(cx, new.clone()).await?;
    Ok(new)
}
