//! The form vectors: what is accepted, what is refused, and the HTML that old pages rely on.

use std::collections::BTreeMap;

use hg_core::forms::{
    Answers, ChoiceOption, ConsentAnswer, FieldKind, FieldProblem, Form, FormField, HONEYPOT, PostAction, RenderWishes,
    embed_code, generator_script, render,
};

fn field(alias: &str, kind: FieldKind) -> FormField {
    FormField { alias: alias.into(), label: alias.to_uppercase(), kind, ..FormField::default() }
}

fn contact_us() -> Form {
    Form {
        id: 5,
        name: "Contact Us!".into(),
        fields: vec![
            FormField { required: true, mapped_field: Some("email".into()), ..field("email", FieldKind::Email) },
            FormField { mapped_field: Some("firstname".into()), ..field("name", FieldKind::Text) },
            FormField {
                options: vec![
                    ChoiceOption { label: "Germany".into(), value: "DE".into() },
                    ChoiceOption { label: "United States".into(), value: "US".into() },
                ],
                ..field("country", FieldKind::Select)
            },
            field("question", FieldKind::Textarea),
            FormField { default_value: "blog".into(), ..field("origin", FieldKind::Hidden) },
            FormField {
                purpose: "newsletter".into(),
                consent_text: "Yes, write to me.".into(),
                ..field("ok", FieldKind::Consent)
            },
        ],
        actions: vec![],
        post_action: PostAction::Message("Thank you".into()),
    }
}

fn post(pairs: &[(&str, &str)]) -> Result<Answers, Vec<FieldProblem>> {
    let posted: BTreeMap<String, String> = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    contact_us().check(&posted)
}

fn wrong(pairs: &[(&str, &str)]) -> Vec<String> {
    post(pairs).expect_err("it is refused").into_iter().map(|problem| problem.alias).collect()
}

#[test]
fn a_valid_post_gives_answers_fields_and_consents() {
    let answers = post(&[("email", " k@x.io "), ("name", "Kim"), ("country", "DE"), ("ok", "1"), ("extra", "x")]).unwrap();
    let values: Vec<(&str, &str)> = answers.values.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    assert_eq!(
        values,
        [("email", "k@x.io"), ("name", "Kim"), ("country", "DE"), ("question", ""), ("origin", ""), ("ok", "yes")]
    );
    assert_eq!(answers.mapped, [("email".into(), "k@x.io".into()), ("firstname".into(), "Kim".into())]);
    assert_eq!(answers.consents, [ConsentAnswer { purpose: "newsletter".into(), text: "Yes, write to me.".into() }]);
}

#[test]
fn a_missing_or_impossible_address_is_an_error() {
    for address in ["", "  ", "a@b", "a b@x.io", "@x.io", "a@", "a@@x.io", "a@x..io", "a@-x.io", "javascript:alert(1)"] {
        assert_eq!(wrong(&[("email", address)]), ["email"], "{address}");
    }
}

#[test]
fn a_choice_that_is_not_offered_is_an_error() {
    assert_eq!(wrong(&[("email", "k@x.io"), ("country", "ZZ")]), ["country"]);
}

#[test]
fn every_problem_is_told_at_once() {
    assert_eq!(wrong(&[("country", "ZZ")]), ["email", "country"]);
}

#[test]
fn a_required_consent_must_be_ticked() {
    let mut form = contact_us();
    form.fields[5].required = true;
    form.fields[5].validation_message = "Please agree.".into();
    let posted = [("email".to_owned(), "k@x.io".to_owned()), ("ok".to_owned(), "0".to_owned())].into();
    assert_eq!(form.check(&posted), Err(vec![FieldProblem { alias: "ok".into(), message: "Please agree.".into() }]));
}

#[test]
fn what_only_robots_fill_in_marks_the_answer() {
    let answers = post(&[("email", "k@x.io"), (HONEYPOT, "https://spam.example")]).unwrap();
    assert!(answers.trapped);
    assert!(post(&[(HONEYPOT, "x")]).unwrap().trapped, "a robot never learns what it did wrong");
}

#[test]
fn an_endless_answer_is_refused() {
    let long = "x".repeat(70_000);
    assert_eq!(wrong(&[("email", "k@x.io"), ("question", &long), ("name", &long)]), ["name", "question"]);
}

#[test]
fn the_html_keeps_the_names_that_pages_rely_on() {
    let html = render(&contact_us(), &RenderWishes { site_url: "https://m.io", page_id: Some(3), ..RenderWishes::default() });
    for piece in [
        r#"<div id="mauticform_wrapper_contactus" class="mauticform_wrapper">"#,
        r#"method="post" action="https://m.io/form/submit?formId=5" id="mauticform_contactus" data-mautic-form="contactus""#,
        r#"<div class="mauticform-error" id="mauticform_contactus_error""#,
        r#"<div class="mauticform-message" id="mauticform_contactus_message""#,
        r#"<div class="mauticform-innerform">"#,
        r#"<div class="mauticform-page-wrapper mauticform-page-1" data-mautic-form-page="1""#,
        r#"<div id="mauticform_contactus_email" class="mauticform-row mauticform-email mauticform-field-1 mauticform-required" data-validate="email" data-validation-type="email">"#,
        r#"<label id="mauticform_label_contactus_email" for="mauticform_input_contactus_email" class="mauticform-label">EMAIL</label>"#,
        r#"id="mauticform_input_contactus_email" name="mauticform[email]""#,
        r#"<textarea id="mauticform_input_contactus_question" name="mauticform[question]" class="mauticform-textarea">"#,
        r#"class="mauticform-selectbox">"#,
        r#"<option value="US">United States</option>"#,
        r#"<span class="mauticform-errormsg""#,
        r#"name="mauticform[formId]" id="mauticform_contactus_id" value="5">"#,
        r#"name="mauticform[return]" id="mauticform_contactus_return" value="">"#,
        r#"name="mauticform[formName]" id="mauticform_contactus_name" value="contactus">"#,
        r#"name="mauticform[mauticpage]""#,
        r#"class="mauticform-button">Send</button>"#,
    ] {
        assert!(html.contains(piece), "{piece}\nis missing in\n{html}");
    }
}

#[test]
fn what_people_typed_is_shown_and_never_run() {
    let values = [("name".to_owned(), "\"><script>alert(1)</script>".to_owned())].into();
    let html = render(&contact_us(), &RenderWishes { values, error: Some("<b>no</b>"), ..RenderWishes::default() });
    assert!(!html.contains("<script>") && !html.contains("<b>"), "{html}");
    assert!(html.contains("&quot;&gt;&lt;script&gt;"), "{html}");
}

#[test]
fn a_form_can_be_embedded_in_three_ways() {
    let (script, frame, html) = embed_code(&contact_us(), "https://m.io");
    assert_eq!(script, r#"<script src="https://m.io/form/generate.js?id=5"></script>"#);
    assert!(frame.starts_with(r#"<iframe src="https://m.io/form/5""#));
    assert!(html.contains("mauticform_wrapper_contactus") && html.contains("MauticSDK.onLoad()"));
}

#[test]
fn the_generator_cannot_be_ended_by_a_label() {
    let mut form = contact_us();
    form.fields[0].label = "</script><script>alert(1)".into();
    assert!(!generator_script(&form, "https://m.io").contains("</script"));
}
