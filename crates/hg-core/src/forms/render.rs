//! The HTML of a form. Ids, classes and names are a contract with pages that we have never seen.

use std::{collections::BTreeMap, fmt::Write as _};

use super::{FieldKind, Form, FormField, HONEYPOT};
use crate::tokens::escaped_html;

/// A plain look that fits most pages; used where the page has none of its own.
pub const FORM_STYLE: &str = "\
.mauticform_wrapper{max-width:600px;font:inherit}\
.mauticform-row{display:block;margin:0 0 1.25em}\
.mauticform-label{display:block;font-weight:600;margin:0 0 .35em}\
.mauticform-row.mauticform-required .mauticform-label:after{content:\" *\";color:#b3261e}\
.mauticform-helpmessage{display:block;font-size:.9em;margin:0 0 .35em;opacity:.8}\
.mauticform-input,.mauticform-selectbox,.mauticform-textarea{width:100%;box-sizing:border-box;padding:.6em .75em;font:inherit;\
color:#1a1a1a;background:#fff;border:1px solid #767676;border-radius:6px}\
.mauticform-textarea{min-height:7em}\
.mauticform-button{font:inherit;font-weight:600;color:#fff;background:#3b4cb8;border:0;border-radius:6px;padding:.7em 1.4em;cursor:pointer}\
.mauticform-button:hover{background:#2f3d96}\
.mauticform-checkboxgrp-label{display:flex;gap:.6em;align-items:flex-start}\
.mauticform-errormsg,.mauticform-error{display:block;color:#b3261e;margin-top:.35em}\
.mauticform-message{color:#1b6b34}\
.mauticform-error:empty,.mauticform-message:empty{display:none}\
.mauticform-field-hidden{display:none}";

/// What differs from place to place.
#[derive(Debug, Clone, Default)]
pub struct RenderWishes<'a> {
    /// The public address of the workspace.
    pub site_url: &'a str,
    /// The landing page that the form stands on.
    pub page_id: Option<i64>,
    /// Values to fill in, by alias.
    pub values: BTreeMap<String, String>,
    /// Makes a double click harmless.
    pub nonce: Option<&'a str>,
    /// Bring [`FORM_STYLE`] along.
    pub with_style: bool,
    /// A sentence above the form, for example what was wrong.
    pub error: Option<&'a str>,
}

/// Writes a form.
pub fn render(form: &Form, wishes: &RenderWishes<'_>) -> String {
    let name = form.element_name();
    let mut out = String::with_capacity(4_096);
    if wishes.with_style {
        let _ = write!(out, "<style>{FORM_STYLE}</style>");
    }
    let site = escaped_html(wishes.site_url);
    let _ = write!(
        out,
        "<div id=\"mauticform_wrapper_{name}\" class=\"mauticform_wrapper\">\
         <form autocomplete=\"on\" role=\"form\" method=\"post\" action=\"{site}/form/submit?formId={id}\" id=\"mauticform_{name}\" \
         data-mautic-form=\"{name}\" enctype=\"multipart/form-data\">\
         <div class=\"mauticform-error\" id=\"mauticform_{name}_error\" role=\"alert\">{error}</div>\
         <div class=\"mauticform-message\" id=\"mauticform_{name}_message\" role=\"status\"></div>\
         <div class=\"mauticform-innerform\"><div class=\"mauticform-page-wrapper mauticform-page-1\" data-mautic-form-page=\"1\" \
         data-mautic-form-pagebreak-lastpage=\"true\">",
        id = form.id,
        error = escaped_html(wishes.error.unwrap_or_default()),
    );
    for (number, field) in form.fields.iter().enumerate() {
        row(&mut out, &name, number + 1, field, wishes);
    }
    if !form.fields.iter().any(|field| field.kind == FieldKind::Button) {
        let button = FormField { alias: "submit".into(), label: "Send".into(), kind: FieldKind::Button, ..FormField::default() };
        row(&mut out, &name, form.fields.len() + 1, &button, wishes);
    }
    out.push_str("</div></div>");
    let mut hidden = |key: &str, id: &str, value: &str| {
        let _ = write!(
            out,
            "<input type=\"hidden\" name=\"mauticform[{key}]\" id=\"mauticform_{name}_{id}\" value=\"{}\">",
            escaped_html(value)
        );
    };
    hidden("formId", "id", &form.id.to_string());
    hidden("return", "return", "");
    hidden("formName", "name", &name);
    if let Some(page) = wishes.page_id {
        hidden("mauticpage", "mauticpage", &page.to_string());
    }
    if let Some(nonce) = wishes.nonce {
        hidden("nonce", "nonce", nonce);
    }
    let _ = write!(
        out,
        "<div style=\"position:absolute;left:-10000px\" aria-hidden=\"true\"><input type=\"text\" name=\"mauticform[{HONEYPOT}]\" \
         value=\"\" tabindex=\"-1\" autocomplete=\"off\" aria-label=\"Leave this empty\"></div></form></div>"
    );
    out
}

fn row(out: &mut String, form: &str, number: usize, field: &FormField, wishes: &RenderWishes<'_>) {
    let value = wishes.values.get(&field.alias).unwrap_or(&field.default_value);
    let alias = escaped_html(&field.alias);
    let input = format!("mauticform_input_{form}_{alias}");
    if field.kind == FieldKind::Hidden {
        let _ =
            write!(out, "<input type=\"hidden\" id=\"{input}\" name=\"mauticform[{alias}]\" value=\"{}\">", escaped_html(value));
        return;
    }
    let class = match field.kind {
        FieldKind::Textarea => "text",
        FieldKind::Consent => "checkboxgrp",
        FieldKind::Button => "button-wrapper",
        kind => kind.as_str(),
    };
    let required =
        if field.required { format!(" data-validate=\"{alias}\" data-validation-type=\"{class}\"") } else { String::new() };
    let _ = write!(
        out,
        "<div id=\"mauticform_{form}_{alias}\" class=\"mauticform-row mauticform-{class} mauticform-field-{number}{}\"{required}>",
        if field.required { " mauticform-required" } else { "" },
    );
    let has_label = field.show_label && !matches!(field.kind, FieldKind::Button | FieldKind::Consent);
    if has_label {
        let _ = write!(
            out,
            "<label id=\"mauticform_label_{form}_{alias}\" for=\"{input}\" class=\"mauticform-label\">{}</label>",
            escaped_html(&field.label)
        );
    }
    if !field.help.is_empty() {
        let _ = write!(out, "<span class=\"mauticform-helpmessage\">{}</span>", escaped_html(&field.help));
    }
    let mut common = format!("id=\"{input}\" name=\"mauticform[{alias}]\"");
    if !has_label && field.kind != FieldKind::Consent {
        let _ = write!(common, " aria-label=\"{}\"", escaped_html(&field.label));
    }
    if field.required {
        common.push_str(" aria-required=\"true\"");
    }
    control(out, field, &common, value, form);
    if field.kind != FieldKind::Button {
        let message = if field.validation_message.is_empty() { "This is required." } else { &field.validation_message };
        let _ = write!(out, "<span class=\"mauticform-errormsg\" style=\"display:none\">{}</span>", escaped_html(message));
    }
    out.push_str("</div>");
}

fn control(out: &mut String, field: &FormField, common: &str, value: &str, form: &str) {
    let placeholder = if field.placeholder.is_empty() {
        String::new()
    } else {
        format!(" placeholder=\"{}\"", escaped_html(&field.placeholder))
    };
    let value = escaped_html(value);
    let _ = match field.kind {
        FieldKind::Text | FieldKind::Email | FieldKind::Hidden => {
            let kind = field.kind.as_str();
            write!(out, "<input {common} type=\"{kind}\" value=\"{value}\" class=\"mauticform-input\"{placeholder}>")
        }
        FieldKind::Textarea => {
            write!(out, "<textarea {common} class=\"mauticform-textarea\"{placeholder}>{value}</textarea>")
        }
        FieldKind::Select => select(out, field, common, &value),
        FieldKind::Consent => {
            let alias = escaped_html(&field.alias);
            let text = if field.consent_text.is_empty() { &field.label } else { &field.consent_text };
            write!(
                out,
                "<div class=\"mauticform-checkboxgrp-row\"><label class=\"mauticform-checkboxgrp-label\" \
                 id=\"mauticform_checkboxgrp_label_{form}_{alias}\"><input {common} type=\"checkbox\" value=\"1\" \
                 class=\"mauticform-checkboxgrp-checkbox\"><span>{}</span></label></div>",
                escaped_html(text)
            )
        }
        FieldKind::Button => {
            write!(
                out,
                "<button {common} type=\"submit\" value=\"1\" class=\"mauticform-button\">{}</button>",
                escaped_html(&field.label)
            )
        }
    };
}

fn select(out: &mut String, field: &FormField, common: &str, value: &str) -> std::fmt::Result {
    write!(
        out,
        "<select {common} class=\"mauticform-selectbox\"><option value=\"\">{}</option>",
        escaped_html(&field.placeholder)
    )?;
    for option in &field.options {
        let own = escaped_html(&option.value);
        let chosen = if own == value { " selected" } else { "" };
        write!(out, "<option value=\"{own}\"{chosen}>{}</option>", escaped_html(&option.label))?;
    }
    write!(out, "</select>")
}
