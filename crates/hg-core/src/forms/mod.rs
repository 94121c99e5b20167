//! Forms: what they ask, what a valid answer is, and the HTML that other people's pages rely on.
//!
//! A [`Form`] is data. [`Form::check`] turns what a browser posted into [`Answers`] or into one problem
//! per field, and nothing is stored unless all is well. [`render`] writes the HTML with the ids, classes
//! and names that existing style sheets, scripts and copied embeds know; do not change them.

mod embed;
mod model;
mod render;
mod validate;

pub use embed::{embed_code, generator_script};
pub use model::{ChoiceOption, FieldKind, Form, FormAction, FormField, PostAction, form_name};
pub use render::{FORM_STYLE, RenderWishes, render};
pub use validate::{Answers, ConsentAnswer, FieldProblem, HONEYPOT, is_email_address};
