import { describe, expect, it } from "vitest";
import { pasted } from "./paste";

const WORD = `<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><style>p.MsoNormal{margin:0}</style>
<!--[if gte mso 9]><xml><o:Template>Normal</o:Template></xml><![endif]--></head><body lang=EN-GB>
<!--StartFragment--><p class=MsoNormal style='mso-margin-top-alt:auto'><b><span style='font-family:"Calibri"'>Dear</span></b>
{contactfield=firstname},<o:p></o:p></p>
<p class=MsoNormal><o:p>&nbsp;</o:p></p>
<p class=MsoListParagraph style='text-indent:-18pt;mso-list:l0 level1 lfo1'><span style='mso-list:Ignore'>·<span>&nbsp;&nbsp;</span></span>Seeds</p>
<p class=MsoListParagraph style='text-indent:-18pt;mso-list:l0 level1 lfo1'><span style='mso-list:Ignore'>·</span>Bulbs</p>
<p class=MsoListParagraph style='mso-list:l1 level1 lfo2'><span style='mso-list:Ignore'>1.</span>Dig</p>
<p class=MsoNormal>See <a href="https://example.org/?a=1&amp;b=2" style="color:red">the <i>garden</i></a><img src="file:///C:/x.png"></p>
<!--EndFragment--></body></html>`;

describe("what is pasted into a text", () => {
  it("keeps the words, emphasis, links and lists of Word and nothing else", () => {
    expect(pasted(WORD)).toBe(
      "<p><b>Dear</b> {contactfield=firstname},</p> <ul><li>Seeds</li><li>Bulbs</li></ul> " +
        '<ol><li>Dig</li></ol> <p>See <a href="https://example.org/?a=1&amp;b=2">the <i>garden</i></a></p>',
    );
  });

  it("takes no script, no handler and no link that runs something", () => {
    const html =
      '<p onclick="x()">Hi<script>x()</script> <a href="javascript:x()">there</a></p><iframe></iframe>';
    expect(pasted(html)).toBe("<p>Hi there</p>");
  });

  it("has the rows of tables as paragraphs, and no boxes around paragraphs", () => {
    expect(pasted("<div><table><tr><td>One</td><td>two</td></tr></table><div><p>Three</p></div></div>")).toBe(
      "<p>One two </p><p>Three</p>",
    );
    expect(pasted('<b style="font-weight:normal">Plain <b>bold</b></b>')).toBe("Plain <b>bold</b>");
  });
});
