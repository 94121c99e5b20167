use rstest::rstest;

use super::*;

#[rstest]
#[case::conditional_comments("a<!--[if gte mso 9]><xml><o:x>1</o:x></xml><![endif]-->b", "ab")]
#[case::shown_conditions("<![if !vml]><img src=\"x.png\"><![endif]>", "<img src=\"x.png\">")]
#[case::outlook_only("<!--[if !mso]><!-->shown<!--<![endif]-->", "shown")]
#[case::ordinary_comments("<!-- mine -->a<!--StartFragment-->b", "<!-- mine -->ab")]
#[case::islands("<xml><w:WordDocument><w:View>Normal</w:View></w:WordDocument></xml>Words", "Words")]
#[case::an_island_without_an_end("<xml>Words", "Words")]
#[case::office_tags("<o:p>&nbsp;</o:p><st1:place w:st=\"on\">Brno</st1:place>", "&nbsp;Brno")]
#[case::namespaces("<html xmlns:v=\"urn:schemas-microsoft-com:vml\" lang=en>", "<html lang=en>")]
#[case::head("<meta name=Generator content=\"Microsoft Word 15\"><meta charset=utf-8>", "<meta charset=utf-8>")]
#[case::file_list("<link rel=File-List href=\"a.xml\"><link rel=stylesheet href=b>", "<link rel=stylesheet href=b>")]
#[case::classes("<p class=MsoNormal>a</p><p class=\"MsoNormal offer\">b</p>", "<p>a</p><p class=\"offer\">b</p>")]
#[case::styles("<td style='mso-border-alt:solid;color:red'>a</td>", "<td style=\"color:red\">a</td>")]
#[case::spans("<span><span style='mso-spacerun:yes'>a</span></span><span style='color:red'></span>", "a")]
#[case::spans_that_say_something("<span style='color:red'>a</span>", "<span style='color:red'>a</span>")]
#[case::bookmarks("<a name=\"_GoBack\"></a><a name=top>b</a>", "<a name=top>b</a>")]
#[case::links("<a href=\"https://a.example/?a=1&amp;b=2\">c</a>", "<a href=\"https://a.example/?a=1&amp;b=2\">c</a>")]
#[case::tables(
    "<table class=MsoTableGrid border=1><tr><td width=10><p class=MsoNormal>a</p></td></tr></table>",
    "<table border=1><tr><td width=10><p>a</p></td></tr></table>"
)]
#[case::sheets("<style><!-- p.MsoNormal {margin:0} --></style>a", "a")]
#[case::own_sheets("<style>.a {color:red}</style>", "<style>.a {color:red}</style>")]
#[case::tokens(
    "{contactfield=firstname|you} {% if a < b %}x{% endif %}",
    "{contactfield=firstname|you} {% if a < b %}x{% endif %}"
)]
fn rubbish_goes_and_what_people_read_stays(#[case] given: &str, #[case] left: &str) {
    assert_eq!(tidy_word(given).html, left);
}

fn item(level: usize, sign: &str, words: &str) -> String {
    format!(
        "<p class=MsoListParagraph style='text-indent:-.25in;mso-list:l0 level{level} lfo1'><![if !supportLists]>\
         <span style='font-family:Symbol'><span style='mso-list:Ignore'>{sign}<span>&nbsp;&nbsp; </span></span></span><![endif]>{words}</p>"
    )
}

#[test]
fn paragraphs_that_word_draws_as_lists_become_lists_in_lists() {
    let given = format!(
        "<p>Before</p>{}{}{}{}<p>After</p>",
        item(1, "·", "one"),
        item(2, "1.", "deep"),
        item(2, "2.", "deeper"),
        item(1, "·", "two")
    );
    let done = tidy_word(&given);
    assert_eq!(done.html, "<p>Before</p><ul><li>one<ol><li>deep</li><li>deeper</li></ol></li><li>two</li></ul><p>After</p>");
    assert_eq!(done.taken.items, 4);
}

#[test]
fn a_sign_that_stands_in_spans_without_a_condition_is_known_too() {
    let given = "<p style='mso-list:l0 level1 lfo1'><span style='font-family:Symbol'><span style='mso-list:Ignore'>·<span>&nbsp;</span></span></span>\
                 <a href=x>one</a></p><td>";
    assert_eq!(tidy_word(given).html, "<ul><li><a href=x>one</a></li></ul><td>");
}

#[test]
fn what_is_clean_stays_letter_by_letter() {
    let clean = "<!DOCTYPE html>\n<html lang=\"en\"><head><title>a</title><style>p > a { color: red }</style></head>\n\
                 <body><p style=\"color:red;\">Größe <b>x</b> &lt; 3 <br/> <img src='a.png' alt=''></p><!-- c --></body></html>";
    let done = tidy_word(clean);
    assert_eq!(done.html, clean);
    assert_eq!(done.taken, Rubbish::default());
    assert_eq!(tidy_word(&done.html).html, clean);
}

#[test]
fn a_second_cleaning_finds_nothing() {
    let once = tidy_word(&(item(1, "·", "one") + "<p class=MsoNormal><span>x</span><o:p>&nbsp;</o:p></p>"));
    assert_eq!(tidy_word(&once.html), Tidied { html: once.html.clone(), taken: Rubbish::default() });
}

#[test]
fn word_is_known_by_its_signs_and_mails_for_outlook_are_not_word() {
    assert!(looks_like_word("<p class=MsoNormal>"));
    assert!(looks_like_word("a<o:p></o:p>"));
    let designed = "<html xmlns:o=\"urn:schemas-microsoft-com:office:office\"><!--[if mso]><table><![endif]--><td style=\"mso-line-height-rule:exactly\">";
    assert!(!looks_like_word(designed));
}

/// How many bytes are looked at cannot be counted here; broken and nested input of full length ends at once or never.
#[rstest]
#[case::paragraphs(
    "<p class=MsoNormal style='mso-a:b;margin:0'><span lang=EN style='mso-b:c'>Words &amp; more<o:p></o:p></span></p>\r\n"
)]
#[case::open_comments("<!-- a ")]
#[case::open_conditions("<!--[if mso]>")]
#[case::islands("<xml>")]
#[case::spans("<span style='color:red'>")]
#[case::ends("</span></p></xml>")]
#[case::quotes("<a title=\"")]
#[case::items("<p style='mso-list:l0 level9 lfo1'><b>")]
#[case::sheets("<style>a{")]
fn two_megabytes_are_cleaned_at_once(#[case] piece: &str) {
    let given = piece.repeat(2_000_000 / piece.len());
    let done = tidy_word(&given);
    assert!(done.html.len() <= given.len() * 2);
}

#[test]
fn two_megabytes_of_word_keep_every_word_link_picture_and_row() {
    let row = "<tr><td class=xl65 style='mso-x:y'><p class=MsoNormal><a href=\"https://a.example/\">Words</a><img src=\"a.png\"><o:p></o:p></p></td></tr>";
    let rows = 2_000_000 / row.len();
    let done = tidy_word(&format!("<table>{}</table>", row.repeat(rows)));
    for kept in ["<tr><td>", "<a href=\"https://a.example/\">Words</a>", "<img src=\"a.png\">"] {
        assert_eq!(done.html.matches(kept).count(), rows, "{kept}");
    }
    assert_eq!(done.taken.tags, rows);
}
