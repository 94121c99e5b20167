//! Ways to put a form on somebody's page.

use super::{Form, RenderWishes, render};
use crate::tokens::escaped_html;

/// The three things a person can copy: a script, an inline frame, or the HTML itself.
pub fn embed_code(form: &Form, site_url: &str) -> (String, String, String) {
    let site = escaped_html(site_url);
    let script = format!("<script src=\"{site}/form/generate.js?id={}\"></script>", form.id);
    let frame = format!(
        "<iframe src=\"{site}/form/{}\" width=\"100%\" height=\"500\" style=\"border:0\" title=\"{}\"></iframe>",
        form.id,
        escaped_html(&form.name)
    );
    let html = render(form, &RenderWishes { site_url, with_style: true, ..RenderWishes::default() });
    let loader = format!(
        "<script>if(typeof MauticSDKLoaded==='undefined'){{var MauticSDKLoaded=true,MauticDomain='{domain}';\
         var s=document.createElement('script');s.src='{domain}/media/js/mautic-form.js';s.onload=function(){{MauticSDK.onLoad()}};\
         document.head.appendChild(s)}}</script>",
        domain = script_text(site_url)
    );
    (script, frame, format!("{html}\n{loader}"))
}

/// What `/form/generate.js` answers: writes the form after the script that asked for it and loads the
/// form's own script once.
pub fn generator_script(form: &Form, site_url: &str) -> String {
    let html = render(form, &RenderWishes { site_url, with_style: true, ..RenderWishes::default() });
    format!(
        "(function(){{var s=document.currentScript;var b=document.createElement('div');b.innerHTML={html};\
         if(s&&s.parentNode&&s.parentNode!==document.head){{s.parentNode.insertBefore(b,s.nextSibling)}}else{{document.body.appendChild(b)}}\
         if(typeof window.MauticSDKLoaded==='undefined'){{window.MauticSDKLoaded=true;window.MauticDomain={domain};\
         var j=document.createElement('script');j.src={domain}+'/media/js/mautic-form.js';j.onload=function(){{window.MauticSDK.onLoad()}};\
         document.head.appendChild(j)}}else if(window.MauticSDK){{window.MauticSDK.onLoad()}}}})();",
        html = script_json(&html),
        domain = script_json(site_url),
    )
}

/// A text as a JavaScript literal that cannot end the script it stands in.
fn script_json(text: &str) -> String {
    serde_json::Value::from(text).to_string().replace("</", "<\\/").replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}

fn script_text(text: &str) -> String {
    text.chars().filter(|c| !matches!(c, '\'' | '\\' | '<' | '>' | '\n' | '\r')).collect()
}
